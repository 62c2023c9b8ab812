/// Finds out which operation of which service a request asks for.
///
/// In this order the service is known by: the path of Smithy RPC v2, `X-Amz-Target`, the credential scope of the
/// signature, `Action` in the query, the host name, a path that only Lambda has; what remains is S3.
public struct RequestRouter: Sendable {
    /// The names under which a service or a bucket may stand.
    public static let defaultHostSuffixes = ["localhost", "localhost.localstack.cloud", "amazonaws.com"]

    private let hostSuffixes: [String]

    public init(hostSuffixes: [String] = RequestRouter.defaultHostSuffixes) { self.hostSuffixes = hostSuffixes }

    /// The operation that a request asks for.
    /// - Throws: `NotImplemented` (501) where AWS has the operation and Trainyard does not; else what AWS answers to
    ///   an operation that there is not.
    public func route(_ head: HTTPRequestHead) throws(AWSError) -> RoutedRequest {
        let query = QueryItems(parsing: head.query)
        let destination = try destination(head, query)
        switch destination.wireProtocol {
        case .rpcV2CBOR:
            let name = head.path.split(separator: "/").last.map(String.init) ?? ""
            return try routed(head, query, destination, named: name)
        case .awsJSON10, .awsJSON11:
            let name = head.headers["x-amz-target"]?.split(separator: ".").last.map(String.init) ?? ""
            return try routed(head, query, destination, named: name)
        case .query:
            guard let name = query["Action"] else { return RoutedRequest(head, query, destination, operation: nil) }
            return try routed(head, query, destination, named: name)
        case .restXML, .restJSON:
            return try routeREST(head, query, destination)
        }
    }

    /// The answer to a request that may not even have been routed, in the words of its protocol.
    public func answer(_ error: AWSError, to head: HTTPRequestHead, requestID: String) -> HTTPAnswer {
        let destination = try? destination(head, QueryItems(parsing: head.query))
        let spoken = Self.protocolOfUnknownService(head)
        return ErrorAnswer(error, head, destination?.wireProtocol ?? spoken, destination?.service, requestID).http
    }

    /// A service that is not known here still has clients that read only their own protocol.
    private static func protocolOfUnknownService(_ head: HTTPRequestHead) -> WireProtocol {
        if head.headers.contains("x-amz-target") { return .awsJSON11 }
        if head.headers["content-type"]?.hasPrefix("application/x-www-form-urlencoded") ?? false { return .query }
        let scope = CredentialScope(of: head, QueryItems(parsing: head.query))
        return scope.map { $0.service != "s3" } ?? false ? .restJSON : .restXML
    }

    // MARK: The service

    struct Destination {
        var service: ServiceModel
        var wireProtocol: WireProtocol
        /// What the host's name says, where that is asked for.
        var host = HostAddress()
    }

    private func destination(_ head: HTTPRequestHead, _ query: QueryItems) throws(AWSError) -> Destination {
        if let smithy = head.headers["smithy-protocol"], smithy == "rpc-v2-cbor" {
            let service = try serviceOfSmithyPath(head.path)
            return Destination(service: service, wireProtocol: .rpcV2CBOR)
        }
        if let target = head.headers["x-amz-target"] {
            let prefix = target.prefix { $0 != "." }
            guard let service = ServiceModels.model(targetPrefix: String(prefix)) else {
                throw Self.unknownService(target)
            }
            let isVersion10 = head.headers["content-type"]?.hasPrefix("application/x-amz-json-1.0") ?? false
            return Destination(service: service, wireProtocol: isVersion10 ? .awsJSON10 : .awsJSON11)
        }
        let host = HostAddress(head.headers["host"] ?? "", suffixes: hostSuffixes)
        let service = try service(head, query, host)
        return Destination(service: service, wireProtocol: service.wireProtocol, host: host)
    }

    private func service(
        _ head: HTTPRequestHead,
        _ query: QueryItems,
        _ host: HostAddress
    ) throws(AWSError) -> ServiceModel {
        if let scope = CredentialScope(of: head, query) {
            let name = scope.service == "s3express" ? "s3" : scope.service
            guard let service = ServiceModels.model(signingName: name) else { throw Self.unknownService(name) }
            return Self.sibling(of: service, at: head.path)
        }
        if query.contains("Action"), let version = query["Version"], let service = Self.service(version: version) {
            return service
        }
        if let name = host.service, let service = ServiceModels.model(signingName: name) { return service }
        if head.method == "POST", head.path == "/",
            head.headers["content-type"]?.hasPrefix("application/x-www-form-urlencoded") ?? false,
            let service = ServiceModels.model(signingName: "sts")
        {
            return service
        }
        let isDated = head.path.utf8.dropFirst().first.map { (0x30...0x39).contains($0) } ?? false
        if isDated, let lambda = ServiceModels.model(signingName: "lambda"),
            case .match = lambda.routes.match(head, path: head.path, query: query)
        {
            return lambda
        }
        guard let s3 = ServiceModels.model(signingName: "s3") else { throw Self.unknownService("s3") }
        return s3
    }

