import AWSProtocol
import GRDB
import JSON
import Store

extension SageMakerService {
    /// A resource's tags may be at most this many.
    private static let maximumTags = 50

    var tagOperations: [String: OperationHandler] {
        ["AddTags": addTags, "ListTags": listTags, "DeleteTags": deleteTags]
    }

    /// `AddTags`: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AddTags.html
    func addTags(_ request: AWSRequest) async throws -> AWSResponse {
        let arn = try request.requiredString("ResourceArn")
        let tags = request["Tags"]
        let all = try await store.write { [caller = request.caller] db in
            try Self.requireResource(arn, caller, in: db)
            try Self.setTags(tags, of: arn, in: db)
            let all = try Self.tags(of: arn, in: db)
            guard all.count <= Self.maximumTags else {
                throw AWSError("ValidationException", "Exceeded maximum number of tags: \(Self.maximumTags)")
            }
            return all
        }
        return .output(["Tags": .array(all)])
    }

    /// `ListTags`. A resource has at most fifty tags, which is also the smallest page: there is never a second one.
    func listTags(_ request: AWSRequest) async throws -> AWSResponse {
        let arn = try request.requiredString("ResourceArn")
        let tags = try await store.read { [caller = request.caller] db in
            try Self.requireResource(arn, caller, in: db)
            return try Self.tags(of: arn, in: db)
        }
        return .output(["Tags": .array(tags)])
    }

    /// `DeleteTags`
    func deleteTags(_ request: AWSRequest) async throws -> AWSResponse {
        let arn = try request.requiredString("ResourceArn")
        let keys = request.strings("TagKeys")
        try await store.write { [caller = request.caller] db in
            try Self.requireResource(arn, caller, in: db)
            for key in keys {
                try db.execute(sql: "DELETE FROM sagemaker_tags WHERE arn = ? AND key = ?", arguments: [arn, key])
            }
        }
        return AWSResponse()
    }

    /// Sets the tags of a `TagList` member.
    static func setTags(_ tags: JSON?, of arn: String, in db: Database) throws {
        for tag in tags?.arrayValue ?? [] {
            try db.execute(
                sql: """
                    INSERT INTO sagemaker_tags (arn, key, value, position) VALUES
                        (?, ?, ?, (SELECT COALESCE(MAX(position), 0) + 1 FROM sagemaker_tags WHERE arn = ?))
                    ON CONFLICT (arn, key) DO UPDATE SET value = excluded.value
                    """,
                arguments: [arn, tag["Key"]?.stringValue ?? "", tag["Value"]?.stringValue ?? "", arn]
            )
        }
    }

    static func removeTags(of arn: String, in db: Database) throws {
        try db.execute(sql: "DELETE FROM sagemaker_tags WHERE arn = ?", arguments: [arn])
    }

    /// In the order in which they were first given.
    static func tags(of arn: String, in db: Database) throws -> [JSON] {
        try Row.fetchAll(
            db,
            sql: "SELECT key, value FROM sagemaker_tags WHERE arn = ? ORDER BY position, key",
            arguments: [arn]
        ).map { ["Key": .string($0["key"]), "Value": .string($0["value"])] }
    }

    /// - Throws: `ValidationException` where the ARN names no resource of the caller's account.
    private static func requireResource(_ arn: String, _ caller: Caller, in db: Database) throws {
        if let parsed = ARN(arn), parsed.service == "sagemaker", parsed.account == caller.account {
            let parts = parsed.resource.split(separator: "/", maxSplits: 1).map(String.init)
            let owner = caller.inRegion(parsed.region)
            if parts.count == 2 {
                if let kind = JobKind(rawValue: parts[0]) {
                    if try JobRecord.find(kind, parts[1], of: owner, in: db) != nil { return }
                } else if let kind = ResourceKind(rawValue: parts[0]) {
                    if try ResourceRecord.find(kind, parts[1], of: owner, in: db) != nil { return }
                }
            }
        }
        throw AWSError("ValidationException", "Could not find resource \"\(arn)\".")
    }
}
