import AWSProtocol
import Compute
import HyperparameterTuning
import JSON

/// What a hyperparameter tuning job is to do, read from its request.
struct TuningPlan: Sendable {
    /// One kind of training job that the tuning starts, and the search over its hyperparameters.
    struct Definition: Sendable {
        /// Empty where there is only one and it has no name.
        var name: String
        var document: JSON
        var metricName: String
        var goal: Goal
        /// The regular expression of the objective's metric.
        var pattern: String
        var search: Search
        var hyperband: Hyperband?
        var staticHyperparameters: JSON.Object
    }

    var definitions: [Definition]
    var strategy: Search.Strategy
    var stopsEarly: Bool
    var maximumTrials: Int
    var parallelTrials: Int
    /// nil: no limit.
    var maximumSeconds: Int?
    var target: Double?
    /// Trials in a row without improvement after which the tuning is complete.
    var maximumNotImproving: Int?
    var endsWhenConverged: Bool
    /// Earlier tuning jobs whose results guide this one.
    var parents: [String]
    var isIdenticalToParents: Bool

    /// The most training jobs of one tuning: AWS's default quota for Bayesian and Hyperband is less, for Random more.
    static let maximumTrialCount = 10_000

    /// - Throws: `PlanError` where the request cannot be carried out.
    init(_ job: JobRecord) throws(PlanError) {
        let request = JSON.object(job.request)
        let configuration = request["HyperParameterTuningJobConfig"] ?? [:]
        let limits = configuration["ResourceLimits"] ?? [:]
        guard request["Autotune"] == nil else {
            throw PlanError("Autotune is not served by Trainyard: give ParameterRanges and ResourceLimits.")
        }
        strategy = Search.Strategy(rawValue: configuration["Strategy"]?.stringValue ?? "") ?? .bayesian
        stopsEarly = configuration["TrainingJobEarlyStoppingType"]?.stringValue == "Auto"
        guard !stopsEarly || strategy != .hyperband else {
            throw PlanError("TrainingJobEarlyStoppingType must be Off where the strategy is Hyperband.")
        }
        let seed = configuration["RandomSeed"]?.intValue ?? job.created.milliseconds
        definitions = try Self.definitions(request, configuration, strategy, seed: UInt64(bitPattern: Int64(seed)))
        let criteria = configuration["TuningJobCompletionCriteria"]
        target = criteria?["TargetObjectiveMetricValue"]?.doubleValue
        maximumNotImproving = criteria?["BestObjectiveNotImproving"]?["MaxNumberOfTrainingJobsNotImproving"]?.intValue
        endsWhenConverged = criteria?["ConvergenceDetected"]?["CompleteOnConvergence"]?.stringValue == "Enabled"
        maximumSeconds = limits["MaxRuntimeInSeconds"]?.intValue
        maximumTrials = try Self.maximumTrials(limits, strategy, definitions)
        parallelTrials = limits["MaxParallelTrainingJobs"]?.intValue ?? 1
        guard parallelTrials <= maximumTrials else {
            throw PlanError(
                """
                MaxParallelTrainingJobs (\(parallelTrials)) must not be greater than MaxNumberOfTrainingJobs \
                (\(maximumTrials)).
                """
            )
        }
        let warmStart = request["WarmStartConfig"]
        parents = (warmStart?["ParentHyperParameterTuningJobs"]?.arrayValue ?? []).compactMap {
            $0["HyperParameterTuningJobName"]?.stringValue
        }
        isIdenticalToParents = warmStart?["WarmStartType"]?.stringValue == "IdenticalDataAndAlgorithm"
    }

    private static func maximumTrials(
        _ limits: JSON,
        _ strategy: Search.Strategy,
        _ definitions: [Definition]
    ) throws(PlanError) -> Int {
        let given = limits["MaxNumberOfTrainingJobs"]?.intValue
        guard strategy == .grid else {
            guard let given else {
                throw PlanError("MaxNumberOfTrainingJobs is required for the strategy \(strategy.rawValue).")
            }
            guard given <= maximumTrialCount else {
                throw PlanError("MaxNumberOfTrainingJobs must be at most \(maximumTrialCount); \(given) was given.")
            }
            return given
        }
        let combinations = definitions.reduce(0) { $0 + ($1.search.space.count ?? maximumTrialCount + 1) }
        guard combinations <= maximumTrialCount else {
            throw PlanError("The grid has more than \(maximumTrialCount) combinations.")
        }
        guard given == nil || given == combinations else {
            throw PlanError(
                """
                For grid search MaxNumberOfTrainingJobs must be the number of combinations of categorical values, which \
                is \(combinations), or be left out.
                """
            )
        }
        return combinations
    }

