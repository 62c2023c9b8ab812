import AWSProtocol
import JSON
import ServiceTesting
import Store
import Testing

@testable import SageMaker

@Suite struct TuningJobTests {
    /// Tells its x as the loss, which is least at the range's beginning.
    private static let script = """
        case "$SM_HP_KIND" in bad) loss=9;; *) loss=$SM_HP_X;; esac
        echo $loss > /opt/ml/model/x
        echo "loss=$loss"
        """

    private static func definition(_ script: String = script, _ more: JSON.Object = [:]) -> JSON {
        let definition: JSON.Object = [
            "StaticHyperParameters": ["fixed": "1"],
            "AlgorithmSpecification": [
                "TrainingImage": "example.com/train:1", "TrainingInputMode": "File",
                "MetricDefinitions": [["Name": "loss", "Regex": "loss=([0-9.e-]+)"]],
                "ContainerEntrypoint": ["sh", "-c", .string(script)],
            ],
            "RoleArn": .string(JobKit.role),
            "OutputDataConfig": ["S3OutputPath": "s3://bucket/models"],
            "ResourceConfig": ["InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 5],
            "StoppingCondition": ["MaxRuntimeInSeconds": 3600],
        ]
        return .object(definition.merging(more))
    }

    private static func tuning(
        strategy: String = "Random",
        jobs: Int = 4,
        parallel: Int = 2,
        ranges: JSON = ["ContinuousParameterRanges": [["Name": "x", "MinValue": "0", "MaxValue": "1"]]],
        configuration: JSON.Object = [:],
        _ more: JSON.Object = [:]
    ) -> JSON {
        let own: JSON.Object = [
            "Strategy": .string(strategy),
            "HyperParameterTuningJobObjective": ["Type": "Minimize", "MetricName": "loss"],
            "ResourceLimits": [
                "MaxNumberOfTrainingJobs": .integer(jobs), "MaxParallelTrainingJobs": .integer(parallel),
            ],
            "ParameterRanges": ranges,
            "RandomSeed": 1,
        ]
        let request: JSON.Object = [
            "HyperParameterTuningJobName": "tune",
            "HyperParameterTuningJobConfig": .object(own.merging(configuration)),
            "TrainingJobDefinition": definition(),
        ]
        return .object(request.merging(more))
    }

    @Test func `tuning runs training jobs and finds the best`() async throws {
        let kit = try JobKit()
        let request = Self.tuning(["Tags": [["Key": "team", "Value": "a"]]])
        let job = try await kit.run(.tuning, request)
        #expect(job["HyperParameterTuningJobStatus"] == "Completed", "\(job["FailureReason"] ?? .null)")
        #expect(job["TrainingJobStatusCounters"]?["Completed"] == 4)
        #expect(job["ObjectiveStatusCounters"] == ["Succeeded": 4, "Pending": 0, "Failed": 0])
        #expect(job["TrainingJobDefinition"]?["StaticHyperParameters"]?["_tuning_objective_metric"] == "loss")
        let list =
            try await kit.call(
                "ListTrainingJobsForHyperParameterTuningJob",
                ["HyperParameterTuningJobName": "tune", "SortBy": "FinalObjectiveMetricValue"]
            )["TrainingJobSummaries"]?.arrayValue ?? []
        #expect(list.count == 4)
        #expect(list.first?["TrainingJobName"] == job["BestTrainingJob"]?["TrainingJobName"])
        let values = list.compactMap { $0["FinalHyperParameterTuningJobObjectiveMetric"]?["Value"]?.doubleValue }
        #expect(values == values.sorted() && values.count == 4)
        let name = try #require(list.first?["TrainingJobName"]?.stringValue)
        let parts = name.split(separator: "-")
        #expect(parts.count == 3 && parts[0] == "tune" && parts[1].count == 3 && parts[2].count == 8)
        let training = try await kit.describe(.training, name)
        #expect(training["TuningJobArn"] == "arn:aws:sagemaker:us-east-1:000000000000:hyper-parameter-tuning-job/tune")
        #expect(training["HyperParameters"]?["_tuning_objective_metric"] == "loss")
        #expect(training["HyperParameters"]?["fixed"] == "1")
        let metrics = training["FinalMetricDataList"]?.arrayValue?.compactMap { $0["MetricName"]?.stringValue }
        #expect(metrics == ["loss", "ObjectiveMetric"])
        #expect(kit.names.count == 4)
        let tags = try await kit.call("ListTags", ["ResourceArn": training["TrainingJobArn"] ?? ""])
        #expect(tags["Tags"] == [["Key": "team", "Value": "a"]])
    }

    @Test func `the same seed tries the same values`() async throws {
        func tried() async throws -> [JSON?] {
            let kit = try JobKit()
            _ = try await kit.run(.tuning, Self.tuning(strategy: "Bayesian", jobs: 6, parallel: 1))
            let list = try await kit.call(
                "ListTrainingJobsForHyperParameterTuningJob",
                ["HyperParameterTuningJobName": "tune", "SortBy": "CreationTime"]
            )
            return list["TrainingJobSummaries"]?.arrayValue?.map { $0["TunedHyperParameters"] } ?? []
        }
        let first = try await tried()
        #expect(first.count == 6)
        #expect(try await tried() == first)
    }

    @Test func `a grid tries each combination`() async throws {
        let kit = try JobKit()
        var request = Self.tuning(
            strategy: "Grid",
            parallel: 3,
            ranges: [
                "CategoricalParameterRanges": [
                    ["Name": "x", "Values": ["0", "0.3", "1"]], ["Name": "kind", "Values": ["good", "bad"]],
                ]
            ]
        )
        request["HyperParameterTuningJobConfig"]?["ResourceLimits"] = ["MaxParallelTrainingJobs": 3]
        let job = try await kit.run(.tuning, request)
        #expect(job["TrainingJobStatusCounters"]?["Completed"] == 6)
        #expect(job["BestTrainingJob"]?["TunedHyperParameters"] == ["x": "0", "kind": "good"])
    }

    @Test func `tuning ends once the target is reached`() async throws {
        let kit = try JobKit()
        let job = try await kit.run(
            .tuning,
            Self.tuning(
                jobs: 50,
                parallel: 1,
                configuration: ["TuningJobCompletionCriteria": ["TargetObjectiveMetricValue": 1.5]]
            )
        )
        #expect(job["HyperParameterTuningJobStatus"] == "Completed")
        #expect(job["TrainingJobStatusCounters"]?["Completed"] == 1)
    }

    @Test func `tuning fails where all training jobs do`() async throws {
        let kit = try JobKit()
        let job = try await kit.run(
            .tuning,
            Self.tuning(jobs: 2, ["TrainingJobDefinition": Self.definition("exit 1")])
        )
        #expect(job["HyperParameterTuningJobStatus"] == "Failed")
        #expect(job["TrainingJobStatusCounters"]?["NonRetryableError"] == 2)
        #expect(
            job["FailureReason"]
                == "All training jobs failed. Please take a look at the training jobs failures to get more details."
        )
        #expect(job["BestTrainingJob"] == nil)
    }

