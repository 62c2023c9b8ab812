import AWSProtocol
import JSON

/// An account's public registry, and how its names stand in ECR's tables.
struct PublicRegistry: Sendable {
    /// Where the repositories are kept.
    let scope: RegistryScope
    /// AWS gives each registry an alias by chance; here it follows from the account.
    let alias: String

    init(of request: AWSRequest) {
        let account = request.string("registryId") ?? request.caller.account
        scope = RegistryScope(account: account, region: "us-east-1")
        let number = ((UInt64(account) ?? 0) &+ 1) &* 0x9E37_79B9_7F4A_7C15
        alias = "y" + String(number, radix: 36).prefix(7)
    }

    /// `public.ecr.aws/ALIAS/`
    var prefix: String { "public.ecr.aws/\(alias)/" }

    func qualified(_ name: String) -> String { prefix + name }

    /// Lets ECR answer a request for a repository of this registry.
    func answer(_ request: AWSRequest, by handler: OperationHandler) async throws -> AWSResponse {
        var request = request
        request.caller.region = scope.region
        if let name = request.string("repositoryName") { request.input["repositoryName"] = .string(qualified(name)) }
        if let arn = request.string("resourceArn") { request.input["resourceArn"] = .string(try qualified(arn: arn)) }
        do {
            var response = try await handler(request)
            response.output = unqualified(.object(response.output)).objectValue ?? [:]
            return response
        } catch var error as AWSError {
            error.message = error.message.replacing(prefix, with: "")
            throw error
        }
    }

    /// The same answer with the names that this API's callers know.
    func unqualified(_ value: JSON) -> JSON {
        switch value {
        case .array(let items): return .array(items.map(unqualified))
        case .object(var members):
            for (name, member) in members {
                if name == "repositoryName", let text = member.stringValue, text.hasPrefix(prefix) {
                    members[name] = .string(String(text.dropFirst(prefix.count)))
                } else {
                    members[name] = unqualified(member)
                }
            }
            return .object(members)
        default: return value
        }
    }

    /// A repository as this API describes it, from ECR's description with names unqualified.
    func repository(_ description: JSON?) -> JSON {
        let name = description?["repositoryName"]?.stringValue ?? ""
        return .compact([
            "repositoryArn": .string("arn:aws:ecr-public::\(scope.account):repository/\(name)"),
            "registryId": .string(scope.account),
            "repositoryName": .string(name),
            "repositoryUri": .string(qualified(name)),
            "createdAt": description?["createdAt"],
        ])
    }

    /// - Throws: `InvalidParameterException` where it is not a public repository's.
    private func qualified(arn text: String) throws(AWSError) -> String {
        guard let arn = ARN(text), arn.service == "ecr-public", arn.resource.hasPrefix("repository/") else {
            throw .invalidParameter("Invalid parameter at 'resourceArn' failed to satisfy constraint: 'Invalid ARN'")
        }
        let name = String(arn.resource.dropFirst("repository/".count))
        return "arn:aws:ecr:\(scope.region):\(scope.account):repository/\(qualified(name))"
    }
}