    private static func definitions(
        _ request: JSON,
        _ configuration: JSON,
        _ strategy: Search.Strategy,
        seed: UInt64
    ) throws(PlanError) -> [Definition] {
        let several = request["TrainingJobDefinitions"]?.arrayValue ?? []
        guard (request["TrainingJobDefinition"] == nil) != several.isEmpty else {
            throw PlanError("Specify TrainingJobDefinition or TrainingJobDefinitions, one of them.")
        }
        let documents = request["TrainingJobDefinition"].map { [$0] } ?? several
        var definitions: [Definition] = []
        for (index, document) in documents.enumerated() {
            let name = document["DefinitionName"]?.stringValue ?? ""
            guard several.isEmpty || (!name.isEmpty && !definitions.contains { $0.name == name }) else {
                throw PlanError("Each of TrainingJobDefinitions must have a DefinitionName of its own.")
            }
            let objective = document["TuningObjective"] ?? configuration["HyperParameterTuningJobObjective"]
            let ranges = document["HyperParameterRanges"] ?? configuration["ParameterRanges"]
            do {
                definitions.append(
                    try Definition(
                        name: name,
                        document,
                        objective: objective,
                        ranges: ranges,
                        strategy: strategy,
                        configuration,
                        seed: seed &+ UInt64(index)
                    )
                )
            } catch let error as SearchError {
                throw PlanError(error.description)
            } catch let error as PlanError {
                throw error
            } catch {
                throw PlanError("\(error)")
            }
        }
        return definitions
    }
}

extension TuningPlan.Definition {
    /// - Throws: `PlanError`, `SearchError`
    fileprivate init(
        name: String,
        _ document: JSON,
        objective: JSON?,
        ranges: JSON?,
        strategy: Search.Strategy,
        _ configuration: JSON,
        seed: UInt64
    ) throws {
        self.name = name
        self.document = document
        guard let metricName = objective?["MetricName"]?.stringValue,
            let goal = objective?["Type"]?.stringValue.flatMap(Goal.init(rawValue:))
        else { throw PlanError("A HyperParameterTuningJobObjective with Type and MetricName is required.") }
        self.metricName = metricName
        self.goal = goal
        pattern = try Self.pattern(of: metricName, in: document)
        let space = try SearchSpace(Self.ranges(ranges ?? [:]))
        search = try Search(space, strategy: strategy, goal: goal, seed: seed)
        staticHyperparameters = document["StaticHyperParameters"]?.objectValue ?? [:]
        for range in space.ranges where staticHyperparameters[range.name] != nil {
            throw PlanError("The hyperparameter \(range.name) is static and has a range; it can be only one of them.")
        }
        hyperband =
            strategy == .hyperband ? try Self.hyperband(configuration, staticHyperparameters, goal) : nil
    }

    /// The metric must be one that the training jobs tell.
    private static func pattern(of metric: String, in document: JSON) throws(PlanError) -> String {
        let algorithm = document["AlgorithmSpecification"] ?? [:]
        var definitions = (algorithm["MetricDefinitions"]?.arrayValue ?? []).compactMap { definition in
            definition["Name"]?.stringValue.map { (name: $0, pattern: definition["Regex"]?.stringValue ?? "") }
        }
        if ImageReference(algorithm["TrainingImage"]?.stringValue ?? "").isLinearLearner {
            definitions += LinearLearnerMetrics.definitions.map { ($0.name, $0.pattern) }
        }
        guard let definition = definitions.first(where: { $0.name == metric }) else {
            let names = definitions.map(\.name).joined(separator: ", ")
            throw PlanError(
                """
                The objective metric for the hyperparameter tuning job, [\(metric)], isn't valid for the training \
                algorithm. Choose a valid objective metric: [\(names)].
                """
            )
        }
        return definition.pattern
    }

    private static func ranges(_ document: JSON) throws -> [ParameterRange] {
        guard (document["AutoParameters"]?.arrayValue ?? []).isEmpty else {
            throw PlanError("AutoParameters are not served by Trainyard: give the hyperparameters' ranges.")
        }
        func text(_ range: JSON, _ member: String) -> String { range[member]?.stringValue ?? "" }
        func scaling(_ range: JSON) -> ParameterRange.Scaling {
            ParameterRange.Scaling(rawValue: text(range, "ScalingType")) ?? .automatic
        }
        var ranges: [ParameterRange] = []
        for range in document["CategoricalParameterRanges"]?.arrayValue ?? [] {
            ranges.append(try .categorical(text(range, "Name"), range["Values"].strings))
        }
        for range in document["IntegerParameterRanges"]?.arrayValue ?? [] {
            let (low, high) = (text(range, "MinValue"), text(range, "MaxValue"))
            ranges.append(try .integer(text(range, "Name"), from: low, to: high, scaling: scaling(range)))
        }
        for range in document["ContinuousParameterRanges"]?.arrayValue ?? [] {
            let (low, high) = (text(range, "MinValue"), text(range, "MaxValue"))
            ranges.append(try .continuous(text(range, "Name"), from: low, to: high, scaling: scaling(range)))
        }
        return ranges
    }

    /// The static hyperparameters from which AWS infers `MaxResource`.
    private static let epochNames = ["epochs", "numepochs", "n-epochs", "n_epochs", "num_epochs"]

    private static func hyperband(_ configuration: JSON, _ fixed: JSON.Object, _ goal: Goal) throws -> Hyperband {
        let given = configuration["StrategyConfig"]?["HyperbandStrategyConfig"]
        let inferred = epochNames.compactMap { fixed[$0]?.stringValue.flatMap { Int($0) } }.first
        guard let maximum = given?["MaxResource"]?.intValue ?? inferred else {
            throw PlanError(
                """
                Hyperband needs MaxResource in HyperbandStrategyConfig, or one of the static hyperparameters \
                \(epochNames.joined(separator: ", ")).
                """
            )
        }
        let minimum = given?["MinResource"]?.intValue ?? 1
        return try Hyperband(minimum: minimum, maximum: maximum, goal: goal)
    }
}
