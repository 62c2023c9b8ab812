/// What AWS publishes about one service: facts from its service model, of the operations that Trainyard serves.
public final class ServiceModel: Sendable {
    /// The name in credential scopes and in `Operation.service`: `states`, `logs`.
    public let signingName: String
    /// AWS's service id: `SFN`, `CloudWatch Logs`.
    public let serviceID: String
    /// The id as in `arn:aws:states:::aws-sdk:sfn:startExecution`: lower case, without spaces.
    public let sdkID: String
    /// The first part of the service's host name: `states`, `api.ecr`.
    public let endpointPrefix: String
    /// What comes before the dot in `X-Amz-Target`; nil where the protocol has none.
    public let targetPrefix: String?
    public let apiVersion: String
    /// The protocol of clients that do not say another.
    public let wireProtocol: WireProtocol
    /// The operations served, by AWS's name.
    public let operations: [String: OperationModel]
    /// The names of the operations that AWS has and Trainyard does not serve.
    public let unservedOperations: Set<String>
    /// The errors of the operations served, by their code on the wire.
    public let errors: [String: ErrorModel]

    let namespace: String?
    /// Whether its clients of other protocols are told the error codes of the query protocol too.
    let isQueryCompatible: Bool
    let routes: RESTRoutes
    private let sdkActions: [String: OperationModel]

    init(_ facts: ServiceFacts) {
        signingName = facts.signingName
        serviceID = facts.serviceID
        sdkID = facts.serviceID.lowercased().filter { $0 != " " && $0 != "-" }
        endpointPrefix = facts.endpointPrefix
        targetPrefix = facts.targetPrefix
        apiVersion = facts.apiVersion
        wireProtocol = facts.wireProtocol
        operations = facts.operations
        unservedOperations = facts.unserved
        errors = facts.errors
        namespace = facts.namespace
        isQueryCompatible = facts.isQueryCompatible
        routes = RESTRoutes(facts.bindings)
        sdkActions = [String: OperationModel](
            facts.operations.map { (Self.sdkAction($0.key), $0.value) },
            uniquingKeysWith: { first, _ in first }
        )
    }

    /// The operation of that name (`StartExecution`), or nil where it is not served.
    public func operation(_ name: String) -> OperationModel? { operations[name] }

    /// The operation that an `aws-sdk` integration spells in camel case (`startExecution`), or nil.
    public func operation(sdkAction: String) -> OperationModel? { sdkActions[sdkAction] }

    private static func sdkAction(_ name: String) -> String { name.prefix(1).lowercased() + name.dropFirst() }
}

/// What AWS publishes about an error.
public struct ErrorModel: Sendable {
    /// The code on the wire.
    public var code: String
    public var status: Int
    /// The name of the member with the message: `message` or `Message`.
    var messageMember: String
    /// Whether the error says of itself whose fault it is, as Lambda's do.
    var hasType: Bool
    /// The name of its shape, which differs from the code only in services that came from the query protocol.
    var shapeName: String
}
