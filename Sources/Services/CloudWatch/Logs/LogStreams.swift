import AWSProtocol
import GRDB
import JSON
import Store

extension LogsService {
    func createLogStream(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("logStreamName")
        let now = clock.now().milliseconds
        try await store.write { db in
            guard let groupID = try self.group(request, in: db).id else { throw AWSError.noSuchLogGroup }
            guard try LogStream.fetchOne(db, key: ["groupID": groupID, "name": name]) == nil else {
                throw AWSError.logStreamExists
            }
            var stream = LogStream(groupID: groupID, name: name, created: now)
            try stream.insert(db)
        }
        return AWSResponse()
    }

    func deleteLogStream(_ request: AWSRequest) async throws -> AWSResponse {
        try await store.write { db in
            let stream = try self.stream(request, in: db)
            try db.execute(sql: "DELETE FROM logs_batches WHERE streamID = ?", arguments: [stream.id])
            try stream.delete(db)
        }
        return AWSResponse()
    }

    func describeLogStreams(_ request: AWSRequest) async throws -> AWSResponse {
        let prefix = request.string("logStreamNamePrefix")
        let isByTime = request.string("orderBy") == "LastEventTime"
        let isDescending = request.bool("descending") ?? false
        if isByTime, prefix != nil {
            throw AWSError.invalidParameter("Cannot order by LastEventTime with a logStreamNamePrefix.")
        }
        let (group, streams) = try await store.read { db in
            let group = try self.group(request, in: db)
            let order = isByTime ? [Column("lastEvent"), Column("name")] : [Column("name")]
            let streams = try LogStream.filter(Column("groupID") == group.id)
                .order(order.map { isDescending ? $0.desc : $0.asc }).fetchAll(db)
            return (group, streams.filter { $0.name.hasPrefix(prefix ?? "") })
        }
        let page = try Page(streams, by: \.name, for: request)
        return .output([
            "logStreams": .array(page.items.map { Self.shape($0, of: group) }), "nextToken": page.next,
        ])
    }

    /// AWS reports a stream's `storedBytes` as zero; the group has the sum.
    private static func shape(_ stream: LogStream, of group: LogGroup) -> JSON {
        .compact([
            "logStreamName": .string(stream.name),
            "creationTime": .integer(stream.created),
            "firstEventTimestamp": stream.firstEvent.map { .integer($0) },
            "lastEventTimestamp": stream.lastEvent.map { .integer($0) },
            "lastIngestionTime": stream.lastIngestion.map { .integer($0) },
            "uploadSequenceToken": .string(LogPosition(timestamp: 0, batch: 0, index: stream.batches).text),
            "arn": .string("\(group.arn):log-stream:\(stream.name)"),
            "storedBytes": 0,
        ])
    }

    /// The stream that the request names.
    func stream(_ request: AWSRequest, in db: Database) throws -> LogStream {
        let group = try group(request, in: db)
        let name = try request.requiredString("logStreamName")
        guard let stream = try LogStream.fetchOne(db, key: ["groupID": group.id, "name": name]) else {
            throw AWSError.noSuchLogStream
        }
        return stream
    }
}
