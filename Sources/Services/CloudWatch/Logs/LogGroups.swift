import AWSProtocol
import GRDB
import JSON
import Store

extension LogsService {
    func createLogGroup(_ request: AWSRequest) async throws -> AWSResponse {
        let group = LogGroup(
            account: request.caller.account,
            region: request.caller.region,
            name: try request.requiredString("logGroupName"),
            created: clock.now().milliseconds,
            class: request.string("logGroupClass") ?? "STANDARD",
            kmsKey: request.string("kmsKeyId"),
            tags: Self.tags(request["tags"])
        )
        try await store.write { db in
            guard try Self.find(group.name, of: request.caller, in: db) == nil else { throw AWSError.logGroupExists }
            var group = group
            try group.insert(db)
        }
        return AWSResponse()
    }

    func deleteLogGroup(_ request: AWSRequest) async throws -> AWSResponse {
        try await change(request) { group, db in
            try db.execute(
                sql: """
                    DELETE FROM logs_batches WHERE streamID IN (SELECT id FROM logs_streams WHERE groupID = :id);
                    DELETE FROM logs_streams WHERE groupID = :id;
                    DELETE FROM logs_groups WHERE id = :id
                    """,
                arguments: ["id": group.id]
            )
        }
    }

    func describeLogGroups(_ request: AWSRequest) async throws -> AWSResponse {
        let caller = request.caller
        let (prefix, pattern) = (request.string("logGroupNamePrefix"), request.string("logGroupNamePattern"))
        if prefix != nil, pattern != nil {
            throw AWSError.invalidParameter(
                "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters."
            )
        }
        let groups = try await groups(request) { name in
            name.hasPrefix(prefix ?? "") && (pattern.map { name.lowercased().contains($0.lowercased()) } ?? true)
        }
        let page = try Page(groups, by: \.name, for: request)
        let bytes = try await store.read { db in
            try page.items.map { group in
                try Int.fetchOne(
                    db,
                    sql: "SELECT total(storedBytes) FROM logs_streams WHERE groupID = ?",
                    arguments: [group.id]
                ) ?? 0
            }
        }
        let shapes = zip(page.items, bytes).map { group, bytes in
            JSON.compact([
                "logGroupName": .string(group.name),
                "creationTime": .integer(group.created),
                "retentionInDays": group.retentionInDays.map { .integer($0) },
                "metricFilterCount": 0,
                "arn": .string(ARN("logs", "log-group:\(group.name):*", of: caller).description),
                "storedBytes": .integer(bytes),
                "kmsKeyId": group.kmsKey.map { .string($0) },
                "logGroupClass": .string(group.class),
                "logGroupArn": .string(group.arn),
            ])
        }
        return .output(["logGroups": .array(shapes), "nextToken": page.next])
    }

    /// Its pattern names parts of names, or beginnings after `^`, between bars.
    func listLogGroups(_ request: AWSRequest) async throws -> AWSResponse {
        let parts = request.string("logGroupNamePattern")?.split(separator: "|")
        let groups = try await groups(request) { name in
            parts?.contains { $0.hasPrefix("^") ? name.hasPrefix($0.dropFirst()) : name.contains($0) } ?? true
        }
        let page = try Page(groups, by: \.name, for: request)
        let shapes = page.items.map { group -> JSON in
            [
                "logGroupName": .string(group.name), "logGroupArn": .string(group.arn),
                "logGroupClass": .string(group.class),
            ]
        }
        return .output(["logGroups": .array(shapes), "nextToken": page.next])
    }

    /// The caller's groups by name, of those that the request's class and identifiers leave.
    private func groups(_ request: AWSRequest, named isWanted: (String) -> Bool) async throws -> [LogGroup] {
        let caller = request.caller
        let wantedClass = request.string("logGroupClass")
        let named = request.strings("logGroupIdentifiers").map(Self.groupName)
        return try await store.read { db in
            try LogGroup.filter(Column("account") == caller.account && Column("region") == caller.region)
                .order(Column("name")).fetchAll(db)
        }.filter { group in
            isWanted(group.name) && (wantedClass ?? group.class) == group.class
                && (named.isEmpty || named.contains(group.name))
        }
    }

