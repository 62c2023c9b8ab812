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

        /// Takes over the weight and the count of a `DesiredWeightAndCapacity`.
        fileprivate mutating func change(_ wanted: JSON) {
            weight = wanted["DesiredWeight"]?.doubleValue ?? weight
            if instanceCount != nil { instanceCount = wanted["DesiredInstanceCount"]?.intValue ?? instanceCount }
        }
    }

    var configName: String
    var config: JSON.Object
    /// The models' documents, by name.
    var models: JSON.Object
    var variants: [Variant]
    /// Those that get copies of requests, and whose answers nobody sees.
    var shadows: [Variant]

    init(configName: String, config: JSON.Object, models: JSON.Object) {
        self.configName = configName
        self.config = config
        self.models = models
        variants = config["ProductionVariants"]?.arrayValue?.map { Variant($0) } ?? []
        shadows = config["ShadowProductionVariants"]?.arrayValue?.map { Variant($0) } ?? []
    }

    /// The models that are needed, by name.
    static func modelNames(_ config: JSON.Object) -> [String] {
        ["ProductionVariants", "ShadowProductionVariants"].flatMap { member in
            config[member]?.arrayValue?.compactMap { $0["ModelName"]?.stringValue } ?? []
        }
    }

    /// How many copies of a request a shadow variant gets: its weight beside that of production.
    func shadowShare(_ shadow: Variant) -> Double {
        let production = variants.reduce(0) { $0 + $1.weight }
        return production > 0 ? shadow.weight / production : 0
    }

    /// Of all production variants.
    var instanceCount: Int { variants.reduce(0) { $0 + ($1.instanceCount ?? 1) } }

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
            if let index = variants.firstIndex(where: { $0.name == name }) {
                variants[index].change(change)
            } else if let index = shadows.firstIndex(where: { $0.name == name }) {
                shadows[index].change(change)
            } else {
                throw AWSError(
                    "ValidationException",
                    "The variant name(s) \"\(name)\" is/are not present within endpoint configuration "
                        + "\"\(configName)\"."
                )
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
            "variants": .array(variants.map(\.json)),
            "shadows": .array(shadows.map(\.json)),
        ]
    }

    /// nil where the text is not one that `json` wrote.
    init?(json: JSON?) {
        guard let json, let name = json["configName"]?.stringValue, let config = json["config"]?.objectValue else {
            return nil
        }
        self.init(configName: name, config: config, models: json["models"]?.objectValue ?? [:])
        variants = json["variants"]?.arrayValue?.map { Variant(stored: $0) } ?? []
        shadows = json["shadows"]?.arrayValue?.map { Variant(stored: $0) } ?? shadows
    }
}

extension EndpointDeployment.Variant {
    fileprivate var json: JSON {
        .compact([
            "weight": .double(weight), "count": instanceCount.map { .integer($0) }, "document": document,
        ])
    }

    fileprivate init(stored: JSON) {
        self.init(stored["document"] ?? [:])
        weight = stored["weight"]?.doubleValue ?? weight
        instanceCount = stored["count"]?.intValue ?? instanceCount
    }
}
