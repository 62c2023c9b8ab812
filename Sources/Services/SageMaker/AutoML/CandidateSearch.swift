import AWSProtocol
import HyperparameterTuning
import JSON
import TabularSteps

/// Which candidates an AutoML job tries: linear-learner as it sets itself up first, then what the search finds.
struct CandidateSearch: Sendable {
    let job: JobRecord
    let plan: AutoMLPlan
    let findings: AutoMLFindings
    let classCount: Int

    var maximum: Int { plan.maximumCandidates ?? findings.mode.candidates }

    /// How many are trained at a time.
    static let parallel = 2

    private static let seed: UInt64 = 42

    /// The next candidate; nil where there are enough, or where one has to be judged first.
    ///
    /// What it depends on does not depend on which of those that train side by side is done first: equal data give equal
    /// candidates.
    /// - Throws: `SearchError`
    func next(after candidates: [AutoMLCandidate]) throws -> AutoMLCandidate? {
        let number = candidates.count
        let known = max(0, number - Self.parallel + 1)
        guard number < maximum, candidates.prefix(known).allSatisfy({ $0.result != nil }) else { return nil }
        var tuned: [String: String] = [:]
        if number > 0 {
            let search = try Search(
                SearchSpace(Self.ranges(findings.problem)),
                strategy: .bayesian,
                goal: findings.objective.goal,
                seed: Self.seed
            )
            let history = candidates.enumerated().dropFirst().map { place, candidate in
                place < known ? candidate.trial(findings.objective) : Trial(candidate.tuned, .pending)
            }
            guard let values = search.values(ofTrial: number - 1, after: history) else { return nil }
            tuned = values
        }
        let name = TuningTrial.name(job.name, number: number)
        return AutoMLCandidate(number: number, name: name, tuned: tuned)
    }

    /// The penalties within AWS's ranges for tuning linear-learner, and what the kind of problem leaves to choose.
    private static func ranges(_ problem: ProblemType) throws(SearchError) -> [ParameterRange] {
        let penalties = [
            try ParameterRange.continuous("wd", from: "0.0000001", to: "1", scaling: .logarithmic),
            // Without an L1 penalty training is many times as fast.
            try ParameterRange.categorical("l1", ["0", "0.0001", "0.001", "0.01"]),
        ]
        switch problem {
        case .regression:
            return penalties + [try .categorical("loss", ["squared_loss", "huber_loss", "absolute_loss"])]
        case .binary:
            return penalties + [try .categorical("positive_example_weight_mult", ["1.0", "balanced"])]
        case .multiclass:
            return penalties + [try .categorical("balance_multiclass_weights", ["false", "true"])]
        }
    }

    /// The request of a candidate's training job.
    func trainingJob(_ candidate: AutoMLCandidate, tags: [JSON]) -> JSON {
        var hyperparameters = fixed
        for (name, value) in candidate.tuned.sorted(by: { $0.key < $1.key }) { hyperparameters[name] = .string(value) }
        let security = AutoMLRequest(job).security
        return .compact([
            "TrainingJobName": .string(candidate.name),
            "HyperParameters": .object(hyperparameters),
            "AlgorithmSpecification": [
                "TrainingImage": .string(InferenceContainers.linearLearner(job.region)), "TrainingInputMode": "File",
            ],
            "RoleArn": job.request["RoleArn"],
            "InputDataConfig": ["train", "validation"].jsonList { name in
                [
                    "ChannelName": .string(name), "ContentType": "text/csv",
                    "DataSource": [
                        "S3DataSource": [
                            "S3DataType": "S3Prefix", "S3Uri": .string(plan.output.data(name).uri),
                            "S3DataDistributionType": "FullyReplicated",
                        ]
                    ],
                ]
            },
            "OutputDataConfig": .compact([
                "S3OutputPath": .string(plan.output.trainings.uri),
                "KmsKeyId": job.request["OutputDataConfig"]?["KmsKeyId"],
            ]),
            "ResourceConfig": .compact([
                "InstanceType": "ml.m5.4xlarge", "InstanceCount": 1, "VolumeSizeInGB": 50,
                "VolumeKmsKeyId": security?["VolumeKmsKeyId"],
            ]),
            "StoppingCondition": [
                "MaxRuntimeInSeconds": .integer(plan.maximumTrainingSeconds ?? JobPlan.defaultMaximumSeconds)
            ],
            "VpcConfig": security?["VpcConfig"],
            "EnableInterContainerTrafficEncryption": security?["EnableInterContainerTrafficEncryption"],
            "Tags": tags.isEmpty ? nil : .array(tags),
        ])
    }

    private var fixed: JSON.Object {
        switch findings.problem {
        case .regression: return ["predictor_type": "regressor"]
        case .multiclass:
            return ["predictor_type": "multiclass_classifier", "num_classes": .string(String(classCount))]
        case .binary:
            let criterion =
                switch findings.objective {
                case .f1: "f1"
                case .auc, .logLoss: "cross_entropy_loss"
                default: "accuracy"
                }
            return [
                "predictor_type": "binary_classifier",
                "binary_classifier_model_selection_criteria": .string(criterion),
            ]
        }
    }
}

extension [String] {
    fileprivate func jsonList(_ element: (String) -> JSON) -> JSON { .array(map(element)) }
}
