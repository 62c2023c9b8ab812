import AWSProtocol
import JSON

/// What an endpoint serves: its configuration and its models as they were when it was created or updated, since both may
/// be deleted while the endpoint goes on.
struct EndpointDeployment: Sendable, Equatable {
    struct Variant: Sendable, Equatable {
        var name: String
        var modelName: String
        var weight: Double
        /// nil where the variant is serverless.
        var instanceCount: Int?
        /// As the configuration has it.
        var document: JSON

        init(_ document: JSON) {
            name = document["VariantName"]?.stringValue ?? ""
            modelName = document["ModelName"]?.stringValue ?? ""
            weight = document["InitialVariantWeight"]?.doubleValue ?? 1
            instanceCount =
                document["ServerlessConfig"] == nil ? document["InitialInstanceCount"]?.intValue ?? 1 : nil
            self.document = document
        }
    }

    var configName: String
    var config: JSON.Object
    /// The models' documents, by name.
    var models: JSON.Object
    var variants: [Variant]

    init(configName: String, config: JSON.Object, models: JSON.Object) {
        self.configName = configName
        self.config = config
        self.models = models
        variants = config["ProductionVariants"]?.arrayValue?.map(Variant.init) ?? []
    }

    /// The models that are needed, by name.
    static func modelNames(_ config: JSON.Object) -> [String] {
        ["ProductionVariants", "ShadowProductionVariants"].flatMap { member in
            config[member]?.arrayValue?.compactMap { $0["ModelName"]?.stringValue } ?? []
        }
    }

    func model(of variant: Variant, owner: Caller) throws(ServingFailure) -> ModelDefinition {
        guard let document = models[variant.modelName]?.objectValue else {
            throw ServingFailure("Could not find model \"\(variant.modelName)\".")
        }
        return try ModelDefinition(name: variant.modelName, of: owner, document)
    }

    /// Sets weights and counts: `DesiredWeightsAndCapacities`.
    /// - Throws: `ValidationException` where a variant is not there, or is named twice.
    mutating func change(_ wanted: [JSON]) throws(AWSError) {
        var named: Set<String> = []
        for change in wanted {
            let name = change["VariantName"]?.stringValue ?? ""
            guard named.insert(name).inserted else {
                throw AWSError("ValidationException", "The variant name \"\(name)\" was non-unique within the request.")
            }
            guard let index = variants.firstIndex(where: { $0.name == name }) else {
                throw AWSError(
                    "ValidationException",
                    "The variant name(s) \"\(name)\" is/are not present within endpoint configuration "
                        + "\"\(configName)\"."
                )
            }
            if let weight = change["DesiredWeight"]?.doubleValue { variants[index].weight = weight }
            if let count = change["DesiredInstanceCount"]?.intValue, variants[index].instanceCount != nil {
                variants[index].instanceCount = count
            }
        }
    }

    /// Keeps what the variants of the same names have been changed to since.
    mutating func retain(_ former: EndpointDeployment, except excluded: Set<String>) {
        for index in variants.indices {
            guard let before = former.variants.first(where: { $0.name == variants[index].name }) else { continue }
            if !excluded.contains("DesiredWeight") { variants[index].weight = before.weight }
            if !excluded.contains("DesiredInstanceCount"), variants[index].instanceCount != nil {
                variants[index].instanceCount = before.instanceCount ?? variants[index].instanceCount
            }
        }
        if !excluded.contains("DataCaptureConfig") { config["DataCaptureConfig"] = former.config["DataCaptureConfig"] }
    }
}

// MARK: - As stored

extension EndpointDeployment {
    var json: JSON {
        [
            "configName": .string(configName),
            "config": .object(config),
            "models": .object(models),
            "variants": .array(
                variants.map { variant in
                    .compact([
                        "weight": .double(variant.weight),
                        "count": variant.instanceCount.map { .integer($0) },
                        "document": variant.document,
                    ])
                }
            ),
        ]
    }

    /// nil where the text is not one that `json` wrote.
    init?(json: JSON?) {
        guard let json, let name = json["configName"]?.stringValue, let config = json["config"]?.objectValue else {
            return nil
        }
        self.init(configName: name, config: config, models: json["models"]?.objectValue ?? [:])
        variants =
            json["variants"]?.arrayValue?.map { stored in
                var variant = Variant(stored["document"] ?? [:])
                variant.weight = stored["weight"]?.doubleValue ?? variant.weight
                variant.instanceCount = stored["count"]?.intValue ?? variant.instanceCount
                return variant
            } ?? []
    }
}
