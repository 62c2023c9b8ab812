import AWSProtocol
import Logging

/// The jobs under way: so many at a time, the others in the order in which they came.
actor JobQueue {
    private struct Entry {
        var job: JobRecord
        var access: JobAccess?
        var stop: StopSignal
    }

    /// Runs a job to its end.
    typealias Performance = @Sendable (JobRecord, StopSignal, JobAccess?, JobContext) async -> Void

    private let context: JobContext
    private let capacity: Int
    private let perform: Performance
    private var waiting: [Entry] = []
    private var running: [Int64: (task: Task<Void, Never>, stop: StopSignal)] = [:]
    private var observers: [Int64: [CheckedContinuation<Void, Never>]] = [:]
    private var isClosed = false

    init(
        context: JobContext,
        capacity: Int,
        perform: @escaping Performance = { job, stop, access, context in
            if job.kind == .transform {
                await TransformRun(job: job, context: context, stop: stop).run()
            } else {
                await JobRun(job: job, context: context, stop: stop).run(access: access)
            }
        }
    ) {
        self.context = context
        self.capacity = capacity
        self.perform = perform
    }

    /// Starts the job now, or when its turn comes.
    /// - Parameter access: The role's credentials, where they have been got already.
    func submit(_ job: JobRecord, access: JobAccess? = nil) async {
        guard !isClosed else { return }
        let entry = Entry(job: job, access: access, stop: StopSignal())
        guard running.count >= capacity || !waiting.isEmpty else { return start(entry) }
        waiting.append(entry)
        do {
            if job.state.stage == .starting { try await context.note(job, .pending) }
        } catch {
            context.logger.error("Cannot record that the job \(job.name) waits: \(error)")
        }
    }

    /// Asks the job to stop. One that waits stops at once.
    func stop(_ id: Int64) {
        if let index = waiting.firstIndex(where: { $0.job.id == id }) {
            let entry = waiting.remove(at: index)
            entry.stop.request()
            start(entry)
        } else {
            running[id]?.stop.request()
        }
    }

    /// Returns when the job is not under way: it has ended, or nobody runs it.
    func finished(_ id: Int64) async {
        guard running[id] != nil || waiting.contains(where: { $0.job.id == id }) else { return }
        await withCheckedContinuation { observers[id, default: []].append($0) }
    }

    /// Interrupts all jobs and returns when none runs. Their journals stay as they are.
    func interrupt() async {
        isClosed = true
        let tasks = running.values.map(\.task)
        for entry in waiting { tell(entry.job.id) }
        waiting = []
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
    }

    /// Takes jobs again after `interrupt`.
    func open() { isClosed = false }

    private func start(_ entry: Entry) {
        let task = Task { [perform, context] in
            await perform(entry.job, entry.stop, entry.access, context)
            ended(entry.job.id)
        }
        running[entry.job.id] = (task, entry.stop)
    }

    private func ended(_ id: Int64) {
        running[id] = nil
        tell(id)
        while !isClosed, running.count < capacity, !waiting.isEmpty { start(waiting.removeFirst()) }
    }

    private func tell(_ id: Int64) {
        for observer in observers.removeValue(forKey: id) ?? [] { observer.resume() }
    }
}
