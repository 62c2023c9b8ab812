import AWSProtocol
import HyperparameterTuning
import JSON

/// How a tuning job stands, as its description and lists tell it.
struct TuningSummary {
    private let job: JobRecord
    private let trials: [TuningTrial]
    private let plan: TuningPlan

    init(_ job: JobRecord, _ trials: [TuningTrial], _ plan: TuningPlan) {
        self.job = job
        self.trials = trials
        self.plan = plan
    }

    private var goal: Goal { plan.definitions.first?.goal ?? .minimize }

    /// The trial whose training ended with the best objective; the first of equals.
    func best(of trials: [TuningTrial]) -> TuningTrial? {
        var best: (trial: TuningTrial, objective: Double)?
        for trial in trials {
            guard let objective = trial.objective else { continue }
            if best.map({ goal.isBetter(objective, than: $0.objective) }) ?? true { best = (trial, objective) }
        }
        return best?.trial
    }

    /// An entry of `ListHyperParameterTuningJobs`.
    var json: JSON {
        let configuration = job.request["HyperParameterTuningJobConfig"]
        return .object(
            status.merging(
                .compact([
                    "HyperParameterTuningJobName": .string(job.name),
                    "Strategy": configuration?["Strategy"],
                    "ResourceLimits": configuration?["ResourceLimits"],
                ])
            )
        )
    }

    /// The members of a description that tell how far the job is.
    func course(at now: Timestamp) -> JSON.Object {
        let progress = TuningHistory.progress(trials, goal)
        let seconds = ((job.state.ended ?? now).milliseconds - job.created.milliseconds) / 1000
        var details: JSON = ["NumberOfTrainingJobsObjectiveNotImproving": .integer(progress.notImproving)]
        if progress.isConverged {
            details["ConvergenceDetectedTime"] = trials.compactMap { $0.job?.state.ended }.max()?.json
        }
        return status.merging(
            .compact([
                "FailureReason": job.state.failureReason.map { .string($0) },
                "TuningJobCompletionDetails": details,
                "ConsumedResources": ["RuntimeInSeconds": .integer(seconds)],
            ])
        )
    }

    private var status: JSON.Object {
        .compact([
            "HyperParameterTuningJobArn": .string(job.arn),
            "HyperParameterTuningJobStatus": .string(job.state.status.rawValue),
            "CreationTime": job.created.json,
            "HyperParameterTuningEndTime": job.state.ended?.json,
            "LastModifiedTime": job.state.modified.json,
            "TrainingJobStatusCounters": trainingCounters,
            "ObjectiveStatusCounters": objectiveCounters,
        ])
    }

    private var trainingCounters: JSON {
        let states = trials.compactMap { $0.job?.state }
        let failures = states.filter { $0.status == .failed }
        // Failures that are not the training's own could be tried again.
        let retryable = failures.count { $0.failureReason?.hasPrefix("InternalServerError") == true }
        return [
            "Completed": .integer(states.count { $0.status == .completed }),
            "InProgress": .integer(states.count { !$0.status.isFinal }),
            "RetryableError": .integer(retryable),
            "NonRetryableError": .integer(failures.count - retryable),
            "Stopped": .integer(states.count { $0.status == .stopped }),
        ]
    }

    private var objectiveCounters: JSON {
        let statuses = trials.filter { $0.job != nil }.map(\.objectiveStatus)
        return [
            "Succeeded": .integer(statuses.count { $0 == .succeeded }),
            "Pending": .integer(statuses.count { $0 == .pending }),
            "Failed": .integer(statuses.count { $0 == .failed }),
        ]
    }
}

extension TuningTrial {
    /// `HyperParameterTrainingJobSummary`
    func json(of tuningJob: String, _ plan: TuningPlan) -> JSON {
        let definition = plan.definitions.first { $0.name == self.definition } ?? plan.definitions.first
        let metric = objective.map { value -> JSON in
            .compact([
                "Type": definition.map { .string($0.goal.rawValue) },
                "MetricName": .string(definition?.metricName ?? TuningContract.objectiveMetric),
                "Value": .double(value),
            ])
        }
        let values = JSON.Object(tuned.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })
        return .compact([
            "TrainingJobDefinitionName": self.definition.isEmpty ? nil : .string(self.definition),
            "TrainingJobName": .string(trainingJob),
            "TrainingJobArn": job.map { .string($0.arn) },
            "TuningJobName": .string(tuningJob),
            "CreationTime": job?.created.json,
            "TrainingStartTime": job?.state.started?.json,
            "TrainingEndTime": job?.state.ended?.json,
            "TrainingJobStatus": job.map { .string($0.state.status.rawValue) },
            "TunedHyperParameters": .object(values),
            "FailureReason": job?.state.failureReason.map { .string($0) },
            "FinalHyperParameterTuningJobObjectiveMetric": metric,
            "ObjectiveStatus": .string(objectiveStatus.rawValue),
        ])
    }
}

/// A page of `ListTrainingJobsForHyperParameterTuningJob`, by name unless the request says otherwise.
struct TrialPage {
    private(set) var trials: [TuningTrial]
    private(set) var nextToken: String?

    /// - Throws: `ValidationException` where the token is not one of ours.
    init(_ request: AWSRequest, _ all: [TuningTrial]) throws(AWSError) {
        let status = request.string("StatusEquals")
        var trials = all.filter { status == nil || $0.job?.state.status.rawValue == status }
        switch request.string("SortBy") {
        case "FinalObjectiveMetricValue":
            trials = trials.filter { $0.objective != nil }.sorted { ($0.objective ?? 0) < ($1.objective ?? 0) }
        case "Status":
            trials.sort { ($0.job?.state.status.rawValue ?? "") < ($1.job?.state.status.rawValue ?? "") }
        case "CreationTime": trials.sort { $0.number < $1.number }
        default: trials.sort { $0.trainingJob < $1.trainingJob }
        }
        if request.string("SortOrder") == "Descending" { trials.reverse() }
        let page = try ListPage(request, trials)
        (self.trials, nextToken) = (page.elements, page.nextToken)
    }
}
