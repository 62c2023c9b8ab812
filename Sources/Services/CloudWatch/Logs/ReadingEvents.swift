import AWSProtocol
import GRDB
import JSON
import Store

/// Which events are wanted, and how many at most.
struct LogQuery {
    enum Direction {
        /// The earliest first.
        case forward
        /// The latest of those that match; answered in the order of time all the same.
        case backward
    }

    /// AWS's limits on a page.
    static let pageEvents = 10_000
    static let pageBytes = 1_048_576

    var streamIDs: [Int]
    var direction: Direction
    /// Milliseconds since 1970, from `startTime` on, before `endTime`.
    var startTime = 0
    var endTime = Int.max
    /// Only events behind this position.
    var after: LogPosition?
    /// Only events in front of this position.
    var before: LogPosition?
    var limit = pageEvents
    var pattern = FilterPattern.all

    /// The events in the order of time.
    ///
    /// Batches are read in the order of their bounds, and no further than the page needs: an event is settled when every
    /// batch still to come lies beyond it.
    func events(in db: Database) throws -> [LogEvent] {
        guard !streamIDs.isEmpty else { return [] }
        var page: [LogEvent] = []
        let isForward = direction == .forward
        let batches = try LogBatch.fetchCursor(db, sql: sql, arguments: arguments)
        while let batch = try batches.next() {
            if page.count >= limit, isSettled(page, before: batch) { break }
            page += try events(of: batch)
            if page.count > 4 * limit { page = trimmed(page) }
        }
        page = trimmed(page)
        return isForward ? page : page.reversed()
    }

    private var sql: String {
        let marks = streamIDs.map { _ in "?" }.joined(separator: ", ")
        return """
            SELECT \(LogBatch.columns) FROM logs_batches
            WHERE streamID IN (\(marks)) AND last >= ? AND first < ? AND first <= ?
            ORDER BY \(direction == .forward ? "first, id" : "last DESC, id DESC")
            """
    }

    private var arguments: StatementArguments {
        let start = max(startTime, after?.timestamp ?? 0)
        return StatementArguments(streamIDs) + [start, endTime, before?.timestamp ?? Int.max]
    }

    /// Whether the page is full of events that no later batch can come before.
    private func isSettled(_ page: [LogEvent], before batch: LogBatch) -> Bool {
        let settled =
            switch direction {
            case .forward: page.count { $0.position.timestamp <= batch.first }
            case .backward: page.count { $0.position.timestamp > batch.last }
            }
        return settled >= limit
    }

    /// In the order in which the page fills, no longer than it may be.
    private func trimmed(_ events: [LogEvent]) -> [LogEvent] {
        let isForward = direction == .forward
        var bytes = 0
        return Array(
            events.sorted { isForward ? $0.position < $1.position : $0.position > $1.position }
                .prefix(limit)
                .enumerated()
                .prefix { index, event in
                    bytes += event.message.utf8.count
                    return index == 0 || bytes <= Self.pageBytes
                }
                .map(\.element)
        )
    }

    private func events(of batch: LogBatch) throws -> [LogEvent] {
        let stored = try JSON(parsing: batch.events).arrayValue ?? []
        return stored.enumerated().compactMap { index, event in
            guard let timestamp = event[0]?.intValue, let message = event[1]?.stringValue else { return nil }
            let position = LogPosition(timestamp: timestamp, batch: batch.id, index: index)
            guard timestamp >= startTime, timestamp < endTime, after.map({ position > $0 }) ?? true,
                before.map({ position < $0 }) ?? true, pattern.matches(message)
            else { return nil }
            return LogEvent(position: position, streamID: batch.streamID, ingested: batch.ingested, message: message)
        }
    }
}

extension LogsService {
    func getLogEvents(_ request: AWSRequest) async throws -> AWSResponse {
        var query = LogQuery(streamIDs: [], direction: request.bool("startFromHead") == true ? .forward : .backward)
        query.startTime = request.integer("startTime") ?? 0
        query.endTime = request.integer("endTime") ?? Int.max
        query.limit = request.integer("limit") ?? LogQuery.pageEvents
        if let token = request.string("nextToken") {
            guard let position = LogPosition(token.dropFirst(2)), token.hasPrefix("f/") || token.hasPrefix("b/") else {
                throw AWSError.invalidParameter("The specified nextToken is invalid.")
            }
            query.direction = token.hasPrefix("f/") ? .forward : .backward
            if query.direction == .forward { query.after = position } else { query.before = position }
        }
        let wanted = query
        let events = try await store.read { db -> [LogEvent] in
            var query = wanted
            query.streamIDs = [try self.stream(request, in: db).id ?? 0]
            return try query.events(in: db)
        }
        // At an end the token given comes back, which is how a reader knows.
        let backward = query.before ?? events.first?.position ?? query.after?.next ?? .start
        let forward = query.after ?? events.last?.position ?? query.before?.previous ?? .start
        return .output([
            "events": .array(
                events.map {
                    [
                        "timestamp": .integer($0.position.timestamp), "message": .string($0.message),
                        "ingestionTime": .integer($0.ingested),
                    ]
                }
            ),
            "nextForwardToken": .string("f/" + (events.last?.position ?? forward).text),
            "nextBackwardToken": .string("b/" + (events.first?.position ?? backward).text),
        ])
    }

    func filterLogEvents(_ request: AWSRequest) async throws -> AWSResponse {
        var query = LogQuery(streamIDs: [], direction: .forward)
        query.startTime = request.integer("startTime") ?? 0
        query.endTime = request.integer("endTime") ?? Int.max
        query.limit = request.integer("limit") ?? LogQuery.pageEvents
        query.pattern = try FilterPattern(request.string("filterPattern") ?? "")
        if let token = request.string("nextToken") {
            guard let position = LogPosition(token) else {
                throw AWSError.invalidParameter("The specified nextToken is invalid.")
            }
            query.after = position
        }
        let names = request.strings("logStreamNames")
        let prefix = request.string("logStreamNamePrefix")
        guard names.isEmpty || prefix == nil else {
            throw AWSError.invalidParameter("logStreamNamePrefix and logStreamNames are mutually exclusive parameters.")
        }
        let wanted = query
        let (streams, events) = try await store.read { db -> ([Int: String], [LogEvent]) in
            let group = try self.group(request, in: db)
            let streams = try LogStream.filter(Column("groupID") == group.id).fetchAll(db).filter {
                names.isEmpty ? $0.name.hasPrefix(prefix ?? "") : names.contains($0.name)
            }
            guard streams.count >= Set(names).count else { throw AWSError.noSuchLogStream }
            var query = wanted
            query.streamIDs = streams.compactMap(\.id)
            let named = Dictionary(uniqueKeysWithValues: streams.map { ($0.id ?? 0, $0.name) })
            return (named, try query.events(in: db))
        }
        let shapes = events.map { event -> JSON in
            [
                "logStreamName": .string(streams[event.streamID] ?? ""),
                "timestamp": .integer(event.position.timestamp),
                "message": .string(event.message),
                "ingestionTime": .integer(event.ingested),
                "eventId": .string(event.position.text),
            ]
        }
        let isFull = events.count >= query.limit || LogQuery.isFull(events)
        return .output([
            "events": .array(shapes),
            "searchedLogStreams": [],
            "nextToken": isFull ? events.last.map { .string($0.position.text) } : nil,
        ])
    }
}

extension LogQuery {
    /// Whether a page may have ended because of its size: the largest event would not have fitted.
    static func isFull(_ events: [LogEvent]) -> Bool {
        events.reduce(0) { $0 + $1.message.utf8.count } > pageBytes / 2
    }
}
