import AWSProtocol
import JSON
import Store

extension EventBridgeService {
    /// A token is fetched anew when it has less than this many milliseconds left.
    private static let tokenReserve = 10_000

    /// What a connection adds to a request, its authorization included. `Refused` names an `Authorization` header that the
    /// API did not take: then a new token is fetched.
    /// - Throws: the errors that Step Functions shows as `Events.ConnectionResource.…`.
    func retrieveConnectionCredentials(_ request: AWSRequest) async throws -> AWSResponse {
        let arn = try request.requiredString("ConnectionArn")
        var connection = try await connection(arn, for: request.caller)
        switch connection.state {
        case .authorized: break
        case .authorizing:
            throw AWSError("ConnectionResource.AuthInProgress", "The connection \(arn) is still being authorized.")
        default:
            let reason = connection.reason.map { " \($0)" } ?? ""
            throw AWSError(
                "ConnectionResource.InvalidConnectionState",
                "The connection \(arn) is in the state \(connection.state.rawValue).\(reason)"
            )
        }
        let added = AddedParameters(connection.authParameters["InvocationHttpParameters"])
        var headers: [(name: String, value: String)] = []
        switch connection.authorizationType {
        case .basic:
            let basic = connection.authParameters["BasicAuthParameters"]
            let text = "\(basic?["Username"]?.stringValue ?? ""):\(basic?["Password"]?.stringValue ?? "")"
            headers.append(("Authorization", "Basic " + Base64.encode(Array(text.utf8))))
        case .apiKey:
            let key = connection.authParameters["ApiKeyAuthParameters"]
            headers.append((key?["ApiKeyName"]?.stringValue ?? "", key?["ApiKeyValue"]?.stringValue ?? ""))
        case .oauth:
            let isRefused = request.string("Refused").map { $0 == connection.token.map { "Bearer \($0)" } } ?? false
            let isOver = connection.tokenEnd.map { $0 < clock.now().milliseconds + Self.tokenReserve } ?? false
            if isRefused || isOver || connection.token == nil {
                connection = try await tokens.refreshed(connection)
            }
            guard let token = connection.token else {
                throw AWSError(
                    "ConnectionResource.InvalidConnectionState",
                    "The connection \(arn) has no access token. \(connection.reason ?? "")"
                )
            }
            headers.append(("Authorization", "Bearer \(token)"))
        }
        return AWSResponse([
            "Headers": Self.list(headers + added.headers), "QueryStringParameters": Self.list(added.query),
            "BodyParameters": Self.list(added.body),
            "AuthorizationType": .string(connection.authorizationType.rawValue),
        ])
    }

    private func connection(_ text: String, for caller: Caller) async throws -> Connection {
        let missing = AWSError("ConnectionResource.ResourceNotFound", "The connection \(text) does not exist.")
        let parts = text.split(separator: "/")
        guard let arn = ARN(text), arn.service == "events", arn.resource.hasPrefix("connection/"), parts.count == 3
        else { throw missing }
        let owner = Caller(account: arn.account, region: arn.region)
        let found = try await store.read { db in try Connection.fetch(String(parts[1]), of: owner, in: db) }
        guard let found, found.arn == text, arn.account == caller.account else { throw missing }
        return found
    }

    private static func list(_ pairs: [(name: String, value: String)]) -> JSON {
        .array(pairs.map { ["Key": .string($0.name), "Value": .string($0.value)] })
    }
}
