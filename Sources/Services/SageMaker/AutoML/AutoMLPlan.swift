import AWSProtocol
import JSON
import TabularSteps

/// What an AutoML job is to do, read from its request.
struct AutoMLPlan: Sendable {
    /// How models are trained: `AutoMLMode` without `AUTO`.
    enum Mode: String, Sendable {
        case ensembling = "ENSEMBLING"
        case tuning = "HYPERPARAMETER_TUNING"

        /// The algorithms that AWS has in the mode.
        var algorithms: [String] {
            switch self {
            case .ensembling:
                [
                    "catboost", "extra-trees", "fastai", "lightgbm", "linear-learner", "nn-torch", "randomforest",
                    "xgboost",
                ]
            case .tuning: ["linear-learner", "mlp", "xgboost"]
            }
        }

        /// How many candidates there are where the request does not say: AWS's numbers of trials.
        var candidates: Int { self == .ensembling ? 10 : 100 }
    }

    var training: JobPlan.Input
    /// nil where a share of the training data is set aside.
    var validation: JobPlan.Input?
    var validationFraction: Double
    var target: String
    /// Where the job's own directory of results lies.
    var output: AutoMLLayout
    /// nil: after the size of the data.
    var mode: Mode?
    /// nil: what the target suggests.
    var problem: ProblemType?
    var objective: CandidateMetric?
    /// Algorithms that were asked for and that there are not.
    var missingAlgorithms: [String]
    var maximumCandidates: Int?
    var maximumTrainingSeconds: Int?
    var maximumSeconds: Int?
    var featureSpecification: S3Location?
    /// The endpoint that is to serve the best model; nil where none is.
    var endpointName: String?

    /// The algorithm that there is.
    static let algorithm = "linear-learner"

    /// - Throws: `PlanError` where the request cannot be carried out.
    init(_ job: JobRecord) throws(PlanError) {
        let request = AutoMLRequest(job)
        let tabular = try Self.tabular(request)
        target = tabular["TargetAttributeName"]?.stringValue ?? ""
        guard let place = request.request["OutputDataConfig"]?["S3OutputPath"]?.stringValue.flatMap({ S3Location($0) })
        else { throw PlanError("The S3OutputPath of OutputDataConfig must have the form s3://bucket/prefix.") }
        output = AutoMLLayout(root: place.appending(job.name), job: job.name)
        mode = tabular["Mode"]?.stringValue.flatMap(Mode.init(rawValue:))
        problem = tabular["ProblemType"]?.stringValue.flatMap(ProblemType.init(rawValue:))
        objective = try Self.objective(request.request["AutoMLJobObjective"]?["MetricName"]?.stringValue, problem)
        missingAlgorithms = try Self.missingAlgorithms(request.algorithms, mode)
        let criteria = tabular["CompletionCriteria"]
        maximumCandidates = criteria?["MaxCandidates"]?.intValue
        maximumTrainingSeconds = criteria?["MaxRuntimePerTrainingJobInSeconds"]?.intValue
        maximumSeconds = criteria?["MaxAutoMLJobRuntimeInSeconds"]?.intValue
        featureSpecification = try tabular["FeatureSpecificationS3Uri"]?.stringValue.map { uri throws(PlanError) in
            guard let location = S3Location(uri) else {
                throw PlanError("FeatureSpecificationS3Uri must have the form s3://bucket/key.")
            }
            return location
        }
        endpointName = try Self.endpointName(request.request["ModelDeployConfig"], job)
        (training, validation) = try Self.inputs(request.channels)
        let fraction = request.dataSplit?["ValidationFraction"]?.doubleValue
        guard fraction == nil || validation == nil else {
            throw PlanError("ValidationFraction must not be given where there is a validation channel.")
        }
        validationFraction = fraction ?? 0.2
        guard validationFraction > 0, validationFraction < 1 else {
            throw PlanError("ValidationFraction must be greater than 0 and less than 1.")
        }
    }

    private static func tabular(_ request: AutoMLRequest) throws(PlanError) -> JSON {
        let names = request.problem.objectValue?.keys ?? []
        guard names.count == 1 else {
            throw PlanError("AutoMLProblemTypeConfig must have exactly one member; it has \(names.count).")
        }
        guard let tabular = request.tabular else {
            throw PlanError(
                "Trainyard has no algorithm for \(names[0]): it runs AutoML jobs of the problem type TabularJobConfig."
            )
        }
        let refused: [(String, Bool, String)] = [
            (
                "GenerateCandidateDefinitionsOnly", tabular["GenerateCandidateDefinitionsOnly"].isTrue,
                "it writes no notebooks of candidate definitions"
            ),
            (
                "SampleWeightAttributeName", tabular["SampleWeightAttributeName"] != nil,
                "its linear-learner knows no weights of rows"
            ),
            ("AutoMLComputeConfig", request.request["AutoMLComputeConfig"] != nil, "it has no EMR Serverless"),
        ]
        for (member, isGiven, reason) in refused where isGiven {
            throw PlanError("\(member) is not served by Trainyard: \(reason).")
        }
        return tabular
    }

