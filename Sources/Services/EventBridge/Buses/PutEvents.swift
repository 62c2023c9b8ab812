import AWSProtocol
import GRDB
import JSON
import Store

extension EventBridgeService {
    /// What a request may hold altogether: 1 MB since January 2026.
    private static let maximumSize = 1 << 20
    /// How deep a detail may nest: what it is wrapped in has to stay readable.
    private static let maximumDepth = 500

    /// An event that a client has put, or why it was not taken.
    private enum Admission {
        case taken(JSON, on: BusReference)
        /// For a bus that is not there: on AWS too nobody is told.
        case lost(id: String)
        case refused(code: String, message: String)

        var result: JSON {
            switch self {
            case .taken(let event, _): ["EventId": event["id"] ?? ""]
            case .lost(let id): ["EventId": .string(id)]
            case .refused(let code, let message): ["ErrorCode": .string(code), "ErrorMessage": .string(message)]
            }
        }

        var isRefused: Bool { if case .refused = self { true } else { false } }
    }

    /// `PutEvents`: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
    ///
    /// When it is answered, what is to be delivered is on disk.
    func putEvents(_ request: AWSRequest) async throws -> AWSResponse {
        let entries = request["Entries"]?.arrayValue ?? []
        guard entries.reduce(0, { $0 + Self.size($1) }) <= Self.maximumSize else {
            throw AWSError.invalid("Total size of the entries in the request is over the limit.")
        }
        let now = clock.now()
        var admissions: [Admission] = []
        for entry in entries { admissions.append(try await admit(entry, request.caller, at: now)) }
        let messages = admissions.flatMap { admission in
            guard case .taken(let event, let bus) = admission else { return [TargetMessage]() }
            return TargetMessage.all(for: event, matching: rules.matching(event, on: bus), at: now)
        }
        try await enqueue(messages)
        return AWSResponse([
            "FailedEntryCount": .integer(admissions.count(where: \.isRefused)),
            "Entries": .array(admissions.map(\.result)),
        ])
    }

    /// Has the messages delivered; they are on disk when this returns.
    func enqueue(_ messages: [TargetMessage]) async throws {
        guard !messages.isEmpty else { return }
        try await store.write { [outbox = store.outbox] db in
            for message in messages { try outbox.enqueue(topic: TargetMessage.topic, message.json, in: db) }
        }
    }

    /// As AWS counts it: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html
    private static func size(_ entry: JSON) -> Int {
        let texts =
            ["Source", "DetailType", "Detail"].map { entry[$0]?.stringValue ?? "" }
            + (entry["Resources"]?.arrayValue?.compactMap(\.stringValue) ?? [])
        return texts.reduce(entry["Time"] == nil ? 0 : 14) { $0 + $1.utf8.count }
    }

    private func admit(_ entry: JSON, _ caller: Caller, at now: Timestamp) async throws -> Admission {
        for member in ["Source", "DetailType", "Detail"] where entry[member]?.stringValue?.isEmpty ?? true {
            return .refused(
                code: "InvalidArgument",
                message: "Parameter \(member) is not valid. Reason: \(member) is a required argument."
            )
        }
        let source = entry["Source"]?.stringValue ?? ""
        guard !source.hasPrefix("aws.") else {
            return .refused(code: "NotAuthorizedForSourceException", message: "Not authorized for the source.")
        }
        let detail = try? JSON(parsing: entry["Detail"]?.stringValue ?? "", maximumDepth: Self.maximumDepth)
        guard let detail, detail.objectValue != nil else {
            return .refused(code: "MalformedDetail", message: "Detail is malformed.")
        }
        let bus = BusReference(entry["EventBusName"]?.stringValue, of: caller)
        let id = RandomText.uuid()
        guard let found = try await existing(bus) else { return .lost(id: id) }
        guard bus.account == caller.account || EventBusPolicy(found.policy).allowsPutEvents(from: caller.account) else {
            return .refused(
                code: "AccessDeniedException",
                message:
                    "User: \(caller.principal) is not authorized to perform: events:PutEvents on resource: \(bus.arn)"
            )
        }
        let event = ServiceEvent(
            entry["DetailType"]?.stringValue ?? "",
            from: ServiceEvent.Origin(source, account: caller.account, region: bus.region),
            about: entry["Resources"]?.arrayValue?.compactMap(\.stringValue) ?? [],
            at: entry["Time"]?.doubleValue.map { Timestamp(seconds: $0) } ?? now,
            id: id,
            detail: detail
        )
        return .taken(event.json, on: bus)
    }

    /// The bus, where there is one.
    func existing(_ bus: BusReference) async throws -> EventBus? {
        do {
            return try await store.read { db in try EventBus.existing(bus, in: db) }
        } catch let error as AWSError where error.code == "ResourceNotFoundException" {
            return nil
        }
    }
}
