import AWSProtocol
import JSON

/// What a batch transform job is to do, read from its request.
struct TransformPlan: Sendable {
    enum Split: String, Sendable {
        case none = "None"
        case line = "Line"
        case recordIO = "RecordIO"
        case tfRecord = "TFRecord"
    }

    var modelName: String
    var input: JobPlan.Input
    var contentType: String?
    var accept: String?
    var split: Split
    var assemblesByLine: Bool
    var output: S3Location
    /// nil: what the model's container says, else AWS's default.
    var isSingleRecord: Bool?
    var maximumConcurrent: Int?
    /// In bytes; 0: without limit.
    var maximumPayload: Int?
    var instances: Int
    var environment: [String: String]
    var timeout: Duration
    var maximumRetries: Int
    var processing: TransformDataProcessing?

    static let defaultPayload = 6 << 20
    /// AWS's limit on what all requests under way may hold together, in MB.
    static let maximumTogether = 100

    /// - Throws: `PlanError` where the request cannot be carried out.
    init(_ job: JobRecord) throws(PlanError) {
        let request = JSON.object(job.request)
        modelName = request["ModelName"]?.stringValue ?? ""
        let source = request["TransformInput"] ?? [:]
        let data = source["DataSource"]?["S3DataSource"]
        guard let location = data?["S3Uri"]?.stringValue.flatMap({ S3Location($0) }) else {
            throw PlanError("The S3Uri of TransformInput must have the form s3://bucket/prefix.")
        }
        let type = data?["S3DataType"]?.stringValue ?? "S3Prefix"
        guard type == "S3Prefix" || type == "ManifestFile" else {
            throw PlanError("The S3DataType of TransformInput must be S3Prefix or ManifestFile; it is \(type).")
        }
        input = JobPlan.Input(
            name: "TransformInput",
            source: location,
            type: type == "ManifestFile" ? .manifest : .prefix,
            path: ContainerPath.root + "/input",
            isGzipped: source["CompressionType"]?.stringValue == "Gzip",
            isSharded: true
        )
        contentType = source["ContentType"]?.stringValue
        split = Split(rawValue: source["SplitType"]?.stringValue ?? "None") ?? .none
        let target = request["TransformOutput"] ?? [:]
        guard let output = target["S3OutputPath"]?.stringValue.flatMap({ S3Location($0) }) else {
            throw PlanError("The S3OutputPath of TransformOutput must have the form s3://bucket/prefix.")
        }
        self.output = output
        accept = target["Accept"]?.stringValue
        assemblesByLine = target["AssembleWith"]?.stringValue == "Line"
        isSingleRecord = request["BatchStrategy"]?.stringValue.map { $0 == "SingleRecord" }
        guard isSingleRecord == nil || split != .none else {
            throw PlanError("To use BatchStrategy, SplitType must be Line, RecordIO or TFRecord.")
        }
        maximumConcurrent = request["MaxConcurrentTransforms"]?.intValue.flatMap { $0 > 0 ? $0 : nil }
        maximumPayload = request["MaxPayloadInMB"]?.intValue.map { $0 << 20 }
        let together = (maximumConcurrent ?? 1) * ((maximumPayload ?? 0) >> 20)
        guard together <= Self.maximumTogether else {
            throw PlanError(
                "MaxConcurrentTransforms * MaxPayloadInMB must not exceed \(Self.maximumTogether); it is \(together)."
            )
        }
        instances = try JobHost.cluster(request["TransformResources"]).count
        environment = request["Environment"].stringMap
        let client = request["ModelClientConfig"]
        timeout = .seconds(client?["InvocationsTimeoutInSeconds"]?.intValue ?? 600)
        maximumRetries = client?["InvocationsMaxRetries"]?.intValue ?? 3
        processing = try request["DataProcessing"].flatMap { document throws(PlanError) in
            try TransformDataProcessing(document, contentType: contentType, accept: accept ?? contentType)
        }
    }

    /// Where the result of an input's object goes: its path below the input, with `.out`.
    func target(of object: InputObject) -> S3Location { output.appending(object.path + ".out") }
}

/// How records are put together for a container: as the request says, else the container, else AWS.
struct TransformBatching: Sendable, Equatable {
    var maximumConcurrent: Int
    /// In bytes.
    var maximumPayload: Int
    var isSingleRecord: Bool

    /// - Parameter wishes: What the container answered to `GET /execution-parameters`.
    init(_ plan: TransformPlan, wishes: JSON? = nil) {
        maximumConcurrent = plan.maximumConcurrent ?? wishes?["MaxConcurrentTransforms"]?.intValue ?? 1
        maximumConcurrent = min(max(1, maximumConcurrent), 100)
        let wished = wishes?["MaxPayloadInMB"]?.intValue.map { $0 << 20 }
        let payload = plan.maximumPayload ?? wished ?? TransformPlan.defaultPayload
        maximumPayload = payload == 0 ? .max : payload
        let strategy = wishes?["BatchStrategy"]?.stringValue?.uppercased().filter { $0 != "_" }
        isSingleRecord = plan.isSingleRecord ?? (strategy == "SINGLERECORD")
    }

    /// What the container is told of itself.
    /// https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-batch-code.html
    var environment: [String: String] {
        [
            "SAGEMAKER_BATCH": "true",
            "SAGEMAKER_BATCH_STRATEGY": isSingleRecord ? "SINGLE_RECORD" : "MULTI_RECORD",
            "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": String(maximumConcurrent),
            "SAGEMAKER_MAX_PAYLOAD_IN_MB": maximumPayload == .max ? "0" : String(maximumPayload >> 20),
        ]
    }
}
