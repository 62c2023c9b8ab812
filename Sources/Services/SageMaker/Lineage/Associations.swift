import AWSProtocol
import GRDB
import JSON
import Store

/// That one thing has to do with another: an edge of the lineage.
struct Association: Sendable, Hashable {
    var source: String
    var destination: String
    /// `ContributedTo`, `AssociatedWith`, `DerivedFrom`, `Produced`, `SameAs`.
    var type: String?

    init(_ source: String, _ destination: String, _ type: String?) {
        self.source = source
        self.destination = destination
        self.type = type
    }

    /// - Returns: Whether it is new.
    @discardableResult
    func insert(_ caller: Caller, at now: Timestamp, in db: Database) throws -> Bool {
        try db.execute(
            sql: """
                INSERT OR IGNORE INTO sagemaker_associations \
                (account, region, source, destination, type, creator, created) VALUES (?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                caller.account, caller.region, source, destination, type, caller.principal, now.milliseconds,
            ]
        )
        return db.changesCount > 0
    }
}

/// An association as stored.
struct AssociationRecord: Sendable {
    var association: Association
    var creator: String
    var created: Timestamp

    static func all(_ caller: Caller, in db: Database) throws -> [AssociationRecord] {
        try Row.fetchAll(
            db,
            sql: "SELECT * FROM sagemaker_associations WHERE account = ? AND region = ? ORDER BY id",
            arguments: [caller.account, caller.region]
        ).map { row in
            AssociationRecord(
                association: Association(row["source"], row["destination"], row["type"]),
                creator: row["creator"],
                created: Timestamp(milliseconds: row["created"])
            )
        }
    }
}

extension SageMakerService {
    var associationOperations: [String: OperationHandler] {
        [
            "AddAssociation": addAssociation,
            "ListAssociations": listAssociations,
            "DeleteAssociation": deleteAssociation,
            "QueryLineage": queryLineage,
        ]
    }

    /// `AddAssociation`: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AddAssociation.html
    func addAssociation(_ request: AWSRequest) async throws -> AWSResponse {
        try await traceJobs()
        let source = try request.requiredString("SourceArn")
        let destination = try request.requiredString("DestinationArn")
        let now = clock.now()
        try await store.write { [caller = request.caller, type = request.string("AssociationType")] db in
            for arn in [source, destination] {
                guard try LineageVertex.find(arn, caller, in: db) != nil else {
                    throw AWSError("ResourceNotFound", "The lineage entity '\(arn)' does not exist.")
                }
            }
            guard try Association(source, destination, type).insert(caller, at: now, in: db) else {
                throw AWSError(
                    "ValidationException",
                    "The association of \(source) with \(destination) already exists."
                )
            }
        }
        return .output(["SourceArn": .string(source), "DestinationArn": .string(destination)])
    }

    /// `DeleteAssociation`
    func deleteAssociation(_ request: AWSRequest) async throws -> AWSResponse {
        let source = try request.requiredString("SourceArn")
        let destination = try request.requiredString("DestinationArn")
        try await store.write { [caller = request.caller] db in
            try db.execute(
                sql: """
                    DELETE FROM sagemaker_associations \
                    WHERE account = ? AND region = ? AND source = ? AND destination = ?
                    """,
                arguments: [caller.account, caller.region, source, destination]
            )
            guard db.changesCount > 0 else {
                throw AWSError("ResourceNotFound", "There is no association of \(source) with \(destination).")
            }
        }
        return .output(["SourceArn": .string(source), "DestinationArn": .string(destination)])
    }

    /// `ListAssociations`
    func listAssociations(_ request: AWSRequest) async throws -> AWSResponse {
        try await traceJobs()
        let summaries = try await store.read { [caller = request.caller] db in
            try AssociationRecord.all(caller, in: db)
                .filter { Self.isWanted($0, request) }
                .compactMap { try Self.summary($0, request, in: db) }
        }
        let key = request.string("SortBy") ?? "CreationTime"
        let isAscending = request.string("SortOrder") == "Ascending"
        let sorted = SearchOrder(key, isAscending: isAscending).sorted(summaries)
        let page = try ResultPage(sorted, request)
        return .output([
            "AssociationSummaries": .array(page.results), "NextToken": page.nextToken.map { .string($0) },
        ])
    }

    private static func isWanted(_ record: AssociationRecord, _ request: AWSRequest) -> Bool {
        func isEqual(_ member: String, _ value: String?) -> Bool {
            request.string(member).map { $0 == value } ?? true
        }
        let created = record.created.seconds
        return isEqual("SourceArn", record.association.source)
            && isEqual("DestinationArn", record.association.destination)
            && isEqual("AssociationType", record.association.type)
            && request["CreatedAfter"]?.doubleValue.map { created > $0 } ?? true
            && request["CreatedBefore"]?.doubleValue.map { created < $0 } ?? true
    }

    /// nil where the types at the ends are not those that the request asks for.
    private static func summary(
        _ record: AssociationRecord,
        _ request: AWSRequest,
        in db: Database
    ) throws -> JSON? {
        let source = try LineageVertex.find(record.association.source, request.caller, in: db)
        let destination = try LineageVertex.find(record.association.destination, request.caller, in: db)
        if let type = request.string("SourceType"), type != source?.type { return nil }
        if let type = request.string("DestinationType"), type != destination?.type { return nil }
        return .compact([
            "SourceArn": .string(record.association.source),
            "DestinationArn": .string(record.association.destination),
            "SourceType": source?.type.map { .string($0) },
            "DestinationType": destination?.type.map { .string($0) },
            "AssociationType": record.association.type.map { .string($0) },
            "SourceName": source.map { .string($0.name) },
            "DestinationName": destination.map { .string($0.name) },
            "CreationTime": record.created.json,
            "CreatedBy": ["IamIdentity": ["Arn": .string(record.creator)]],
        ])
    }
}
