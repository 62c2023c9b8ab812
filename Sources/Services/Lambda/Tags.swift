import AWSProtocol
import JSON

extension LambdaService {
    private static let maximumTags = 50

    func listTags(_ request: AWSRequest) async throws -> AWSResponse {
        let function = try await read(try taggedFunction(request)) { try $0.function() }
        return AWSResponse(["Tags": .object(function.tags)])
    }

    func tagResource(_ request: AWSRequest) async throws -> AWSResponse {
        let tags = request["Tags"]?.objectValue ?? [:]
        try await change(try taggedFunction(request)) { rows in
            var function = try rows.function()
            function.tags.merge(tags)
            guard function.tags.count <= Self.maximumTags else {
                throw AWSError.invalidParameter("Exceeded maximum number of tags allowed.")
            }
            try rows.save(function)
        }
        return AWSResponse(status: 204)
    }

    func untagResource(_ request: AWSRequest) async throws -> AWSResponse {
        let keys = request.strings("TagKeys")
        try await change(try taggedFunction(request)) { rows in
            var function = try rows.function()
            for key in keys { function.tags.removeValue(forKey: key) }
            try rows.save(function)
        }
        return AWSResponse(status: 204)
    }

    private func taggedFunction(_ request: AWSRequest) throws(AWSError) -> FunctionReference {
        let reference = try FunctionReference(request.requiredString("Resource"), caller: request.caller)
        guard reference.qualifier == nil else {
            throw .invalidParameter(
                "Tags on function aliases and versions are not supported. Please specify a function ARN."
            )
        }
        return reference
    }
}
