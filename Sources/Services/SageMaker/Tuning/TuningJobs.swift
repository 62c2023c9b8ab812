import AWSProtocol
import Compute
import GRDB
import HyperparameterTuning
import JSON
import Store

/// Hyperparameter tuning: https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-how-it-works.html
extension SageMakerService {
    var tuningOperations: [String: OperationHandler] {
        [
            "CreateHyperParameterTuningJob": createTuningJob,
            "DescribeHyperParameterTuningJob": describeTuningJob,
            "ListHyperParameterTuningJobs": listTuningJobs,
            "ListTrainingJobsForHyperParameterTuningJob": listTrainingJobsOfTuningJob,
            "StopHyperParameterTuningJob": { try await self.stopJob(.tuning, $0) },
            "DeleteHyperParameterTuningJob": { try await self.deleteJob(.tuning, $0) },
        ]
    }

    /// `CreateHyperParameterTuningJob`
    func createTuningJob(_ request: AWSRequest) async throws -> AWSResponse {
        try await createJob(.tuning, request) { job throws(PlanError) in
            _ = try TuningPlan(job)
        } check: { job in
            let plan = try TuningPlan(job)
            try await requireParents(of: job, plan)
            for definition in plan.definitions { try await requireRole(of: definition, request.caller) }
            return nil
        }
    }

    /// Fails where the training jobs could not be created.
    private func requireRole(of definition: TuningPlan.Definition, _ caller: Caller) async throws {
        let role = definition.document["RoleArn"]?.stringValue ?? ""
        _ = try await JobAccess(role: role, account: caller.account, region: caller.region, aws: aws)
    }

    /// A warm start needs parents that have ended, and, where all is to be the same, the same image and data.
    private func requireParents(of job: JobRecord, _ plan: TuningPlan) async throws {
        let caller = Caller(account: job.account, region: job.region)
        let parents = try await store.read { db in
            try plan.parents.map { name in
                guard let parent = try JobRecord.find(.tuning, name, of: caller, in: db) else {
                    throw AWSError(
                        "ValidationException",
                        "The parent hyperparameter tuning job \(name) does not exist."
                    )
                }
                return parent
            }
        }
        for parent in parents {
            guard parent.state.status.isFinal else {
                throw AWSError(
                    "ValidationException",
                    """
                    The parent hyperparameter tuning job \(parent.name) must be in a terminal state; it is in status \
                    \(parent.state.status.rawValue).
                    """
                )
            }
            guard plan.isIdenticalToParents else { continue }
            let own = job.request["TrainingJobDefinition"]
            let other = parent.request["TrainingJobDefinition"]
            let isSame =
                own?["AlgorithmSpecification"]?["TrainingImage"] == other?["AlgorithmSpecification"]?["TrainingImage"]
                && own?["InputDataConfig"] == other?["InputDataConfig"]
            guard isSame else {
                throw AWSError(
                    "ValidationException",
                    """
                    A warm start of the type IdenticalDataAndAlgorithm must use the training image and the input data of \
                    its parents; those of \(parent.name) differ. Use TransferLearning instead.
                    """
                )
            }
        }
    }

    /// `DescribeHyperParameterTuningJob`
    func describeTuningJob(_ request: AWSRequest) async throws -> AWSResponse {
        let job = try await findJob(.tuning, request)
        let now = clock.now()
        return AWSResponse(try await store.read { db in try Self.description(ofTuningJob: job, at: now, in: db) })
    }

    static func description(ofTuningJob job: JobRecord, at now: Timestamp, in db: Database) throws -> JSON.Object {
        let plan = try TuningPlan(job)
        let owner = Caller(account: job.account, region: job.region)
        let trials = try TuningTrial.all(of: job, in: db)
        let parents = try plan.parents.compactMap { try JobRecord.find(.tuning, $0, of: owner, in: db) }
        let inherited = try parents.map { (name: $0.name, trials: try TuningTrial.all(of: $0, in: db)) }
        var output = job.request
        if let definition = output["TrainingJobDefinition"], let own = plan.definitions.first {
            output["TrainingJobDefinition"] = own.described(definition)
        }
        output["TrainingJobDefinitions"] = output["TrainingJobDefinitions"].map { definitions in
            .array(zip(plan.definitions, definitions.arrayValue ?? []).map { $0.described($1) })
        }
        let summary = TuningSummary(job, trials, plan)
        output.merge(summary.course(at: now))
        output["BestTrainingJob"] = summary.best(of: trials)?.json(of: job.name, plan)
        if plan.isIdenticalToParents {
            let all = [(name: job.name, trials: trials)] + inherited
            if let best = summary.best(of: all.flatMap(\.trials)) {
                let owner = all.first { $0.trials.contains { $0.trainingJob == best.trainingJob } }?.name ?? job.name
                output["OverallBestTrainingJob"] = best.json(of: owner, plan)
            }
        }
        return output
    }

    /// `ListHyperParameterTuningJobs`: by name unless the request says otherwise.
    func listTuningJobs(_ request: AWSRequest) async throws -> AWSResponse {
        let listing = try Listing(request, of: .tuning, isDescending: false, column: "name", now: clock.now())
        let (jobs, token) = try await store.read { db in
            let page = try listing.page(in: db)
            let jobs = try page.rows.map(JobRecord.init)
            return (try jobs.map { ($0, try TuningTrial.all(of: $0, in: db)) }, page.nextToken)
        }
        let summaries = try jobs.map { job, trials in
            let job = context.board.current(job)
            return TuningSummary(job, trials, try TuningPlan(job)).json
        }
        return .output([
            "HyperParameterTuningJobSummaries": .array(summaries), "NextToken": token.map { .string($0) },
        ])
    }

    /// `ListTrainingJobsForHyperParameterTuningJob`
    func listTrainingJobsOfTuningJob(_ request: AWSRequest) async throws -> AWSResponse {
        let job = try await findJob(.tuning, request)
        let plan = try TuningPlan(job)
        let trials = try await store.read { db in try TuningTrial.all(of: job, in: db) }
        let page = try TrialPage(request, trials.filter { $0.job != nil })
        return .output([
            "TrainingJobSummaries": .array(page.trials.map { $0.json(of: job.name, plan) }),
            "NextToken": page.nextToken.map { .string($0) },
        ])
    }

    /// The ARN of the tuning job that started a training job.
    func tuningJob(of training: JobRecord) async throws -> String? {
        try await store.read { db in try TuningTrial.tuningJob(of: training, in: db) }
    }
}

extension TuningPlan.Definition {
    /// The definition with what AWS adds: the objective among the static hyperparameters and the metrics.
    fileprivate func described(_ definition: JSON) -> JSON {
        var definition = definition
        var fixed = staticHyperparameters
        fixed[TuningContract.objectiveHyperparameter] = .string(metricName)
        definition["StaticHyperParameters"] = .object(fixed)
        var algorithm = definition["AlgorithmSpecification"] ?? [:]
        var metrics = algorithm["MetricDefinitions"]?.arrayValue ?? []
        if ImageReference(algorithm["TrainingImage"]?.stringValue ?? "").isLinearLearner {
            metrics += LinearLearnerMetrics.definitions.map {
                ["Name": .string($0.name), "Regex": .string($0.pattern)]
            }
        }
        metrics.append(["Name": .string(TuningContract.objectiveMetric), "Regex": .string(pattern)])
        algorithm["MetricDefinitions"] = .array(metrics)
        definition["AlgorithmSpecification"] = algorithm
        return definition
    }
}
