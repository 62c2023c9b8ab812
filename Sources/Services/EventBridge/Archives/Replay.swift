import AWSProtocol
import GRDB
import JSON

/// A replay: puts an archive's events on their bus once more.
struct Replay: Codable, FetchableRecord, PersistableRecord, Sendable {
    enum State: String, Codable, Sendable {
        case starting = "STARTING"
        case running = "RUNNING"
        case cancelling = "CANCELLING"
        case completed = "COMPLETED"
        case cancelled = "CANCELLED"
        case failed = "FAILED"

        var isOver: Bool { self == .completed || self == .cancelled || self == .failed }
    }

    static let databaseTableName = "events_replays"

    var account: String
    var region: String
    var name: String
    var description: String?
    /// The archive's ARN.
    var source: String
    /// `Destination` as JSON.
    var destination: String
    /// All moments are milliseconds since 1970. Events are those from `first` to before `last`.
    var first: Int
    var last: Int
    var state: State
    var started: Int
    var ended: Int?
    /// The last event that has been put: its time and its id.
    var reachedTime: Int?
    var reachedID: String?

    var arn: String {
        ARN("events", "replay/\(name)", of: Caller(account: account, region: region)).description
    }

    var destinationMembers: JSON { (try? JSON(parsing: destination)) ?? [:] }

    /// As `ListReplays` tells it.
    var listed: JSON.Object {
        func moment(_ milliseconds: Int?) -> JSON? { milliseconds.map { Timestamp(milliseconds: $0).json } }
        return .compact([
            "ReplayName": .string(name), "EventSourceArn": .string(source), "State": .string(state.rawValue),
            "EventStartTime": moment(first), "EventEndTime": moment(last),
            "EventLastReplayedTime": moment(reachedTime), "ReplayStartTime": moment(started),
            "ReplayEndTime": moment(ended),
        ])
    }

    static func fetch(_ name: String, of caller: Caller, in db: Database) throws -> Replay? {
        try fetchOne(db, key: ["account": caller.account, "region": caller.region, "name": name])
    }

    /// - Throws: `ResourceNotFoundException`
    static func existing(_ name: String, of caller: Caller, in db: Database) throws -> Replay {
        guard let found = try fetch(name, of: caller, in: db) else {
            throw AWSError("ResourceNotFoundException", "Replay \(name) does not exist.")
        }
        return found
    }

    /// The events that come next, in their order.
    func next(_ count: Int, in db: Database) throws -> [ArchivedEvent] {
        try ArchivedEvent.fetchAll(
            db,
            sql: """
                SELECT * FROM events_archived WHERE archive = ? AND time >= ? AND time < ? AND (time, id) > (?, ?)
                    ORDER BY time, id LIMIT ?
                """,
            arguments: [source, first, last, reachedTime ?? -1, reachedID ?? "", count]
        )
    }
}
