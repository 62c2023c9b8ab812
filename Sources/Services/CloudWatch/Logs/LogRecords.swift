import AWSProtocol
import GRDB
import JSON
public import Store

extension LogsService {
    /// The tables of CloudWatch Logs.
    public static let migrations: [Migration] = [
        Migration(
            "logs",
            1,
            """
            CREATE TABLE logs_groups (
                id INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL,
                created INTEGER NOT NULL, retentionInDays INTEGER, class TEXT NOT NULL, kmsKey TEXT, tags TEXT NOT NULL,
                UNIQUE (account, region, name)
            );
            CREATE TABLE logs_streams (
                id INTEGER PRIMARY KEY AUTOINCREMENT, groupID INTEGER NOT NULL, name TEXT NOT NULL,
                created INTEGER NOT NULL, firstEvent INTEGER, lastEvent INTEGER, lastIngestion INTEGER,
                storedBytes INTEGER NOT NULL, batches INTEGER NOT NULL,
                UNIQUE (groupID, name)
            );
            CREATE TABLE logs_batches (
                id INTEGER PRIMARY KEY AUTOINCREMENT, streamID INTEGER NOT NULL, first INTEGER NOT NULL,
                last INTEGER NOT NULL, ingested INTEGER NOT NULL, events TEXT NOT NULL
            );
            CREATE INDEX logs_batches_forward ON logs_batches (streamID, first, last);
            CREATE INDEX logs_batches_backward ON logs_batches (streamID, last, first);
            """
        )
    ]
}

/// All times in these records are milliseconds since 1970.
struct LogGroup: Codable, FetchableRecord, MutablePersistableRecord {
    static let databaseTableName = "logs_groups"

    var id: Int?
    var account: String
    var region: String
    var name: String
    var created: Int
    var retentionInDays: Int?
    var `class`: String
    var kmsKey: String?
    var tags: [String: String]

    var arn: String { "arn:aws:logs:\(region):\(account):log-group:\(name)" }
}

struct LogStream: Codable, FetchableRecord, MutablePersistableRecord {
    static let databaseTableName = "logs_streams"

    var id: Int?
    var groupID: Int
    var name: String
    var created: Int
    var firstEvent: Int?
    var lastEvent: Int?
    var lastIngestion: Int?
    var storedBytes = 0
    var batches = 0
}

/// The events of one `PutLogEvents` call.
struct LogBatch: FetchableRecord {
    var id: Int
    var streamID: Int
    var first: Int
    var last: Int
    var ingested: Int
    var events: String

    init(row: Row) {
        id = row[0]
        streamID = row[1]
        first = row[2]
        last = row[3]
        ingested = row[4]
        events = row[5]
    }

    static let columns = "id, streamID, first, last, ingested, events"
}

struct LogEvent {
    var position: LogPosition
    var streamID: Int
    var ingested: Int
    var message: String
}

/// Where an event stands among all: by time, then in the order of arrival.
struct LogPosition: Comparable {
    var timestamp: Int
    var batch: Int
    /// In its batch. One less than the first where a position before it is meant.
    var index: Int

    static let start = LogPosition(timestamp: 0, batch: 0, index: -1)

    var next: LogPosition { LogPosition(timestamp: timestamp, batch: batch, index: index + 1) }
    var previous: LogPosition { LogPosition(timestamp: timestamp, batch: batch, index: max(-1, index - 1)) }

    static func < (left: LogPosition, right: LogPosition) -> Bool {
        (left.timestamp, left.batch, left.index) < (right.timestamp, right.batch, right.index)
    }

    /// 56 digits, like AWS's tokens and event ids.
    var text: String { Self.padded(timestamp, 20) + Self.padded(batch, 20) + Self.padded(index + 1, 16) }

    init(timestamp: Int, batch: Int, index: Int) {
        self.timestamp = timestamp
        self.batch = batch
        self.index = index
    }

    init?(_ text: some StringProtocol) {
        guard text.utf8.count == 56, let timestamp = Int(text.prefix(20)),
            let batch = Int(text.dropFirst(20).prefix(20)),
            let index = Int(text.dropFirst(40))
        else { return nil }
        self.init(timestamp: timestamp, batch: batch, index: index - 1)
    }

    private static func padded(_ value: Int, _ count: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, count - digits.count)) + digits
    }
}