    /// SageMaker's REST services sign with the name of its JSON service, and are told from it by their paths.
    private static func sibling(of service: ServiceModel, at path: String) -> ServiceModel {
        guard service.signingName == "sagemaker" else { return service }
        let name = path.hasPrefix("/endpoints/") ? "sagemaker-runtime" : "sagemaker-metrics"
        guard path != "/", let sibling = ServiceModels.model(signingName: name) else { return service }
        return sibling
    }

    /// The services of the query protocol by the version that their clients send.
    static func service(version: String) -> ServiceModel? {
        ServiceModels.all.first { $0.wireProtocol == .query && $0.apiVersion == version }
    }

    /// `/service/AWSStepFunctions/operation/StartExecution`.
    private func serviceOfSmithyPath(_ path: String) throws(AWSError) -> ServiceModel {
        let parts = path.split(separator: "/")
        guard let place = parts.lastIndex(of: "service"), parts.count > place + 3, parts[place + 2] == "operation",
            let service = ServiceModels.model(targetPrefix: String(parts[place + 1]))
        else { throw Self.unknownService(path) }
        return service
    }

    // MARK: The operation

    private func routed(
        _ head: HTTPRequestHead,
        _ query: QueryItems,
        _ destination: Destination,
        named name: String
    ) throws(AWSError) -> RoutedRequest {
        let operation = try destination.service.servedOperation(name)
        return RoutedRequest(head, query, destination, operation: operation)
    }

    private func routeREST(
        _ head: HTTPRequestHead,
        _ query: QueryItems,
        _ destination: Destination
    ) throws(AWSError) -> RoutedRequest {
        let bucket = destination.service.signingName == "s3" ? destination.host.bucket : nil
        let path = bucket.map { "/" + PercentEncoding.encode($0) + head.path } ?? head.path
        switch destination.service.routes.match(head, path: path, query: query) {
        case .match(let match):
            let operation = try destination.service.servedOperation(match.binding.operation)
            let labels = match.labels
            return RoutedRequest(
                head,
                query,
                destination,
                operation: operation,
                labels: labels,
                isHostStyle: bucket != nil
            )
        case .otherMethod where destination.service.wireProtocol == .restXML:
            throw AWSError(
                "MethodNotAllowed",
                "The specified method is not allowed against this resource.",
                status: 405
            )
        case .otherMethod, .none:
            throw AWSError(
                "UnknownOperationException",
                "\(destination.service.serviceID) has no operation at \(head.method) \(head.path).",
                status: 404
            )
        }
    }

    private static func unknownService(_ name: String) -> AWSError {
        AWSError(
            "NotImplemented",
            "Trainyard does not serve \(name). Docs/compatibility.md and GET /_trainyard/health list what it serves.",
            status: 501
        )
    }
}

extension RoutedRequest {
    init(
        _ head: HTTPRequestHead,
        _ query: QueryItems,
        _ destination: RequestRouter.Destination,
        operation: OperationModel?,
        labels: [(name: String, value: String)] = [],
        isHostStyle: Bool = false
    ) {
        self.init(
            head: head,
            service: destination.service,
            wireProtocol: destination.wireProtocol,
            operation: operation,
            labels: labels,
            query: query,
            isHostStyle: isHostStyle
        )
    }
}

extension ServiceModel {
    /// The operation of that name.
    /// - Throws: `NotImplemented` where AWS has it, else what the protocol's services answer to unknown names.
    func servedOperation(_ name: String) throws(AWSError) -> OperationModel {
        if let operation = operations[name] { return operation }
        guard !unservedOperations.contains(name) else { throw .notServed(Operation(signingName, name)) }
        guard wireProtocol == .query else {
            throw AWSError("UnknownOperationException", "\(serviceID) has no operation \"\(name)\".")
        }
        throw AWSError("InvalidAction", "Could not find operation \(name) for version \(apiVersion)")
    }
}
