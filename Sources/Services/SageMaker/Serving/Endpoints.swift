import AWSProtocol
import GRDB
import JSON
import Store

extension SageMakerService {
    var endpointOperations: [String: OperationHandler] {
        [
            "CreateEndpoint": createEndpoint,
            "DescribeEndpoint": describeEndpoint,
            "ListEndpoints": listEndpoints,
            "UpdateEndpoint": updateEndpoint,
            "UpdateEndpointWeightsAndCapacities": updateEndpointWeightsAndCapacities,
            "DeleteEndpoint": deleteEndpoint,
        ]
    }

    /// `CreateEndpoint`: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpoint.html
    func createEndpoint(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("EndpointName")
        let configName = try request.requiredString("EndpointConfigName")
        let caller = request.caller
        let draft = ResourceRecord(
            .endpoint,
            name,
            of: caller,
            created: clock.now(),
            document: .compact(["DeploymentConfig": request["DeploymentConfig"]])
        )
        let record = try await store.write { [tags = request["Tags"], events = store.events] db in
            guard try EndpointRecord.find(name, of: caller, in: db) == nil else {
                throw AWSError("ValidationException", "Cannot create already existing endpoint \"\(draft.arn)\".")
            }
            var record = EndpointRecord(draft)
            record.status = .creating
            record.pending = try Self.deployment(configName, caller, in: db)
            try record.resource.insert(in: db)
            try Self.setTags(tags, of: record.arn, in: db)
            try events.tell(record, at: record.resource.created, in: db)
            return record
        }
        await fleet.deployBriefly(record)
        return .output(["EndpointArn": .string(record.arn)])
    }

    /// `DescribeEndpoint`
    func describeEndpoint(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("EndpointName")
        let record = try await store.read { [caller = request.caller] db in
            try Self.requireEndpoint(name, caller, in: db)
        }
        return AWSResponse(Self.description(ofEndpoint: record))
    }

    static func description(ofEndpoint record: EndpointRecord) -> JSON.Object {
        let config = record.current ?? record.pending
        return .compact([
            "EndpointName": .string(record.name),
            "EndpointArn": .string(record.arn),
            "EndpointConfigName": (config?.configName ?? record.failedConfigName).map { .string($0) },
            "ProductionVariants": record.current.map { current in
                .array(current.variants.map { Self.summary($0, record) })
            },
            "DataCaptureConfig": config?.config["DataCaptureConfig"].map(Self.captureSummary),
            "EndpointStatus": .string(record.status.rawValue),
            "FailureReason": record.failureReason.map { .string($0) },
            "CreationTime": record.resource.created.json,
            "LastModifiedTime": record.resource.modified.json,
            "LastDeploymentConfig": record.resource.document["DeploymentConfig"],
            "AsyncInferenceConfig": config?.config["AsyncInferenceConfig"],
            "ExplainerConfig": config?.config["ExplainerConfig"],
            "ShadowProductionVariants": record.current.flatMap { current in
                current.shadows.isEmpty ? nil : .array(current.shadows.map { Self.summary($0, record) })
            },
            "PendingDeploymentSummary": record.pending.map { pending in
                [
                    "EndpointConfigName": .string(pending.configName),
                    "ProductionVariants": .array(
                        pending.variants.map { variant in
                            ["VariantName": .string(variant.name), "DesiredWeight": .double(variant.weight)]
                        }
                    ),
                    "StartTime": record.resource.modified.json,
                ]
            },
        ])
    }

    /// `ListEndpoints`
    func listEndpoints(_ request: AWSRequest) async throws -> AWSResponse {
        try await listResources(.endpoint, request, "Endpoints") { endpoint in
            [
                "EndpointName": .string(endpoint.name), "EndpointArn": .string(endpoint.arn),
                "CreationTime": endpoint.created.json, "LastModifiedTime": endpoint.modified.json,
                "EndpointStatus": .string(endpoint.status),
            ]
        }
    }

    /// `UpdateEndpoint`: the new servers are healthy before they take the place of the old, which end after what they
    /// are doing.
    func updateEndpoint(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("EndpointName")
        let configName = try request.requiredString("EndpointConfigName")
        let caller = request.caller
        let now = clock.now()
        let retains = request.bool("RetainAllVariantProperties") ?? false
        let excluded = Set(
            request["ExcludeRetainedVariantProperties"]?.arrayValue?.compactMap {
                $0["VariantPropertyType"]?.stringValue
            } ?? []
        )
        _ = try TrafficShift(request["DeploymentConfig"], instanceCount: 1)
        let record = try await store.write { [deployment = request["DeploymentConfig"], events = store.events] db in
            var record = try Self.requireSettledEndpoint(name, caller, in: db)
            var pending = try Self.deployment(configName, caller, in: db)
            if retains, let current = record.current { pending.retain(current, except: excluded) }
            record.pending = pending
            record.status = .updating
            record.failureReason = nil
            if let deployment { record.resource.document["DeploymentConfig"] = deployment }
            try record.update(at: now, telling: events, in: db)
            return record
        }
        await fleet.deployBriefly(record)
        return .output(["EndpointArn": .string(record.arn)])
    }

