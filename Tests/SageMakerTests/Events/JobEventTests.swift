import AWSProtocol
import JSON
import ServiceTesting
import Testing

@testable import SageMaker

/// What jobs tell EventBridge. The members and their order are those of AWS's examples:
/// https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html
@Suite struct JobEventTests {
    private let clock = ManualClock()

    @Test func `a training job tells each of its stages`() async throws {
        let kit = try JobKit(["bucket/train.csv": "1,2\n"], clock: clock)
        let events = EventCollector(of: "aws.sagemaker", in: kit.temporary.store)
        let request: JSON = .trainingJob(
            "kmeans-1",
            entrypoint: ["/bin/sh", "-c", "echo done > /opt/ml/model/model.txt"],
            channels: ["train": "s3://bucket/train.csv"],
            hyperparameters: ["Hyper": "Parameters"],
            ["Tags": [["Key": "team", "Value": "red"]]]
        )
        #expect(try await kit.run(.training, request)["TrainingJobStatus"] == "Completed")
        let told = await events.next(5)
        #expect(
            told.map { $0["detail"]?["SecondaryStatus"] }
                == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
        )
        #expect(
            told.map { $0["detail"]?["TrainingJobStatus"] }
                == ["InProgress", "InProgress", "InProgress", "InProgress", "Completed"]
        )
        let last = try #require(told.last)
        #expect(last["detail-type"] == "SageMaker Training Job State Change")
        #expect(last["source"] == "aws.sagemaker")
        #expect(last["account"] == "000000000000")
        #expect(last["region"] == "us-east-1")
        #expect(last["time"] == "2023-11-14T22:13:20Z")
        let arn = "arn:aws:sagemaker:us-east-1:000000000000:training-job/kmeans-1"
        #expect(last["resources"] == [.string(arn)])
        let now: JSON = 1_700_000_000_000
        let stage = { (name: String, message: String) -> JSON in
            ["Status": .string(name), "StartTime": now, "EndTime": now, "StatusMessage": .string(message)]
        }
        let expected: JSON = [
            "TrainingJobName": "kmeans-1",
            "TrainingJobArn": .string(arn),
            "ModelArtifacts": ["S3ModelArtifacts": "s3://bucket/models/kmeans-1/output/model.tar.gz"],
            "TrainingJobStatus": "Completed",
            "SecondaryStatus": "Completed",
            "HyperParameters": ["Hyper": "Parameters"],
            "AlgorithmSpecification": [
                "TrainingImage": "example.com/train:1", "TrainingInputMode": "File",
                "ContainerEntrypoint": ["/bin/sh", "-c", "echo done > /opt/ml/model/model.txt"],
                "EnableSageMakerMetricsTimeSeries": false,
            ],
            "RoleArn": .string(JobKit.role),
            "InputDataConfig": [
                [
                    "ChannelName": "train",
                    "DataSource": ["S3DataSource": ["S3DataType": "S3Prefix", "S3Uri": "s3://bucket/train.csv"]],
                    "ContentType": "text/csv",
                    "CompressionType": "None",
                    "RecordWrapperType": "None",
                ]
            ],
            "OutputDataConfig": [
                "KmsKeyId": "", "S3OutputPath": "s3://bucket/models/", "CompressionType": "GZIP",
            ],
            "ResourceConfig": ["InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5],
            "StoppingCondition": ["MaxRuntimeInSeconds": 3600],
            "CreationTime": now,
            "TrainingStartTime": now,
            "TrainingEndTime": now,
            "LastModifiedTime": now,
            "SecondaryStatusTransitions": [
                stage("Starting", "Preparing the instances for training"),
                stage("Downloading", "Downloading input data"),
                stage("Training", "Training image download completed. Training in progress."),
                stage("Uploading", "Uploading generated training model"),
                stage("Completed", "Training job completed"),
            ],
            "Tags": ["team": "red"],
        ]
        #expect(last["detail"] == expected)
        #expect(last["detail"]?.objectValue?.keys == expected.objectValue?.keys)
        await kit.service.shutdown()
    }

    @Test func `a failed processing job tells why`() async throws {
        let kit = try JobKit(["bucket/in/a.csv": "1"], clock: clock)
        let events = EventCollector(of: "aws.sagemaker", in: kit.temporary.store)
        let request: JSON = .processingJob(
            entrypoint: ["/bin/sh", "-c", "exit 3"],
            inputs: [.processingInput("s3://bucket/in/", at: "/opt/ml/processing/in")],
            outputs: [.processingOutput("s3://bucket/out/", from: "/opt/ml/processing/out")],
            ["StoppingCondition": ["MaxRuntimeInSeconds": 2000]]
        )
        #expect(try await kit.run(.processing, request)["ProcessingJobStatus"] == "Failed")
        let told = await events.next(2)
        #expect(told.map { $0["detail"]?["ProcessingJobStatus"] } == ["InProgress", "Failed"])
        #expect(told.map { $0["detail-type"] } == Array(repeating: "SageMaker Processing Job State Change", count: 2))
        let detail = try #require(told.last?["detail"])
        #expect(
            detail.objectValue?.keys == [
                "ProcessingInputs", "ProcessingOutputConfig", "ProcessingJobName", "ProcessingResources",
                "StoppingCondition", "AppSpecification", "RoleArn", "ProcessingJobArn", "ProcessingJobStatus",
                "FailureReason", "ProcessingEndTime", "ProcessingStartTime", "LastModifiedTime", "CreationTime",
            ]
        )
        #expect(
            detail["ProcessingInputs"] == [
                [
                    "InputName": "input",
                    "S3Input": [
                        "S3Uri": "s3://bucket/in/", "LocalPath": "/opt/ml/processing/in", "S3DataType": "S3_PREFIX",
                        "S3InputMode": "FILE",
                    ],
                ]
            ]
        )
        #expect(detail["ProcessingOutputConfig"]?["Outputs"]?[0]?["S3Output"]?["S3UploadMode"] == "END_OF_JOB")
        #expect(detail["FailureReason"] == "AlgorithmError: See job logs for more information")
        #expect(detail["ProcessingEndTime"] == 1_700_000_000_000)
        await kit.service.shutdown()
    }

    @Test func `a job that is stopped tells that it stops and that it has`() async throws {
        let kit = try JobKit(["bucket/train.csv": "1,2\n"], clock: clock)
        let events = EventCollector(of: "aws.sagemaker", in: kit.temporary.store)
        let job = try await kit.insert(
            .trainingJob("slow", entrypoint: ["/bin/true"], channels: ["train": "s3://bucket/train.csv"]),
            .training
        )
        try await kit.call("StopTrainingJob", ["TrainingJobName": "slow"])
        try await kit.service.context.journal(job) { $0.enter(.stopped, at: $1) }
        let told = await events.next(2)
        #expect(told.map { $0["detail"]?["TrainingJobStatus"] } == ["Stopping", "Stopped"])
        await kit.service.shutdown()
    }

    @Test func `a job that the yard's end interrupted tells its end once`() async throws {
        let kit = try JobKit(clock: clock)
        let job = try await kit.insert(.processingJob("cut", entrypoint: ["/bin/true"]), .processing)
        try await kit.service.context.journal(job) { $0.enter(.training, at: $1) }
        let events = EventCollector(of: "aws.sagemaker", in: kit.temporary.store)
        let next = kit.makeService()
        try await next.start()
        try await next.start()
        let again = try await kit.insert(.processingJob("later", entrypoint: ["/bin/true"]), .processing)
        try await next.context.journal(again) { $0.enter(.stopped, at: $1) }
        let told = await events.next(2)
        #expect(told.map { $0["detail"]?["ProcessingJobName"] } == ["cut", "later"])
        #expect(told.first?["detail"]?["FailureReason"]?.stringValue?.hasPrefix("InternalServerError: ") == true)
        await next.shutdown()
    }

    @Test func `a tuning job tells of its training jobs, and they of it`() async throws {
        let kit = try JobKit(clock: clock)
        let events = EventCollector(of: "aws.sagemaker", in: kit.temporary.store)
        let script = "echo 1 > /opt/ml/model/x; echo loss=1"
        let request: JSON = [
            "HyperParameterTuningJobName": "tune",
            "HyperParameterTuningJobConfig": [
                "Strategy": "Random",
                "HyperParameterTuningJobObjective": ["Type": "Minimize", "MetricName": "loss"],
                "ResourceLimits": ["MaxNumberOfTrainingJobs": 1, "MaxParallelTrainingJobs": 1],
                "ParameterRanges": ["ContinuousParameterRanges": [["Name": "x", "MinValue": "0", "MaxValue": "1"]]],
            ],
            "TrainingJobDefinition": [
                "AlgorithmSpecification": [
                    "TrainingImage": "example.com/train:1", "TrainingInputMode": "File",
                    "MetricDefinitions": [["Name": "loss", "Regex": "loss=([0-9.e-]+)"]],
                    "ContainerEntrypoint": ["sh", "-c", .string(script)],
                ],
                "RoleArn": .string(JobKit.role),
                "OutputDataConfig": ["S3OutputPath": "s3://bucket/models"],
                "ResourceConfig": ["InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 5],
                "StoppingCondition": ["MaxRuntimeInSeconds": 3600],
            ],
            "Tags": [["Key": "team", "Value": "red"]],
        ]
        #expect(try await kit.run(.tuning, request)["HyperParameterTuningJobStatus"] == "Completed")
        let told = await events.next(7)
        let tuning = told.filter { $0["detail-type"] == "SageMaker HyperParameter Tuning Job State Change" }
        #expect(tuning.map { $0["detail"]?["HyperParameterTuningJobStatus"] } == ["InProgress", "Completed"])
        let detail = try #require(tuning.last?["detail"])
        #expect(
            detail.objectValue?.keys == [
                "HyperParameterTuningJobName", "HyperParameterTuningJobArn", "HyperParameterTuningJobConfig",
                "TrainingJobDefinition", "HyperParameterTuningJobStatus", "CreationTime",
                "HyperParameterTuningEndTime", "LastModifiedTime", "TrainingJobStatusCounters",
                "ObjectiveStatusCounters", "BestTrainingJob", "Tags",
            ]
        )
        #expect(
            detail["TrainingJobStatusCounters"]
                == ["Completed": 1, "InProgress": 0, "RetryableError": 0, "NonRetryableError": 0, "Stopped": 0]
        )
        #expect(detail["ObjectiveStatusCounters"] == ["Succeeded": 1, "Pending": 0, "Failed": 0])
        #expect(detail["BestTrainingJob"]?["CreationTime"] == 1_700_000_000_000)
        #expect(detail["Tags"] == ["team": "red"])
        let trainings = told.filter { $0["detail-type"] == "SageMaker Training Job State Change" }
        #expect(trainings.count == 5)
        #expect(Set(trainings.map { $0["detail"]?["TuningJobArn"] }) == [detail["HyperParameterTuningJobArn"]])
        await kit.service.shutdown()
    }

    @Test func `a transform job tells its beginning and its end`() async throws {
        let kit = try JobKit(clock: clock)
        let events = EventCollector(of: "aws.sagemaker", in: kit.temporary.store)
        let job = try await kit.insert(
            [
                "TransformJobName": "myjob", "ModelName": "model", "MaxConcurrentTransforms": 5, "MaxPayloadInMB": 10,
                "BatchStrategy": "MultiRecord", "Environment": ["environment1": "environment2"],
                "TransformInput": [
                    "DataSource": ["S3DataSource": ["S3DataType": "S3Prefix", "S3Uri": "s3://bucket/in"]],
                    "ContentType": "text/csv", "CompressionType": "None", "SplitType": "Line",
                ],
                "TransformOutput": [
                    "S3OutputPath": "s3://bucket/out", "Accept": "text/csv", "AssembleWith": "Line",
                    "KmsKeyId": "key",
                ],
                "TransformResources": ["InstanceType": "ml.m5.large", "InstanceCount": 3],
            ],
            .transform
        )
        try await kit.service.context.journal(job) { state, now in
            state.enter(.downloading, at: now)
            state.fail("failed why 1", at: now)
        }
        let event = try #require(await events.next().first)
        #expect(event["detail-type"] == "SageMaker Transform Job State Change")
        let arn = "arn:aws:sagemaker:us-east-1:000000000000:transform-job/myjob"
        let expected: JSON = [
            "TransformJobName": "myjob",
            "TransformJobArn": .string(arn),
            "TransformJobStatus": "Failed",
            "FailureReason": "failed why 1",
            "ModelName": "model",
            "MaxConcurrentTransforms": 5,
            "MaxPayloadInMB": 10,
            "BatchStrategy": "MultiRecord",
            "Environment": ["environment1": "environment2"],
            "TransformInput": [
                "DataSource": ["S3DataSource": ["S3DataType": "S3Prefix", "S3Uri": "s3://bucket/in"]],
                "ContentType": "text/csv", "CompressionType": "None", "SplitType": "Line",
            ],
            "TransformOutput": [
                "S3OutputPath": "s3://bucket/out", "Accept": "text/csv", "AssembleWith": "Line", "KmsKeyId": "key",
            ],
            "TransformResources": ["InstanceType": "ml.m5.large", "InstanceCount": 3],
            "CreationTime": 1_700_000_000_000,
            "TransformStartTime": 1_700_000_000_000,
            "TransformEndTime": 1_700_000_000_000,
            "Tags": [:],
        ]
        #expect(event["detail"] == expected)
        #expect(event["detail"]?.objectValue?.keys == expected.objectValue?.keys)
    }
}
