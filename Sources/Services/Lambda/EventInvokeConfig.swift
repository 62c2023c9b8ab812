import AWSProtocol
import JSON

/// How asynchronous events are retried, and where they go after.
extension LambdaService {
    private static let table = "lambda_event_invoke_configs"

    /// Replaces the configuration.
    func putFunctionEventInvokeConfig(_ request: AWSRequest) async throws -> AWSResponse {
        try await setEventInvokeConfig(request) { _ in [:] }
    }

    /// Changes what is given of an existing configuration.
    func updateFunctionEventInvokeConfig(_ request: AWSRequest) async throws -> AWSResponse {
        try await setEventInvokeConfig(request) { try $0.eventInvokeConfig() }
    }

    func getFunctionEventInvokeConfig(_ request: AWSRequest) async throws -> AWSResponse {
        let reference = try latestByDefault(request)
        let configuration = try await read(reference) { try $0.eventInvokeConfig() }
        return AWSResponse(output(configuration, reference))
    }

    func deleteFunctionEventInvokeConfig(_ request: AWSRequest) async throws -> AWSResponse {
        let reference = try latestByDefault(request)
        try await change(reference) { rows in
            _ = try rows.eventInvokeConfig()
            try rows.delete(Self.table, "qualifier", reference.qualifier ?? "")
        }
        return AWSResponse(status: 204)
    }

    func listFunctionEventInvokeConfigs(_ request: AWSRequest) async throws -> AWSResponse {
        let reference = try reference(request).qualified(nil)
        let configurations = try await read(reference) { rows in
            _ = try rows.function()
            return try rows.documents(Self.table, "qualifier")
        }
        let outputs = configurations.map { JSON.object(output($0.document, reference.qualified($0.key))) }
        return try page(outputs, "FunctionEventInvokeConfigs", request)
    }

    private func setEventInvokeConfig(
        _ request: AWSRequest,
        from base: @escaping @Sendable (FunctionRows) throws -> JSON.Object
    ) async throws -> AWSResponse {
        let reference = try latestByDefault(request)
        let now = clock.now()
        let configuration = try await change(reference) { rows in
            _ = try rows.resolve()
            var configuration = try base(rows)
            for member in ["MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig"] {
                if let value = request[member] { configuration[member] = value }
            }
            configuration["LastModified"] = now.json
            try rows.save(configuration, Self.table, "qualifier", reference.qualifier ?? "")
            return configuration
        }
        return AWSResponse(output(configuration, reference))
    }

    private func latestByDefault(_ request: AWSRequest) throws(AWSError) -> FunctionReference {
        let reference = try reference(request)
        return reference.qualified(reference.qualifier ?? "$LATEST")
    }

    private func output(_ configuration: JSON.Object, _ reference: FunctionReference) -> JSON.Object {
        let fixed: JSON.Object = [
            "FunctionArn": .string(reference.arn), "DestinationConfig": ["OnSuccess": [:], "OnFailure": [:]],
        ]
        return fixed.merging(configuration)
    }
}

extension FunctionRows {
    /// - Throws: `ResourceNotFoundException` where none has been put.
    fileprivate func eventInvokeConfig() throws -> JSON.Object {
        _ = try resolve()
        guard let found = try document("lambda_event_invoke_configs", "qualifier", reference.qualifier ?? "") else {
            throw AWSError.notFound("The function \(reference.arn) doesn't have an EventInvokeConfig")
        }
        return found
    }
}
