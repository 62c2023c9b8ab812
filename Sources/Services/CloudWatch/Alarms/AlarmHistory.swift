import AWSProtocol
import GRDB
import JSON
import Store

/// What has become of alarms; kept for 30 days, as AWS does.
enum AlarmHistory {
    private static let retention = 30 * 86_400_000

    enum Kind: String, Sendable {
        case configurationUpdate = "ConfigurationUpdate"
        case stateUpdate = "StateUpdate"
        case action = "Action"
    }

    static func add(
        _ kind: Kind,
        _ summary: String,
        _ data: JSON,
        to alarm: Alarm,
        at now: Timestamp,
        in db: Database
    ) throws {
        try db.execute(
            sql: """
                INSERT INTO cloudwatch_history (account, region, alarm, time, type, summary, data)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                alarm.account, alarm.region, alarm.name, now.milliseconds, kind.rawValue, summary, data.serialized(),
            ]
        )
        try db.execute(
            sql: "DELETE FROM cloudwatch_history WHERE account = ? AND region = ? AND alarm = ? AND time < ?",
            arguments: [alarm.account, alarm.region, alarm.name, now.milliseconds - retention]
        )
    }
}

extension CloudWatchService {
    /// `DescribeAlarmHistory`:
    /// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarmHistory.html
    func describeAlarmHistory(_ request: AWSRequest) async throws -> AWSResponse {
        let isAscending = request.string("ScanBy") == "TimestampAscending"
        let offset = try PageToken.offset(request)
        let limit = request.integer("MaxRecords") ?? 100
        let caller = request.caller
        let items = try await store.read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT alarm, time, type, summary, data FROM cloudwatch_history
                    WHERE account = ?1 AND region = ?2 AND (?3 IS NULL OR alarm = ?3) AND (?4 IS NULL OR type = ?4)
                        AND (?5 IS NULL OR time >= ?5) AND (?6 IS NULL OR time <= ?6)
                    ORDER BY id \(isAscending ? "ASC" : "DESC") LIMIT ?7 OFFSET ?8
                    """,
                arguments: [
                    caller.account, caller.region, request.string("AlarmName"), request.string("HistoryItemType"),
                    request.timestamp("StartDate")?.milliseconds, request.timestamp("EndDate")?.milliseconds, limit + 1,
                    offset,
                ]
            ).map { row -> JSON in
                [
                    "AlarmName": .string(row["alarm"]), "AlarmType": "MetricAlarm",
                    "Timestamp": Timestamp(milliseconds: row["time"]).json, "HistoryItemType": .string(row["type"]),
                    "HistorySummary": .string(row["summary"]), "HistoryData": .string(row["data"]),
                ]
            }
        }
        return .output([
            "AlarmHistoryItems": .array(Array(items.prefix(limit))),
            "NextToken": items.count > limit ? PageToken.json(offset + limit) : nil,
        ])
    }
}

/// The token of a further page: how many entries come before it.
enum PageToken {
    /// - Throws: `InvalidNextToken` where the request's token is none.
    static func offset(_ request: AWSRequest) throws(AWSError) -> Int {
        guard let token = request.string("NextToken") else { return 0 }
        guard let offset = Int(token), offset >= 0 else {
            throw AWSError("InvalidNextToken", "The next token \(token) is invalid.")
        }
        return offset
    }

    static func json(_ offset: Int) -> JSON { .string(String(offset)) }
}
