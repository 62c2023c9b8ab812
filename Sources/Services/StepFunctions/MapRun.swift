import AWSProtocol
import GRDB
import JSON
import Logging
import StatesLanguage
import Store

/// A distributed Map's run under way: it reads the items, keeps as many child executions going as may be, and gathers what
/// they come to. The inputs and each child are in the store, so that a restart goes on where this was.
actor MapRun {
    /// How many children are begun in one commit.
    private static let batch = 100
    /// AWS's limit on children that run at once.
    private static let maximumConcurrency = 10000

    nonisolated let call: MapRunCall
    private let parent: ExecutionRecord
    private let environment: RunningExecution.Environment
    private(set) var record: MapRunRecord
    private var progress = MapRunProgress()
    private var live: [Int: RunningExecution] = [:]
    /// The children of a redriven run that are to go on, the next one last.
    private var redriven: [(position: Int, record: ExecutionRecord)] = []
    /// Places of the Express children of a redriven run that are begun anew, the next one last.
    private var repeated: [Int] = []
    private var next = 0
    private var isFilling = false
    /// Whether it is known which children were begun before a restart.
    private var isPrepared = false
    private var isOver = false
    private var waiter: CheckedContinuation<Void, Never>?

    init(_ call: MapRunCall, of parent: ExecutionRecord, in environment: RunningExecution.Environment) {
        self.call = call
        self.parent = parent
        self.environment = environment
        record = MapRunRecord(call, of: parent.arn, at: environment.clock.now())
    }

    /// Runs to the end; nil where it was halted or aborted on the way.
    func run() async -> Execution.Outcome? {
        do {
            try await prepare()
            isPrepared = true
            await fill()
            if !isOver, !isComplete { await withCheckedContinuation { waiter = $0 } }
            guard !isOver else { return nil }
            return try await conclude()
        } catch let failure as MapRunFailure {
            return await fail(failure)
        } catch is CancellationError {
            return nil
        } catch {
            return await fail(MapRunFailure(error: StatesError.runtime, cause: "\(error)"))
        }
    }

    /// Leaves everything as it is: a restart goes on from there.
    func halt() { end() }

    /// Stops the children, because nobody waits for their results any more.
    func abort() async {
        guard !isOver else { return }
        end()
        await stopChildren()
        record.status = "ABORTED"
        try? await save()
    }

    /// `UpdateMapRun`: nil leaves a value as it is.
    func update(maxConcurrency: Int?, toleratedCount: Int?, toleratedPercentage: Double?) async throws {
        if let maxConcurrency { record.maxConcurrency = maxConcurrency }
        if let toleratedCount { record.toleratedFailureCount = toleratedCount }
        if let toleratedPercentage { record.toleratedFailurePercentage = toleratedPercentage }
        let record = record
        try await environment.store.write { db in try record.save(in: db) }
        await fill()
        settle()
    }

    var tally: MapRunTally {
        progress.tally(isLive: { live[$0] != nil }, pending: redriven.map(\.position) + repeated)
    }

    // MARK: Beginning

    private func prepare() async throws {
        let (arn, isExpress, parent, call) = (call.mapRunARN, call.childKind == .express, parent, call)
        let known = try await environment.store.read { db -> (MapRunRecord, [MapRunInput], [(Int, ExecutionRecord)])? in
            guard let record = try MapRunRecord.fetch(arn, in: db) else { return nil }
            let inputs = try record.inputs(in: db)
            let children =
                isExpress
                ? try ExpressResults.fetch(of: record, inputs, childrenOf: parent, call, in: db)
                : try record.children(in: db)
            return (record, inputs, children.map { ($0.position, $0.record) })
        }
        if let (record, inputs, children) = known {
            self.record = record
            progress = MapRunProgress(inputs)
            if call.redriveCount > record.redrives { try await redrive() }
            for (position, child) in children { try await takeUp(child, at: position) }
            redriven.reverse()
            repeated.reverse()
        } else {
            progress = MapRunProgress(try await readInputs())
            let (fresh, inputs) = (record, progress.inputs)
            record = try await environment.store.write { db in
                var record = fresh
                try record.insert(inputs, in: db)
                return record
            }
        }
        environment.mapRuns.add(self)
    }

    /// Goes on with a run that had ended without success.
    private func redrive() async throws {
        record.redrives = call.redriveCount
        record.redriven = environment.clock.now()
        record.status = "RUNNING"
        record.stopped = nil
        let record = record
        try await environment.store.write { db in try record.save(in: db) }
    }

    private func readInputs() async throws -> [MapRunInput] {
        let items: [JSON] =
            switch call.source {
            case .items(let items): items
            case .reader(let reader):
                try await ItemLoader(aws: environment.tasks.aws, caller: parent.caller).items(reader)
            }
        return try call.shape.inputs(of: items)
    }

    /// Goes on with a child that was begun before a restart.
    private func takeUp(_ child: ExecutionRecord, at position: Int) async throws {
        next = max(next, position + 1)
        if call.childKind == .express {
            // What was kept is of an earlier end: where the run goes on, what had failed is done again.
            let isRepeated = record.status == "RUNNING" && child.status != "SUCCEEDED"
            if isRepeated { repeated.append(position) } else { progress.take(child, at: position) }
            return
        }
        guard child.status == "RUNNING" else {
            // The last redrive of the run has not come to this child yet.
            if child.status != "SUCCEEDED", let moment = record.redriven, child.redriven.map({ $0 < moment }) ?? true {
                redriven.append((position, child))
            } else {
                progress.take(child, at: position)
            }
            return
        }
        follow(try await RunningExecution.takeUp(child, call.processor, in: environment), at: position)
    }

    // MARK: Children

    private var limit: Int {
        record.maxConcurrency == 0 ? Self.maximumConcurrency : min(record.maxConcurrency, Self.maximumConcurrency)
    }

    /// Not while children are being begun: those are neither live nor still to come.
    private var isComplete: Bool {
        guard isPrepared, !isFilling else { return false }
        return live.isEmpty && redriven.isEmpty && repeated.isEmpty && next == progress.inputs.count
            || isBeyondTolerance
    }

    private func fill() async {
        guard isPrepared, !isFilling else { return }
        isFilling = true
        defer { isFilling = false }
        while !isOver, !isBeyondTolerance, live.count < limit, let child = redriven.popLast() {
            do {
                let execution = try await RunningExecution.takeUp(child.record, call.processor, in: environment)
                _ = try await execution.redrive()
                follow(execution, at: child.position)
            } catch {
                redriven.append(child)
                await pause(because: error)
            }
        }
        while !isOver, !isBeyondTolerance, live.count < limit, let position = repeated.popLast() {
            do {
                try await begin(position..<position + 1)
            } catch {
                repeated.append(position)
                await pause(because: error)
            }
        }
        while !isOver, !isBeyondTolerance, next < progress.inputs.count, live.count < limit {
            let count = min(Self.batch, limit - live.count, progress.inputs.count - next)
            let positions = next..<next + count
            next += count
            do {
                try await begin(positions)
            } catch {
                // Nothing of it is in the store: it is tried again when there may be room.
                next = positions.lowerBound
                await pause(because: error)
            }
        }
    }

    private func pause(because error: any Error) async {
        environment.logger.error("Cannot begin executions of \(record.arn): \(error)")
        try? await environment.clock.sleep(until: environment.clock.now() + .seconds(1))
    }

    private func begin(_ positions: Range<Int>) async throws {
        var fresh: [MapRunChild] = []
        for position in positions { fresh.append(makeChild(position)) }
        if call.childKind == .standard {
            let (children, run) = (fresh, record)
            fresh = try await environment.store.write { db in
                var saved = children
                for index in saved.indices { try saved[index].insert(of: run, in: db) }
                return saved
            }
        }
        for child in fresh {
            guard child.step.status.isRunning else {
                progress.take(child.record, at: child.position)
                continue
            }
            let execution = RunningExecution(child.record, child.execution, sequence: 1, in: environment)
            environment.running.add(execution)
            await execution.begin(child.step.effects)
            follow(execution, at: child.position)
        }
    }

    private func makeChild(_ position: Int) -> MapRunChild {
        let now = environment.clock.now()
        let input = progress.inputs[position].document
        var child = ExecutionRecord(childOf: parent, call, input: input.text, at: now)
        child.mapRun = record.arn
        var execution = Execution(
            call.processor,
            input: input,
            facts: child.facts(input.value),
            seed: child.seed
        )
        let step = execution.start(at: now.milliseconds)
        child.apply(step.status, at: now)
        return MapRunChild(position: position, record: child, execution: execution, step: step)
    }

    private func follow(_ execution: RunningExecution, at position: Int) {
        live[position] = execution
        Task { await childEnded(position, await execution.finished()) }
    }

    private func childEnded(_ position: Int, _ record: ExecutionRecord) async {
        // A child that was halted has not ended.
        guard record.status != "RUNNING", live.removeValue(forKey: position) != nil else { return }
        progress.take(record, at: position)
        guard !isOver else { return }
        await fill()
        settle()
    }

    private func settle() {
        guard isComplete, let waiter else { return }
        self.waiter = nil
        waiter.resume()
    }

    private func end() {
        isOver = true
        environment.mapRuns.remove(record.arn)
        waiter?.resume()
        waiter = nil
    }

    private func stopChildren() async {
        for child in live.values { try? await child.submit(.stop(error: nil, cause: nil)) }
        for (position, child) in live {
            let record = await child.finished()
            if record.status != "RUNNING" { progress.take(record, at: position) }
        }
        live = [:]
    }

    // MARK: Ending

    private var isBeyondTolerance: Bool { progress.isBeyondTolerance(of: record) }

    private func conclude() async throws -> Execution.Outcome {
        let hasFailed = isBeyondTolerance
        if hasFailed { await stopChildren() }
        let results = MapRunResults(call: call, inputs: progress.inputs, ended: progress.ended)
        let output: Document
        if let destination = call.writer?.destination {
            let exporter = ResultExporter(aws: environment.tasks.aws, caller: parent.caller, results: results)
            output = Document(try await exporter.write(to: destination))
        } else {
            output = results.output
        }
        if hasFailed {
            throw MapRunFailure(
                error: StatesError.exceedToleratedFailureThreshold,
                cause: "The specified tolerated failure threshold was exceeded"
            )
        }
        record.status = "SUCCEEDED"
        try await save()
        return .succeeded(output)
    }

    private func fail(_ failure: MapRunFailure) async -> Execution.Outcome? {
        guard !isOver else { return nil }
        record.status = "FAILED"
        do {
            try await save()
        } catch {
            environment.logger.error("Cannot save \(record.arn): \(error)")
        }
        return .failed(error: failure.error, cause: failure.cause)
    }

    private func save() async throws {
        record.tally = tally
        record.stopped = environment.clock.now()
        let run = record
        let results = call.childKind == .express ? ExpressResults(ended: progress.ended) : nil
        record = try await environment.store.write { db in
            var record = run
            if record.number == 0 { try record.insert([], in: db) } else { try record.save(in: db) }
            if let results {
                let isKept = record.status != "SUCCEEDED"
                try isKept ? results.save(of: record, in: db) : ExpressResults.remove(of: record, in: db)
            }
            return record
        }
        environment.mapRuns.remove(record.arn)
    }
}