    /// `UpdateEndpointWeightsAndCapacities`. One machine has no more instances to give: counts are kept, and described.
    func updateEndpointWeightsAndCapacities(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("EndpointName")
        let caller = request.caller
        let now = clock.now()
        let record = try await store.write {
            [wanted = request["DesiredWeightsAndCapacities"], events = store.events] db in
            var record = try Self.requireSettledEndpoint(name, caller, in: db)
            guard var current = record.current else {
                throw AWSError("ValidationException", "Cannot update the endpoint \"\(record.arn)\": it has failed.")
            }
            try current.change(wanted?.arrayValue ?? [])
            // The change takes no time here; that the endpoint was changed is told all the same.
            try events.tell(record, status: "UPDATING", at: now, in: db)
            record.current = current
            try record.update(at: now, telling: events, in: db)
            return record
        }
        if let current = record.current { fleet.endpoint(record.key)?.setWeights(of: current) }
        return .output(["EndpointArn": .string(record.arn)])
    }

    /// `DeleteEndpoint`: requests are refused from now on; the servers end after what they are doing.
    func deleteEndpoint(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("EndpointName")
        let caller = request.caller
        let now = clock.now()
        try await store.write { [events = store.events] db in
            let record = try Self.requireSettledEndpoint(name, caller, in: db)
            try events.tell(record, status: "DELETING", at: now, in: db)
            try Self.deleteResource(record.resource, in: db)
        }
        fleet.remove(EndpointKey(name, of: caller))
        return AWSResponse()
    }

    // MARK: -

    private static func requireEndpoint(_ name: String, _ caller: Caller, in db: Database) throws -> EndpointRecord {
        if let record = try EndpointRecord.find(name, of: caller, in: db) { return record }
        let arn = ResourceRecord.arn(.endpoint, name, caller)
        throw AWSError("ValidationException", "Could not find endpoint \"\(arn)\".")
    }

    /// The endpoint, unless it is being created or changed.
    private static func requireSettledEndpoint(
        _ name: String,
        _ caller: Caller,
        in db: Database
    ) throws -> EndpointRecord {
        let record = try requireEndpoint(name, caller, in: db)
        guard !record.status.isInProgress else {
            throw AWSError("ValidationException", "Cannot update in-progress endpoint \"\(record.arn)\".")
        }
        return record
    }

    /// What the configuration of that name says now.
    private static func deployment(
        _ configName: String,
        _ caller: Caller,
        in db: Database
    ) throws -> EndpointDeployment {
        let config = try requireEndpointConfig(configName, caller, in: db)
        var models: JSON.Object = [:]
        for name in EndpointDeployment.modelNames(config.document) {
            let model = try requireModel(name, caller, in: db)
            models[name] = .object(try servable(model, in: db))
        }
        return EndpointDeployment(configName: configName, config: config.document, models: models)
    }

    /// A `ProductionVariantSummary`.
    private static func summary(_ variant: EndpointDeployment.Variant, _ record: EndpointRecord) -> JSON {
        let model = record.current?.models[variant.modelName]
        let containers = model?["Containers"]?.arrayValue ?? [model?["PrimaryContainer"] ?? [:]]
        return .compact([
            "VariantName": .string(variant.name),
            "DeployedImages": .array(
                containers.compactMap { container in
                    guard let image = container["Image"] else { return nil }
                    return [
                        "SpecifiedImage": image, "ResolvedImage": image,
                        "ResolutionTime": record.resource.modified.json,
                    ]
                }
            ),
            "CurrentWeight": .double(variant.weight),
            "DesiredWeight": .double(variant.weight),
            "CurrentInstanceCount": variant.instanceCount.map { .integer($0) },
            "DesiredInstanceCount": variant.instanceCount.map { .integer($0) },
            "CurrentServerlessConfig": variant.document["ServerlessConfig"],
            "DesiredServerlessConfig": variant.document["ServerlessConfig"],
            "ManagedInstanceScaling": variant.document["ManagedInstanceScaling"],
            "RoutingConfig": variant.document["RoutingConfig"],
        ])
    }

    /// A `DataCaptureConfigSummary`.
    private static func captureSummary(_ config: JSON) -> JSON {
        let isOn = config["EnableCapture"]?.boolValue ?? true
        return [
            "EnableCapture": .bool(isOn),
            "CaptureStatus": isOn ? "Started" : "Stopped",
            "CurrentSamplingPercentage": config["InitialSamplingPercentage"] ?? 100,
            "DestinationS3Uri": config["DestinationS3Uri"] ?? "",
            "KmsKeyId": config["KmsKeyId"] ?? "",
        ]
    }
}