    @Test func `stopping stops the training jobs`() async throws {
        let kit = try JobKit()
        let script = "echo loss=1.5; echo ready; sleep 600"
        let request = Self.tuning(["TrainingJobDefinition": Self.definition(script)])
        let arn = try await kit.call("CreateHyperParameterTuningJob", request)["HyperParameterTuningJobArn"]
        await kit.message("ready", count: 2)
        try await kit.call("StopHyperParameterTuningJob", ["HyperParameterTuningJobName": "tune"])
        try await kit.service.jobFinished(arn?.stringValue ?? "")
        let job = try await kit.describe(.tuning, "tune")
        #expect(job["HyperParameterTuningJobStatus"] == "Stopped")
        #expect(job["TrainingJobStatusCounters"]?["Stopped"] == 2)
        #expect(job["ObjectiveStatusCounters"]?["Succeeded"] == 2)
    }

    @Test func `a training job worse than the median of earlier ones is stopped early`() async throws {
        let script = """
            if [ $SM_HP_KIND = good ]; then echo loss=1.0; exit; fi
            while :; do echo loss=9.0; sleep 0.05; done
            """
        let kit = try JobKit()
        var request = Self.tuning(
            strategy: "Grid",
            ranges: ["CategoricalParameterRanges": [["Name": "kind", "Values": ["good", "bad"]]]],
            configuration: [
                "TrainingJobEarlyStoppingType": "Auto", "ResourceLimits": ["MaxParallelTrainingJobs": 1],
            ]
        )
        request["TrainingJobDefinition"] = Self.definition(script)
        let job = try await kit.run(.tuning, request)
        #expect(job["HyperParameterTuningJobStatus"] == "Completed")
        #expect(job["TrainingJobStatusCounters"]?["Stopped"] == 1)
        #expect(job["BestTrainingJob"]?["TunedHyperParameters"] == ["kind": "good"])
    }

    @Test func `Hyperband ends a training job at its greatest resource`() async throws {
        let script = "while :; do echo loss=1.0; sleep 0.05; done"
        let kit = try JobKit()
        let job = try await kit.run(
            .tuning,
            Self.tuning(
                strategy: "Hyperband",
                jobs: 2,
                configuration: ["StrategyConfig": ["HyperbandStrategyConfig": ["MinResource": 1, "MaxResource": 3]]],
                ["TrainingJobDefinition": Self.definition(script)]
            )
        )
        #expect(job["HyperParameterTuningJobStatus"] == "Completed")
        #expect(job["TrainingJobStatusCounters"]?["Stopped"] == 2)
    }