    func putRetentionPolicy(_ request: AWSRequest) async throws -> AWSResponse {
        let allowed = [
            1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
        ]
        let days = request.integer("retentionInDays") ?? 0
        guard allowed.contains(days) else {
            throw AWSError.validation([
                "Value '\(days)' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: "
                    + "[\(allowed.map(String.init).joined(separator: ", "))]"
            ]).coded("InvalidParameterException")
        }
        return try await change(request) { group, db in
            group.retentionInDays = days
            try group.update(db)
        }
    }

    func deleteRetentionPolicy(_ request: AWSRequest) async throws -> AWSResponse {
        try await change(request) { group, db in
            group.retentionInDays = nil
            try group.update(db)
        }
    }

    // MARK: - Tags

    func tagLogGroup(_ request: AWSRequest) async throws -> AWSResponse {
        try await change(request) { group, db in
            group.tags.merge(Self.tags(request["tags"])) { $1 }
            try group.update(db)
        }
    }

    func untagLogGroup(_ request: AWSRequest) async throws -> AWSResponse {
        let keys = request.strings("tags") + request.strings("tagKeys")
        return try await change(request) { group, db in
            for key in keys { group.tags[key] = nil }
            try group.update(db)
        }
    }

    func listTagsLogGroup(_ request: AWSRequest) async throws -> AWSResponse {
        let tags = try await store.read { db in try self.group(request, in: db).tags }
        return AWSResponse([
            "tags": .object(JSON.Object(tags.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
        ])
    }

    func tagResource(_ request: AWSRequest) async throws -> AWSResponse { try await tagLogGroup(request) }

    func untagResource(_ request: AWSRequest) async throws -> AWSResponse { try await untagLogGroup(request) }

    func listTagsForResource(_ request: AWSRequest) async throws -> AWSResponse { try await listTagsLogGroup(request) }

    private static func tags(_ member: JSON?) -> [String: String] {
        Dictionary((member?.objectValue ?? [:]).map { ($0.key, $0.value.stringValue ?? "") }) { $1 }
    }

    // MARK: - Finding

    /// The group that the request names, by name or ARN.
    func group(_ request: AWSRequest, in db: Database) throws -> LogGroup {
        let name =
            request.string("logGroupName") ?? request.string("logGroupIdentifier") ?? request.string("resourceArn")
        guard let name else {
            throw AWSError.invalidParameter("Either logGroupName or logGroupIdentifier must be given.")
        }
        guard let group = try Self.find(Self.groupName(name), of: request.caller, in: db) else {
            throw AWSError.noSuchLogGroup
        }
        return group
    }

    static func find(_ name: String, of caller: Caller, in db: Database) throws -> LogGroup? {
        try LogGroup.fetchOne(db, key: ["account": caller.account, "region": caller.region, "name": name])
    }

    /// The name in `arn:aws:logs:region:account:log-group:NAME:*`, or the name itself.
    private static func groupName(_ identifier: String) -> String {
        guard let arn = ARN(identifier), arn.service == "logs" else { return identifier }
        return String(arn.resource.split(separator: ":").dropFirst().first ?? "")
    }

    private func change(
        _ request: AWSRequest,
        _ change: @escaping @Sendable (inout LogGroup, Database) throws -> Void
    ) async throws -> AWSResponse {
        try await store.write { db in
            var group = try self.group(request, in: db)
            try change(&group, db)
        }
        return AWSResponse()
    }
}

extension AWSError {
    fileprivate func coded(_ code: String) -> AWSError {
        var error = self
        error.code = code
        return error
    }
}
