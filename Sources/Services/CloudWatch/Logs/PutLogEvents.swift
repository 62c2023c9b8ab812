import AWSProtocol
import GRDB
import JSON
import Store

extension LogsService {
    /// AWS's limits on a batch: bytes, with 26 for each event; and how far its events may lie apart or from now.
    private enum Limit {
        static let batchBytes = 1_048_576
        static let eventOverhead = 26
        static let span = 24 * 3_600_000
        static let age = 14 * 24 * 3_600_000
        static let future = 2 * 3_600_000
    }

    func putLogEvents(_ request: AWSRequest) async throws -> AWSResponse {
        let now = clock.now().milliseconds
        let batch = try Batch(request["logEvents"]?.arrayValue ?? [], now: now)
        let sequence = try await store.write { db -> Int in
            let (streamID, batches) = try self.streamID(request, in: db)
            guard let first = batch.first, let last = batch.last else { return batches }
            try db.cachedStatement(
                sql: "INSERT INTO logs_batches (streamID, first, last, ingested, events) VALUES (?, ?, ?, ?, ?)"
            ).execute(arguments: [streamID, first, last, now, batch.text])
            try db.cachedStatement(
                sql: """
                    UPDATE logs_streams SET firstEvent = min(coalesce(firstEvent, ?1), ?1),
                        lastEvent = max(coalesce(lastEvent, ?2), ?2), lastIngestion = ?3,
                        storedBytes = storedBytes + ?4, batches = batches + 1
                    WHERE id = ?5
                    """
            ).execute(arguments: [first, last, now, batch.bytes, streamID])
            return batches + 1
        }
        return .output([
            "nextSequenceToken": .string(LogPosition(timestamp: 0, batch: 0, index: sequence).text),
            "rejectedLogEventsInfo": batch.rejected,
        ])
    }

    /// The stream's id and how many batches it holds, by one statement: this is the hot path of every log line.
    private func streamID(_ request: AWSRequest, in db: Database) throws -> (id: Int, batches: Int) {
        let row = try Row.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT s.id, s.batches FROM logs_streams s JOIN logs_groups g ON g.id = s.groupID
                    WHERE g.account = ? AND g.region = ? AND g.name = ? AND s.name = ?
                    """
            ),
            arguments: [
                request.caller.account, request.caller.region, request.string("logGroupName"),
                request.string("logStreamName"),
            ]
        )
        if let row { return (row[0], row[1]) }
        let stream = try stream(request, in: db)
        return (stream.id ?? 0, stream.batches)
    }

    /// The events of a call that AWS would take, in the form they are stored in: `[[timestamp,"message"],…]`.
    private struct Batch {
        var text = ""
        var first: Int?
        var last: Int?
        var bytes = 0
        var rejected: JSON?

        init(_ events: [JSON], now: Int) throws(AWSError) {
            var accepted: [JSON] = []
            var previous: Int?
            var earliest: Int?
            var tooOldEnd: Int?
            var tooNewStart: Int?
            for (index, event) in events.enumerated() {
                let timestamp = event["timestamp"]?.intValue ?? 0
                let message = event["message"]?.stringValue ?? ""
                guard timestamp >= previous ?? timestamp else {
                    throw .invalidParameter(
                        "Log events in a single PutLogEvents request must be in chronological order."
                    )
                }
                previous = timestamp
                earliest = earliest ?? timestamp
                bytes += message.utf8.count + Limit.eventOverhead
                if timestamp < now - Limit.age {
                    tooOldEnd = index + 1
                } else if timestamp > now + Limit.future {
                    tooNewStart = tooNewStart ?? index
                } else {
                    accepted.append([.integer(timestamp), .string(message)])
                    first = first ?? timestamp
                    last = timestamp
                }
            }
            guard bytes <= Limit.batchBytes else {
                throw .invalidParameter("Upload too large: \(bytes) bytes exceeds limit of \(Limit.batchBytes)")
            }
            if let earliest, let previous, previous - earliest > Limit.span {
                throw .invalidParameter(
                    "The batch of log events in a single PutLogEvents request cannot span more than 24 hours."
                )
            }
            text = JSON.array(accepted).serialized()
            if tooOldEnd != nil || tooNewStart != nil {
                rejected = .compact([
                    "tooNewLogEventStartIndex": tooNewStart.map { .integer($0) },
                    "tooOldLogEventEndIndex": tooOldEnd.map { .integer($0) },
                ])
            }
        }
    }
}
