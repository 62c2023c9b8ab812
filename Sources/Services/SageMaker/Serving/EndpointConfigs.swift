import AWSProtocol
import GRDB
import JSON
import Store

extension SageMakerService {
    var endpointConfigOperations: [String: OperationHandler] {
        [
            "CreateEndpointConfig": createEndpointConfig,
            "DescribeEndpointConfig": describeEndpointConfig,
            "ListEndpointConfigs": listEndpointConfigs,
            "DeleteEndpointConfig": deleteEndpointConfig,
        ]
    }

    /// `CreateEndpointConfig`:
    /// https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpointConfig.html
    func createEndpointConfig(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("EndpointConfigName")
        let caller = request.caller
        var document = request.input
        let tags = document.removeValue(forKey: "Tags")
        try Self.checkVariants(document)
        let models = EndpointDeployment.modelNames(document)
        let draft = ResourceRecord(.endpointConfig, name, of: caller, created: clock.now(), document: document)
        try await store.write { [events = store.events] db in
            guard try ResourceRecord.find(.endpointConfig, name, of: caller, in: db) == nil else {
                throw AWSError(
                    "ValidationException",
                    "Cannot create already existing endpoint configuration \"\(draft.arn)\"."
                )
            }
            for model in models where try ResourceRecord.find(.model, model, of: caller, in: db) == nil {
                let arn = ResourceRecord.arn(.model, model, caller)
                throw AWSError("ValidationException", "Could not find model \"\(arn)\".")
            }
            var config = draft
            try config.insert(in: db)
            try Self.setTags(tags, of: config.arn, in: db)
            try events.tell(endpointConfig: config, at: config.created, in: db)
        }
        return .output(["EndpointConfigArn": .string(draft.arn)])
    }

    /// `DescribeEndpointConfig`
    func describeEndpointConfig(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("EndpointConfigName")
        let config = try await store.read { [caller = request.caller] db in
            try Self.requireEndpointConfig(name, caller, in: db)
        }
        var output = config.document
        output["EndpointConfigName"] = .string(config.name)
        output["EndpointConfigArn"] = .string(config.arn)
        output["CreationTime"] = config.created.json
        output["EnableNetworkIsolation"] = output["EnableNetworkIsolation"] ?? false
        return AWSResponse(output)
    }

    /// `ListEndpointConfigs`
    func listEndpointConfigs(_ request: AWSRequest) async throws -> AWSResponse {
        try await listResources(.endpointConfig, request, "EndpointConfigs") { config in
            [
                "EndpointConfigName": .string(config.name), "EndpointConfigArn": .string(config.arn),
                "CreationTime": config.created.json,
            ]
        }
    }

    /// `DeleteEndpointConfig`. Endpoints made from it go on: they keep what it said.
    func deleteEndpointConfig(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("EndpointConfigName")
        let caller = request.caller
        let now = clock.now()
        try await store.write { [events = store.events] db in
            let config = try Self.requireEndpointConfig(name, caller, in: db)
            try events.tell(endpointConfig: config, at: now, in: db)
            try Self.deleteResource(config, in: db)
        }
        return AWSResponse()
    }

    static func requireEndpointConfig(_ name: String, _ caller: Caller, in db: Database) throws -> ResourceRecord {
        if let config = try ResourceRecord.find(.endpointConfig, name, of: caller, in: db) { return config }
        let arn = ResourceRecord.arn(.endpointConfig, name, caller)
        throw AWSError("ValidationException", "Could not find endpoint configuration \"\(arn)\".")
    }

    /// What a serverless variant may have, in MB.
    private static let memorySizes = [1024, 2048, 3072, 4096, 5120, 6144]

    private static func checkVariants(_ document: JSON.Object) throws(AWSError) {
        let variants = document["ProductionVariants"]?.arrayValue ?? []
        let all = variants + (document["ShadowProductionVariants"]?.arrayValue ?? [])
        if all.count > variants.count, all.count != 2 || variants.count != 1 {
            throw AWSError(
                "ValidationException",
                "ShadowProductionVariants needs exactly one production variant and exactly one shadow variant."
            )
        }
        let names = all.compactMap { $0["VariantName"]?.stringValue }
        guard Set(names).count == names.count else {
            throw AWSError("ValidationException", "Variant names must be unique within an endpoint configuration.")
        }
        for variant in variants where variant["ModelName"] == nil {
            throw AWSError(
                "ValidationException",
                "The production variant \(variant["VariantName"]?.stringValue ?? "") names no model. Trainyard does "
                    + "not serve inference components: give ModelName."
            )
        }
        for variant in all {
            guard let size = variant["ServerlessConfig"]?["MemorySizeInMB"]?.intValue, !memorySizes.contains(size)
            else {
                continue
            }
            throw AWSError(
                "ValidationException",
                "1 validation error detected: Value '\(size)' at 'memorySizeInMB' failed to satisfy constraint: Member "
                    + "must satisfy enum value set: [\(memorySizes.map(String.init).joined(separator: ", "))]"
            )
        }
        for variant in all where variant["ServerlessConfig"] == nil && variant["InstanceType"] == nil {
            throw AWSError(
                "ValidationException",
                "Either InstanceType or ServerlessConfig must be specified for the production variant "
                    + "\(variant["VariantName"]?.stringValue ?? "")."
            )
        }
    }
}
