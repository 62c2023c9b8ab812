import AWSProtocol
import GRDB
import JSON
import Logging
import Store

extension EventBridgeService {
    /// So many events are put in one transaction.
    private static let batch = 200

    /// `StartReplay`: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_StartReplay.html
    func startReplay(_ request: AWSRequest) async throws -> AWSResponse {
        let caller = request.caller
        let destination = request["Destination"] ?? [:]
        guard let bus = BusReference(arn: destination["Arn"]?.stringValue ?? "") else {
            throw AWSError.invalid("Parameter Destination.Arn is not valid. Reason: Must contain an event bus ARN.")
        }
        let replay = Replay(
            account: caller.account,
            region: caller.region,
            name: try request.requiredString("ReplayName"),
            description: request.string("Description"),
            source: try request.requiredString("EventSourceArn"),
            destination: destination.serialized(),
            first: Self.milliseconds(request["EventStartTime"]),
            last: Self.milliseconds(request["EventEndTime"]),
            state: .starting,
            started: clock.now().milliseconds
        )
        try await store.write { db in
            _ = try EventBus.existing(bus, in: db)
            try Self.check(replay, to: bus, of: caller, in: db)
            try replay.insert(db)
        }
        await replays.start(replay) { [self] in await run($0) }
        return AWSResponse([
            "ReplayArn": .string(replay.arn), "State": .string(replay.state.rawValue),
            "ReplayStartTime": Timestamp(milliseconds: replay.started).json,
        ])
    }

    private static func milliseconds(_ moment: JSON?) -> Int {
        moment?.doubleValue.map { Timestamp(seconds: $0).milliseconds } ?? 0
    }

    private static func check(_ replay: Replay, to bus: BusReference, of caller: Caller, in db: Database) throws {
        let name = replay.source.split(separator: "/").last.map(String.init) ?? ""
        guard let archive = try Archive.fetch(name, of: caller, in: db), archive.arn == replay.source else {
            throw AWSError.invalid("Parameter EventSourceArn is not valid. Reason: Archive \(name) does not exist.")
        }
        guard archive.source == bus.arn else {
            throw AWSError.invalid(
                "Parameter Destination.Arn is not valid. Reason: Cross event bus replay is not permitted."
            )
        }
        guard replay.first < replay.last else {
            throw AWSError.invalid(
                "Parameter EventEndTime is not valid. Reason: EventStartTime must be before EventEndTime."
            )
        }
        guard try Replay.fetch(replay.name, of: caller, in: db) == nil else {
            throw AWSError("ResourceAlreadyExistsException", "Replay \(replay.name) already exists.")
        }
    }

    func describeReplay(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("ReplayName")
        let replay = try await store.read { [caller = request.caller] db in
            try Replay.existing(name, of: caller, in: db)
        }
        return AWSResponse(
            replay.listed.merging(
                .compact([
                    "ReplayArn": .string(replay.arn), "Description": replay.description.map { .string($0) },
                    "Destination": replay.destinationMembers,
                ])
            )
        )
    }

    func listReplays(_ request: AWSRequest) async throws -> AWSResponse {
        try Self.requireOneFilter(request, of: "ListReplays")
        let caller = request.caller
        let all = try await store.read { db in
            try Replay.filter(Column("account") == caller.account && Column("region") == caller.region).fetchAll(db)
        }
        let prefix = request.string("NamePrefix") ?? ""
        let source = request.string("EventSourceArn")
        let state = request.string("State")
        let found = all.filter {
            $0.name.hasPrefix(prefix) && (source ?? $0.source) == $0.source
                && (state ?? $0.state.rawValue) == $0.state.rawValue
        }
        let page = Page(found, by: \.name, request)
        return .output(["Replays": .array(page.items.map { .object($0.listed) }), "NextToken": page.next])
    }

    func cancelReplay(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("ReplayName")
        let now = clock.now().milliseconds
        let replay = try await store.write { [caller = request.caller] db in
            var replay = try Replay.existing(name, of: caller, in: db)
            guard !replay.state.isOver else {
                throw AWSError(
                    "IllegalStatusException",
                    "Replay \(name) is not in a valid state for this operation."
                )
            }
            replay.state = .cancelled
            replay.ended = now
            try replay.update(db)
            return replay
        }
        return AWSResponse(["ReplayArn": .string(replay.arn), "State": .string(Replay.State.cancelling.rawValue)])
    }

    // MARK: Running

    /// Goes on with the replays that a former process left.
    func resumeReplays() async {
        let left = try? await store.read { db in try Replay.fetchAll(db).filter { !$0.state.isOver } }
        for replay in left ?? [] { await replays.begin(replay) { [self] in await run($0) } }
    }

    /// Puts the events, batch by batch; how far it has come is on disk with each.
    private func run(_ replay: Replay) async {
        do {
            while try await step(replay), !Task.isCancelled {}
        } catch {
            logger.error("A replay could not go on", metadata: ["replay": "\(replay.arn)", "error": "\(error)"])
        }
    }

    /// - Returns: Whether there may be more.
    private func step(_ given: Replay) async throws -> Bool {
        let caller = Caller(account: given.account, region: given.region)
        let now = clock.now()
        return try await store.write { [rules, outbox = store.outbox] db in
            guard var replay = try Replay.fetch(given.name, of: caller, in: db), !replay.state.isOver else {
                return false
            }
            let events = try replay.next(Self.batch, in: db)
            for archived in events {
                for message in Self.messages(archived, of: replay, rules, at: now) {
                    try outbox.enqueue(topic: TargetMessage.topic, message.json, in: db)
                }
                (replay.reachedTime, replay.reachedID) = (archived.time, archived.id)
            }
            let isOver = events.count < Self.batch
            replay.state = isOver ? .completed : .running
            if isOver { replay.ended = now.milliseconds }
            try replay.update(db)
            return !isOver
        }
    }

    private static func messages(
        _ archived: ArchivedEvent,
        of replay: Replay,
        _ rules: RuleTable,
        at now: Timestamp
    ) -> [TargetMessage] {
        guard let bus = BusReference(arn: replay.destinationMembers["Arn"]?.stringValue ?? ""),
            var event = try? JSON(parsing: archived.event)
        else { return [] }
        event["replay-name"] = .string(replay.name)
        let filter = replay.destinationMembers["FilterArns"]?.arrayValue?.compactMap(\.stringValue) ?? []
        let matching = rules.matching(event, on: bus).filter { filter.isEmpty || filter.contains($0.rule.arn) }
        return TargetMessage.all(for: event, matching: matching, at: now)
    }
}

/// The replays that are under way.
actor RunningReplays {
    /// A short replay has ended when its start is answered.
    private static let patience = Duration.milliseconds(500)

    private var tasks: [String: Task<Void, Never>] = [:]

    /// Begins a replay, and gives it a moment to end.
    func start(_ replay: Replay, _ run: @escaping @Sendable (Replay) async -> Void) async {
        let task = begin(replay, run)
        await wait(atMost: Self.patience) { await task.value }
    }

    @discardableResult
    func begin(_ replay: Replay, _ run: @escaping @Sendable (Replay) async -> Void) -> Task<Void, Never> {
        let task = Task {
            await run(replay)
            tasks[replay.arn] = nil
        }
        tasks[replay.arn] = task
        return task
    }

    func stop() async {
        for task in tasks.values { task.cancel() }
        for task in tasks.values { await task.value }
        tasks = [:]
    }
}
