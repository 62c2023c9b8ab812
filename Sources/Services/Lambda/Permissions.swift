import AWSProtocol
import GRDB
import JSON

/// The resource-based policy: who may invoke a function. It is kept and answered; calls inside the yard are not refused
/// for the lack of a statement.
extension LambdaService {
    func addPermission(_ request: AWSRequest) async throws -> AWSResponse {
        let reference = try reference(request)
        let id = try request.requiredString("StatementId")
        let statement = try statement(id, reference, request)
        try await change(reference) { rows in
            try rows.checkRevision(request)
            guard try rows.statements()[id] == nil else {
                throw AWSError.conflict(
                    "The statement id (\(id)) provided already exists. Please provide a new statement id, or remove "
                        + "the existing statement."
                )
            }
            try rows.add(statement, id: id)
        }
        return AWSResponse(["Statement": .string(statement.serialized())], status: 201)
    }

    func removePermission(_ request: AWSRequest) async throws -> AWSResponse {
        let reference = try reference(request)
        let id = try request.requiredString("StatementId")
        try await change(reference) { rows in
            try rows.checkRevision(request)
            guard try rows.statements()[id] != nil else {
                throw AWSError.notFound("Statement \(id) is not found in resource policy.")
            }
            try rows.removeStatement(id)
        }
        return AWSResponse(status: 204)
    }

    func getPolicy(_ request: AWSRequest) async throws -> AWSResponse {
        let reference = try reference(request)
        let (statements, version) = try await read(reference) { rows in
            (try rows.statements(), try rows.resolve().version)
        }
        guard !statements.isEmpty else { throw AWSError.notFound("The resource you requested does not exist.") }
        let policy: JSON = ["Version": "2012-10-17", "Id": "default", "Statement": .array(statements.values)]
        return .output([
            "Policy": .string(policy.serialized()), "RevisionId": version.configuration["RevisionId"],
        ])
    }

    private func statement(_ id: String, _ reference: FunctionReference, _ request: AWSRequest) throws(AWSError) -> JSON
    {
        var conditions: JSON.Object = [:]
        func require(_ test: String, _ key: String, _ value: JSON?) {
            guard let value else { return }
            conditions[test] = .object((conditions[test]?.objectValue ?? [:]).merging([key: value]))
        }
        require("StringEquals", "AWS:SourceAccount", request["SourceAccount"])
        require("StringEquals", "lambda:EventSourceToken", request["EventSourceToken"])
        require("StringEquals", "lambda:FunctionUrlAuthType", request["FunctionUrlAuthType"])
        require("StringEquals", "aws:PrincipalOrgID", request["PrincipalOrgID"])
        require("ArnLike", "AWS:SourceArn", request["SourceArn"])
        return .compact([
            "Sid": .string(id),
            "Effect": "Allow",
            "Principal": principal(try request.requiredString("Principal")),
            "Action": .string(try request.requiredString("Action")),
            "Resource": .string(reference.arn),
            "Condition": conditions.isEmpty ? nil : .object(conditions),
        ])
    }

    private func principal(_ text: String) -> JSON {
        if text == "*" { return "*" }
        if text.wholeMatch(of: /\d{12}/) != nil { return ["AWS": .string("arn:aws:iam::\(text):root")] }
        return text.hasPrefix("arn:") ? ["AWS": .string(text)] : ["Service": .string(text)]
    }
}

extension FunctionRows {
    /// Statements belong to what the qualifier names: the function itself, a version or an alias.
    private var statementKey: StatementArguments {
        [reference.account, reference.region, reference.name, reference.qualifier ?? ""]
    }

    /// By their ids, in the order in which they were added.
    fileprivate func statements() throws -> JSON.Object {
        _ = try resolve()
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT statement_id, statement FROM lambda_statements
                WHERE account = ? AND region = ? AND name = ? AND qualifier = ? ORDER BY position
                """,
            arguments: statementKey
        )
        return JSON.Object(try rows.map { ($0[0] as String, try JSON(parsing: $0[1] as String)) })
    }

    fileprivate func add(_ statement: JSON, id: String) throws {
        try db.execute(
            sql: """
                INSERT INTO lambda_statements (account, region, name, qualifier, statement_id, position, statement)
                VALUES (?, ?, ?, ?, ?, (SELECT coalesce(max(position), 0) + 1 FROM lambda_statements), ?)
                """,
            arguments: statementKey + [id, statement.serialized()]
        )
    }

    fileprivate func removeStatement(_ id: String) throws {
        try db.execute(
            sql: """
                DELETE FROM lambda_statements
                WHERE account = ? AND region = ? AND name = ? AND qualifier = ? AND statement_id = ?
                """,
            arguments: statementKey + [id]
        )
    }

    fileprivate func checkRevision(_ request: AWSRequest) throws {
        try FunctionConfiguration(updating: try resolve().version.configuration).checkRevision(request)
    }
}