    private static func objective(_ name: String?, _ problem: ProblemType?) throws(PlanError) -> CandidateMetric? {
        guard (name == nil) == (problem == nil) else {
            throw PlanError("Provide both ProblemType and AutoMLJobObjective, or none of them.")
        }
        guard let name, let problem else { return nil }
        let allowed = CandidateMetric.objectives(of: problem)
        guard let metric = allowed.first(where: { $0.rawValue == name }) else {
            throw PlanError(
                "\(name) is no objective metric of the problem type \(problem.rawValue). Choose one of "
                    + "[\(allowed.map(\.rawValue).joined(separator: ", "))]."
            )
        }
        return metric
    }

    private static func missingAlgorithms(_ algorithms: [String], _ mode: Mode?) throws(PlanError) -> [String] {
        guard !algorithms.isEmpty else { return [] }
        guard let mode else {
            throw PlanError("AlgorithmsConfig should not be set if the training mode is AUTO.")
        }
        for algorithm in algorithms where !mode.algorithms.contains(algorithm) {
            throw PlanError(
                "The algorithm \(algorithm) is not one of the mode \(mode.rawValue): "
                    + "[\(mode.algorithms.joined(separator: ", "))]."
            )
        }
        guard algorithms.contains(algorithm) else {
            throw PlanError(
                "Trainyard has none of the algorithms [\(algorithms.joined(separator: ", "))]: its AutoML jobs train "
                    + "\(algorithm). Name it in AutoMLAlgorithms, or leave AlgorithmsConfig out."
            )
        }
        return algorithms.filter { $0 != algorithm }
    }

    private static func endpointName(_ configuration: JSON?, _ job: JobRecord) throws(PlanError) -> String? {
        let name = configuration?["EndpointName"]?.stringValue
        guard configuration?["AutoGenerateEndpointName"].isTrue == true else { return name }
        guard name == nil else {
            throw PlanError("EndpointName must not be given where AutoGenerateEndpointName is True.")
        }
        // The same after a restart.
        return "\(job.name)-\(String(job.created.milliseconds, radix: 36))"
    }

    private static func inputs(
        _ channels: [JSON]
    ) throws(PlanError) -> (training: JobPlan.Input, validation: JobPlan.Input?) {
        var inputs: [String: JobPlan.Input] = [:]
        for channel in channels {
            let type = channel["ChannelType"]?.stringValue ?? "training"
            guard inputs[type] == nil else {
                throw PlanError(
                    "Only one channel may have the ChannelType \(type): one is for training, the other for validation."
                )
            }
            inputs[type] = try input(channel, type)
        }
        guard let training = inputs["training"] else {
            throw PlanError("A channel of the ChannelType training is required.")
        }
        for member in ["ContentType", "TargetAttributeName"]
        where Set(channels.map { $0[member]?.stringValue }).count > 1 {
            throw PlanError("Channels for training and validation must share the same \(member).")
        }
        return (training, inputs["validation"])
    }

    private static func input(_ channel: JSON, _ type: String) throws(PlanError) -> JobPlan.Input {
        let content = channel["ContentType"]?.stringValue ?? ""
        guard ["text/csv;header=present", "text/csv"].contains(content.filter { $0 != " " }.lowercased()) else {
            throw PlanError(
                "The ContentType \(content) is not served by Trainyard: its AutoML jobs read text/csv;header=present."
            )
        }
        guard let source = channel["DataSource"]?["S3DataSource"],
            let location = source["S3Uri"]?.stringValue.flatMap({ S3Location($0) })
        else { throw PlanError("The S3Uri of the \(type) channel must have the form s3://bucket/prefix.") }
        let data = source["S3DataType"]?.stringValue ?? "S3Prefix"
        guard data == "S3Prefix" || data == "ManifestFile" else {
            throw PlanError("The S3DataType of the \(type) channel must be S3Prefix or ManifestFile; it is \(data).")
        }
        return JobPlan.Input(
            name: type,
            source: location,
            type: data == "ManifestFile" ? .manifest : .prefix,
            path: ContainerPath.root + "/input/data/\(type)",
            isGzipped: channel["CompressionType"]?.stringValue == "Gzip"
        )
    }
}