    @Test func `a warm start learns from its parents and names the best of all`() async throws {
        let kit = try JobKit()
        _ = try await kit.run(.tuning, Self.tuning())
        var request = Self.tuning(
            jobs: 1,
            parallel: 1,
            [
                "WarmStartConfig": [
                    "WarmStartType": "IdenticalDataAndAlgorithm",
                    "ParentHyperParameterTuningJobs": [["HyperParameterTuningJobName": "tune"]],
                ]
            ]
        )
        request["HyperParameterTuningJobName"] = "child"
        let job = try await kit.run(.tuning, request)
        #expect(job["HyperParameterTuningJobStatus"] == "Completed")
        let best = try #require(job["OverallBestTrainingJob"])
        #expect(["tune", "child"].contains(best["TuningJobName"]?.stringValue))
        request["HyperParameterTuningJobName"] = "other"
        request["TrainingJobDefinition"]?["AlgorithmSpecification"]?["TrainingImage"] = "example.com/other:1"
        let error = await #expect(throws: AWSError.self) {
            try await kit.call("CreateHyperParameterTuningJob", request)
        }
        #expect(error?.message.contains("IdenticalDataAndAlgorithm") == true)
    }

    @Test func `several definitions take turns`() async throws {
        let kit = try JobKit()
        let objective: JSON = ["Type": "Minimize", "MetricName": "loss"]
        let definitions: [JSON] = ["a", "b"].map { name in
            Self.definition(
                Self.script,
                [
                    "DefinitionName": .string(name), "TuningObjective": objective,
                    "HyperParameterRanges": [
                        "ContinuousParameterRanges": [["Name": "x", "MinValue": "0", "MaxValue": "1"]]
                    ],
                ]
            )
        }
        var request = Self.tuning(["TrainingJobDefinitions": .array(definitions)])
        request["TrainingJobDefinition"] = nil
        let job = try await kit.run(.tuning, request)
        #expect(job["HyperParameterTuningJobStatus"] == "Completed", "\(job["FailureReason"] ?? .null)")
        let list = try await kit.call(
            "ListTrainingJobsForHyperParameterTuningJob",
            ["HyperParameterTuningJobName": "tune"]
        )
        let names = list["TrainingJobSummaries"]?.arrayValue?.compactMap {
            $0["TrainingJobDefinitionName"]?.stringValue
        }
        #expect(names == ["a", "b", "a", "b"])
    }

    @Test func `after a crash tuning goes on with what it knows`() async throws {
        let kit = try JobKit()
        let record = try await kit.insert(Self.tuning(jobs: 3, parallel: 1), .tuning)
        // The crash came between the trial's row and its training job.
        try await kit.service.store.write { db in
            try TuningTrial(number: 0, trainingJob: "tune-001-aaaaaaaa", definition: "", tuned: ["x": "0.3"])
                .insert(of: record.id, in: db)
        }
        try await kit.service.start()
        try await kit.service.jobFinished(record.arn)
        let job = try await kit.describe(.tuning, "tune")
        #expect(job["TrainingJobStatusCounters"]?["Completed"] == 3)
        #expect(job["BestTrainingJob"]?["TrainingJobName"] == "tune-001-aaaaaaaa")
    }

    private static let refused: [(JSON.Object, String)] = [
        (["Strategy": "Grid"], "categorical"),
        (["Strategy": "Hyperband"], "MaxResource"),
        (["Strategy": "Hyperband", "TrainingJobEarlyStoppingType": "Auto"], "must be Off"),
        (["HyperParameterTuningJobObjective": ["Type": "Minimize", "MetricName": "none"]], "isn't valid"),
        (["ResourceLimits": ["MaxParallelTrainingJobs": 1]], "MaxNumberOfTrainingJobs is required"),
        (["ResourceLimits": ["MaxParallelTrainingJobs": 3, "MaxNumberOfTrainingJobs": 2]], "must not be greater"),
        (
            ["ParameterRanges": ["IntegerParameterRanges": [["Name": "fixed", "MinValue": "1", "MaxValue": "2"]]]],
            "static"
        ),
        (
            ["ParameterRanges": ["IntegerParameterRanges": [["Name": "n", "MinValue": "a", "MaxValue": "2"]]]],
            "integers"
        ),
    ]

    @Test(arguments: refused)
    func `what cannot be tuned is refused`(configuration: JSON.Object, words: String) async throws {
        let kit = try JobKit()
        let error = await #expect(throws: AWSError.self) {
            try await kit.call("CreateHyperParameterTuningJob", Self.tuning(configuration: configuration))
        }
        #expect(error?.code == "ValidationException")
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    }
}
