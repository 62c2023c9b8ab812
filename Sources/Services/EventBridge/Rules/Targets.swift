import AWSProtocol
import GRDB
import JSON
import JSONPath
import Store

extension EventBridgeService {
    /// AWS's quota of targets of a rule.
    private static let maximumTargets = 5
    /// Services whose targets EventBridge reaches by a role alone.
    private static let servicesByRole: Set<String> = [
        "states", "sagemaker", "kinesis", "firehose", "ecs", "batch", "codebuild", "codepipeline", "ssm", "redshift",
        "redshift-data", "redshift-serverless", "appsync",
    ]

    /// `PutTargets`: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutTargets.html
    ///
    /// What the yard cannot reach is taken too, as on AWS, and said in the log when an event comes for it.
    func putTargets(_ request: AWSRequest) async throws -> AWSResponse {
        let targets = request["Targets"]?.arrayValue ?? []
        for target in targets { try Self.check(target) }
        try await change(request, named: "Rule") { rule in
            var list = rule.targetList
            for target in targets {
                if let index = list.firstIndex(where: { $0["Id"] == target["Id"] }) {
                    list[index] = target
                } else {
                    list.append(target)
                }
            }
            guard list.count <= Self.maximumTargets else { throw AWSError.limitExceeded() }
            rule.targetList = list
        }
        return AWSResponse(["FailedEntryCount": 0, "FailedEntries": []])
    }

    private static func check(_ target: JSON) throws(AWSError) {
        let id = target["Id"]?.stringValue ?? ""
        let text = target["Arn"]?.stringValue ?? ""
        guard let arn = ARN(text) else {
            throw .invalid("Parameter \(text) is not valid. Reason: Provided Arn is not in correct format.")
        }
        let needsRole = servicesByRole.contains(arn.service) || arn.resource.hasPrefix("api-destination/")
        if needsRole, target["RoleArn"] == nil { throw .invalid("RoleArn is required for target \(text).") }
        if arn.service == "sqs", arn.resource.hasSuffix(".fifo"), target["SqsParameters"] == nil {
            throw .invalid("Parameter(s) SqsParameters must be specified for target: \(id).")
        }
        try checkInput(target, id)
    }

    private static func checkInput(_ target: JSON, _ id: String) throws(AWSError) {
        let given = ["Input", "InputPath", "InputTransformer"].filter { target[$0] != nil }
        guard given.count <= 1 else {
            throw .invalid("Only one of Input, InputPath, or InputTransformer must be provided for target \(id).")
        }
        if let input = target["Input"]?.stringValue {
            do {
                _ = try JSON(parsing: input)
            } catch {
                throw .invalid("JSON syntax error in input for target \(id) : \(error)")
            }
        }
        if let path = target["InputPath"]?.stringValue, (try? JSONPath(path)) == nil {
            throw .invalid("Parameter InputPath is not valid for target \(id). Reason: \(path) is not a JSON path.")
        }
        if let transformer = target["InputTransformer"] {
            if let problem = InputTransformer.problem(transformer) {
                throw .invalid("Invalid InputTemplate for target \(id) : [\(problem)]")
            }
        }
    }

    /// `RemoveTargets`
    func removeTargets(_ request: AWSRequest) async throws -> AWSResponse {
        let ids = request.strings("Ids")
        let missing = try await change(request, named: "Rule") { rule in
            let known = Set(rule.targetList.compactMap { $0["Id"]?.stringValue })
            rule.targetList.removeAll { ids.contains($0["Id"]?.stringValue ?? "") }
            return ids.filter { !known.contains($0) }.map { id in
                JSON.object([
                    "TargetId": .string(id), "ErrorCode": "ResourceNotFoundException",
                    "ErrorMessage": .string("Rule '\(rule.name)' does not have a target with the Id '\(id)'."),
                ])
            }
        }
        return AWSResponse(["FailedEntryCount": .integer(missing.count), "FailedEntries": .array(missing)])
    }

    func listTargetsByRule(_ request: AWSRequest) async throws -> AWSResponse {
        let bus = try request.ownBus()
        let name = try request.requiredString("Rule")
        let rule = try await store.read { db in try Rule.existing(name, on: bus, in: db) }
        let page = Page(rule.targetList, by: { $0["Id"]?.stringValue ?? "" }, request)
        return .output(["Targets": .array(page.items), "NextToken": page.next])
    }

    func listRuleNamesByTarget(_ request: AWSRequest) async throws -> AWSResponse {
        let bus = try request.ownBus()
        let arn = try request.requiredString("TargetArn")
        let rules = try await store.read { db in
            _ = try EventBus.existing(bus, in: db)
            return try Rule.all(on: bus, in: db)
        }
        let names = rules.filter { $0.targetList.contains { $0["Arn"]?.stringValue == arn } }.map(\.name)
        let page = Page(names, by: { $0 }, request)
        return .output(["RuleNames": .array(page.items.map(JSON.string)), "NextToken": page.next])
    }
}
