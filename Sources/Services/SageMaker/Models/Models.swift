import AWSProtocol
import GRDB
import JSON
import Logging
import Store

extension SageMakerService {
    var modelOperations: [String: OperationHandler] {
        [
            "CreateModel": createModel,
            "DescribeModel": describeModel,
            "ListModels": listModels,
            "DeleteModel": deleteModel,
        ]
    }

    /// `CreateModel`: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModel.html
    func createModel(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("ModelName")
        let hasOne = request["PrimaryContainer"] != nil
        let hasSeveral = !(request["Containers"]?.arrayValue ?? []).isEmpty
        guard hasOne != hasSeveral else {
            let problem = hasOne ? "not both" : "one of them"
            throw AWSError("ValidationException", "Specify PrimaryContainer or Containers, \(problem).")
        }
        try await checkModelData(request)
        var document = request.input
        let tags = document.removeValue(forKey: "Tags")
        let caller = request.caller
        let draft = ResourceRecord(.model, name, of: caller, created: clock.now(), document: document)
        try await store.write { [events = store.events] db in
            _ = try Self.servable(draft, in: db)
            guard try ResourceRecord.find(.model, name, of: caller, in: db) == nil else {
                throw AWSError("ValidationException", "Cannot create already existing model \"\(draft.arn)\".")
            }
            var model = draft
            try model.insert(in: db)
            try Self.setTags(tags, of: model.arn, in: db)
            try events.tell(model: model, at: model.created, in: db)
        }
        return .output(["ModelArn": .string(draft.arn)])
    }

    /// `DescribeModel`
    func describeModel(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("ModelName")
        let model = try await store.read { [caller = request.caller] db in
            try Self.requireModel(name, caller, in: db)
        }
        return AWSResponse(Self.description(ofModel: model))
    }

    static func description(ofModel model: ResourceRecord) -> JSON.Object {
        var output = model.document
        output["PrimaryContainer"] = output["PrimaryContainer"].map(Self.completed)
        if let containers = output["Containers"]?.arrayValue {
            output["Containers"] = .array(containers.map(Self.completed))
        }
        output["EnableNetworkIsolation"] = output["EnableNetworkIsolation"] ?? false
        output["CreationTime"] = model.created.json
        output["ModelArn"] = .string(model.arn)
        return output
    }

    /// `ListModels`
    func listModels(_ request: AWSRequest) async throws -> AWSResponse {
        try await listResources(.model, request, "Models") { model in
            ["ModelName": .string(model.name), "ModelArn": .string(model.arn), "CreationTime": model.created.json]
        }
    }

    /// `DeleteModel`
    func deleteModel(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("ModelName")
        let caller = request.caller
        let now = clock.now()
        try await store.write { [events = store.events] db in
            let model = try Self.requireModel(name, caller, in: db)
            try events.tell(model: model, at: now, in: db)
            try Self.deleteResource(model, in: db)
        }
        return AWSResponse()
    }

    static func requireModel(_ name: String, _ caller: Caller, in db: Database) throws -> ResourceRecord {
        guard let model = try ResourceRecord.find(.model, name, of: caller, in: db) else {
            throw unknownModel(name, caller)
        }
        return model
    }

    private static func unknownModel(_ name: String, _ caller: Caller) -> AWSError {
        AWSError("ValidationException", "Could not find model \"\(ResourceRecord.arn(.model, name, caller))\".")
    }

    /// A container definition with the members that AWS fills in.
    private static func completed(_ container: JSON) -> JSON {
        var container = container
        container["Mode"] = container["Mode"] ?? "SingleModel"
        container["Environment"] = container["Environment"] ?? [:]
        if container["ModelDataSource"] == nil, let url = container["ModelDataUrl"], url.stringValue != nil {
            container["ModelDataSource"] = [
                "S3DataSource": ["S3Uri": url, "S3DataType": "S3Object", "CompressionType": "Gzip"]
            ]
        }
        return container
    }

    /// Looks whether the model's data are in S3. Where they need not be yet, an endpoint fails for the lack.
    private func checkModelData(_ request: AWSRequest) async throws {
        let containers = request["Containers"]?.arrayValue ?? [request["PrimaryContainer"] ?? .null]
        // Those of several models are looked for when they are asked for.
        let single = containers.filter { $0["Mode"]?.stringValue != "MultiModel" }
        for url in single.compactMap({ $0["ModelDataUrl"]?.stringValue }) where !url.isEmpty {
            guard await !isObject(url, as: request.caller) else { continue }
            let problem = "Could not find model data at \(url)."
            guard !requiresModelData else { throw AWSError("ValidationException", problem) }
            logger.warning("\(problem) AWS would refuse to create the model.")
        }
    }

    private func isObject(_ url: String, as caller: Caller) async -> Bool {
        guard let location = S3Location(url) else { return false }
        let object: JSON = ["Bucket": .string(location.bucket), "Key": .string(location.key)]
        return (try? await aws.call("s3:HeadObject", object, as: caller)) != nil
    }
}
