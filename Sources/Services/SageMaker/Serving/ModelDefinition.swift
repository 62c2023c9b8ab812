import AWSProtocol
import Compute
import JSON

/// A stored model, as what serves it needs it.
struct ModelDefinition: Sendable, Hashable {
    var name: String
    var account: String
    var region: String
    var role: String
    /// In the order in which a request passes them; one for most models.
    var containers: [ContainerDefinition]
    /// Whether each request names its container, instead of passing all of them.
    var isDirect: Bool
    var isIsolatedFromNetwork: Bool

    /// - Parameter document: The model as `CreateModel` stored it, containers of model packages resolved.
    init(name: String, of owner: Caller, _ document: JSON.Object) throws(ServingFailure) {
        self.name = name
        account = owner.account
        region = owner.region
        role = document["ExecutionRoleArn"]?.stringValue ?? ""
        isIsolatedFromNetwork = document["EnableNetworkIsolation"].isTrue
        isDirect = document["InferenceExecutionConfig"]?["Mode"]?.stringValue == "Direct"
        let all = document["Containers"]?.arrayValue ?? [document["PrimaryContainer"] ?? .null]
        containers = []
        for (index, container) in all.enumerated() {
            containers.append(try ContainerDefinition(container, index: index, isOnly: all.count == 1))
        }
    }
}

/// One container of a model: `ContainerDefinition` of the API.
struct ContainerDefinition: Sendable, Hashable {
    /// Where the model's files are.
    enum Data: Sendable, Hashable {
        case none
        /// A `model.tar.gz`, unpacked to `/opt/ml/model`.
        case archive(S3Location)
        /// The objects below a prefix, each a file of `/opt/ml/model`.
        case prefix(S3Location)
    }

    /// As errors name it: `primary`, else its host name or `container-2`.
    var name: String
    var hostname: String?
    var imageName: String
    var data: Data
    /// Whether `data` is where the archives of several models are.
    var isMultiModel: Bool
    var environment: [String: String]

    var image: ImageReference { ImageReference(imageName) }

    init(_ definition: JSON, index: Int, isOnly: Bool) throws(ServingFailure) {
        hostname = definition["ContainerHostname"]?.stringValue
        name = isOnly ? "primary" : hostname ?? "container-\(index + 1)"
        imageName = definition["Image"]?.stringValue ?? ""
        isMultiModel = definition["Mode"]?.stringValue == "MultiModel"
        environment = definition["Environment"].stringMap
        data = try Self.data(definition, isMultiModel: isMultiModel)
    }

    private static func data(_ definition: JSON, isMultiModel: Bool) throws(ServingFailure) -> Data {
        let source = definition["ModelDataSource"]?["S3DataSource"]
        guard let uri = source?["S3Uri"]?.stringValue ?? definition["ModelDataUrl"]?.stringValue, !uri.isEmpty else {
            return .none
        }
        guard let location = S3Location(uri) else {
            throw ServingFailure("The model data's URL \(uri) is not of the form s3://bucket/key.")
        }
        let isPrefix = source?["CompressionType"]?.stringValue == "None" || isMultiModel
        return isPrefix ? .prefix(location) : .archive(location)
    }
}
