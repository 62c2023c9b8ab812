import AWSProtocol
import GRDB
import JSON
import Logging
import Store
import Synchronization

/// A cluster that is there: takes events one after another, stores what they change, and then does what they ask for.
actor RunningCluster {
    private let id: String
    private let environment: EMREnvironment
    private let messages: AsyncStream<Message>
    private nonisolated let sender: AsyncStream<Message>.Continuation
    private var programs: [String: (control: ProgramControl, task: Task<Void, Never>)] = [:]
    private var timer: Task<Void, Never>?
    private var isHalted = false

    private static let bootstrapping = "bootstrap"

    private struct Message: Sendable {
        var event: ClusterCourse.Event
        /// Called when what the event changes is on disk.
        var stored: (@Sendable () -> Void)?
    }

    init(_ id: String, _ environment: EMREnvironment) {
        self.id = id
        self.environment = environment
        (messages, sender) = AsyncStream.makeStream(of: Message.self)
    }

    nonisolated func tell(_ event: ClusterCourse.Event, stored: (@Sendable () -> Void)? = nil) {
        if case .terminated = sender.yield(Message(event: event, stored: stored)) { stored?() }
    }

    /// Works until the cluster has ended or is let go of.
    func run() async {
        for await message in messages {
            defer { message.stored?() }
            do {
                let (cluster, effects) = try await apply(message.event)
                for effect in effects { await perform(effect, on: cluster) }
            } catch {
                environment.logger.error("Cannot store the state of the cluster \(id): \(error)")
                again(message.event)
            }
        }
        timer?.cancel()
        for program in programs.values { await program.task.value }
    }

    /// Lets go of the cluster as it stands; the next start takes it up again.
    func halt() async {
        isHalted = true
        sender.finish()
        for program in programs.values { await program.control.end(within: .zero) }
        for program in programs.values { await program.task.value }
    }

    /// Changes the records as the event wants it.
    private func apply(_ event: ClusterCourse.Event) async throws -> (Cluster, [ClusterCourse.Effect]) {
        let now = environment.clock.now().milliseconds
        return try await environment.store.write { [id, events = environment.store.events] db in
            guard let cluster = try Cluster.filter(Column("id") == id).fetchOne(db) else {
                throw AWSError.noCluster(id)
            }
            let before = try Step.unfinished(of: id, in: db)
            var course = ClusterCourse(
                cluster: cluster,
                steps: before,
                history: try ClusterCourse.History(of: id, in: db)
            )
            let effects = course.receive(event, at: now)
            if course.cluster != cluster { try course.cluster.update(db) }
            for (old, new) in zip(before, course.steps) where old != new {
                try new.update(db)
                try events.tell(new, after: old.state, of: course.cluster, at: now, in: db)
            }
            try events.tell(course.cluster, after: cluster.state, at: now, in: db)
            return (course.cluster, effects)
        }
    }

    private func perform(_ effect: ClusterCourse.Effect, on cluster: Cluster) async {
        guard !isHalted else { return }
        switch effect {
        case .bootstrap:
            start(Self.bootstrapping) { [environment] control in
                let failure = await Bootstrap(cluster: cluster, environment: environment).run(control)
                return .bootstrapped(failure)
            }
        case .saveLogs(let step):
            await StepRun(cluster: cluster, step: step, environment: environment).saveLogs()
        case .run(let step):
            start(step.id) { [environment] control in
                let run = StepRun(cluster: cluster, step: step, environment: environment)
                return .ended(step: step.id, await run.failure(control))
            }
        case .end(let step, let isForced):
            guard let control = programs[step]?.control else { return }
            Task { await control.end(within: isForced ? .zero : ProgramControl.grace) }
        case .wait(let moment):
            timer?.cancel()
            timer = Task { [environment] in
                do { try await environment.clock.sleep(until: Timestamp(milliseconds: moment)) } catch { return }
                tell(.changed)
            }
        case .finish:
            if let bootstrap = programs[Self.bootstrapping] { Task { await bootstrap.control.end(within: .zero) } }
            sender.finish()
        }
    }

    /// What could not be stored is tried again: a full disk may be given room.
    private func again(_ event: ClusterCourse.Event) {
        Task { [environment] in
            do { try await environment.clock.sleep(until: environment.clock.now() + .seconds(1)) } catch { return }
            tell(event)
        }
    }

    private func start(_ key: String, _ body: @escaping @Sendable (ProgramControl) async -> ClusterCourse.Event) {
        let control = ProgramControl()
        let task = Task {
            let event = await body(control)
            programs[key] = nil
            tell(event)
        }
        programs[key] = (control, task)
    }
}

extension ClusterCourse.History {
    init(of cluster: String, in db: Database) throws {
        let ended = Step.filter(Column("cluster") == cluster && Column("ended") != nil)
        last = try ended.order(Column("ended").desc, Column("number").desc).fetchOne(db)?.state
        hasFailures = try ended.filter(Column("state") == Step.State.failed.rawValue).fetchCount(db) > 0
    }
}

/// The clusters that are there, by their ids.
final class RunningClusters: Sendable {
    private struct Entry {
        var cluster: RunningCluster
        var task: Task<Void, Never>
    }

    private let environment: EMREnvironment
    private let all = Mutex<[String: Entry]>([:])

    init(_ environment: EMREnvironment) { self.environment = environment }

    /// Begins, or goes on with, a cluster.
    func add(_ id: String, _ event: ClusterCourse.Event = .changed) {
        let cluster = RunningCluster(id, environment)
        cluster.tell(event)
        all.withLock { running in
            let task = Task { await cluster.run() }
            running[id] = Entry(cluster: cluster, task: task)
            Task { [weak self, environment] in
                await task.value
                guard self?.all.withLock({ $0.removeValue(forKey: id) }) != nil else { return }
                await NodeDirectory(id, environment).removeIgnoringFailure()
            }
        }
    }

    /// Has the cluster look at its records, which were changed.
    func tell(_ id: String) { all.withLock { $0[id] }?.cluster.tell(.changed) }

    /// Returns when the cluster has come as far as it comes by itself at once: clients' waiters ask at once, and then only
    /// every half minute.
    func settled(_ id: String) async {
        guard let cluster = all.withLock({ $0[id] })?.cluster else { return }
        await wait(atMost: .milliseconds(200)) {
            await withCheckedContinuation { settled in cluster.tell(.changed) { settled.resume() } }
        }
    }

    /// Returns when the cluster, which is to end, has ended, if that takes only a moment.
    func ended(_ id: String) async {
        guard let task = all.withLock({ $0[id] })?.task else { return }
        await wait(atMost: .milliseconds(500)) { await task.value }
    }

    /// Goes on with the clusters that a former process left, and removes the files of those that have ended.
    func resume() async throws {
        let ids = try await environment.store.read { db in
            try String.fetchAll(
                db,
                sql: "SELECT id FROM emr_clusters WHERE state NOT IN ('TERMINATED', 'TERMINATED_WITH_ERRORS')"
            )
        }
        await NodeDirectory.removeAll(except: Set(ids), environment)
        for id in ids { add(id, .restarted) }
    }

    /// Lets go of all clusters; returns when no program runs.
    func halt() async {
        let entries = all.withLock { running in
            defer { running = [:] }
            return Array(running.values)
        }
        for entry in entries { await entry.cluster.halt() }
        for entry in entries { await entry.task.value }
    }

    func forget() async {
        await halt()
        await NodeDirectory.removeAll(except: [], environment)
    }
}
