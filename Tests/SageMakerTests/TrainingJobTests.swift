import AWSProtocol
import JSON
import ServiceTesting
import Testing

@testable import SageMaker

@Suite struct TrainingJobTests {
    /// Two well separated classes, the label first.
    private static let rows = (0..<60).map { "\($0 % 2),\(Double($0 % 2) * 4 + Double($0 % 7) / 10),\($0 % 5)" }
        .joined(separator: "\n")

    private static let hyperparameters: JSON = ["predictor_type": "binary_classifier", "mini_batch_size": "10"]

    @Test func `linear-learner trains a model`() async throws {
        let kit = try JobKit(["bucket/data/train_data.csv": Self.rows])
        let job = try await kit.run(
            .training,
            .trainingJob(
                "iris-training-job-1",
                channels: ["train": "s3://bucket/data/train_data.csv"],
                hyperparameters: Self.hyperparameters
            )
        )
        #expect(job["TrainingJobStatus"] == "Completed", "\(job["FailureReason"] ?? .null)")
        let address = "s3://bucket/models/iris-training-job-1/output/model.tar.gz"
        #expect(job["ModelArtifacts"] == ["S3ModelArtifacts": .string(address)])
        let archive = try #require(kit.bytes("bucket/models/iris-training-job-1/output/model.tar.gz"))
        #expect(archive.starts(with: [0x1F, 0x8B]))
        #expect(kit.names.filter { $0.hasPrefix("bucket/models/") }.count == 1)
        let stages = job["SecondaryStatusTransitions"]?.arrayValue?.compactMap { $0["Status"]?.stringValue }
        #expect(stages == ["Starting", "Downloading", "Training", "Uploading", "Completed"])
        let messages = job["SecondaryStatusTransitions"]?.arrayValue?.compactMap { $0["StatusMessage"]?.stringValue }
        #expect(messages?.last == "Training job completed")
        #expect(job["BillableTimeInSeconds"]?.intValue.map { $0 >= 1 } == true)
        let metrics = job["FinalMetricDataList"]?.arrayValue?.compactMap { $0["MetricName"]?.stringValue } ?? []
        #expect(metrics.contains("train:binary_classification_accuracy") || metrics.contains("train:objective_loss"))
        #expect(kit.messages.first?.contains("built-in linear-learner") == true)
    }

    @Test func `data that linear-learner refuses makes a ClientError`() async throws {
        let kit = try JobKit(["bucket/train.csv": "0.5,1\nsetosa,2\n"])
        let job = try await kit.run(
            .training,
            .trainingJob(channels: ["train": "s3://bucket/train.csv"], hyperparameters: Self.hyperparameters)
        )
        #expect(job["TrainingJobStatus"] == "Failed")
        #expect(job["SecondaryStatus"] == "Failed")
        let reason = try #require(job["FailureReason"]?.stringValue)
        #expect(reason.hasPrefix("ClientError: ") && reason.hasSuffix(", exit code: 2"))
        #expect(reason.contains("/opt/ml/input/data/train/train.csv"))
        #expect(job["ModelArtifacts"] == nil)
        #expect(kit.names == ["bucket/train.csv"])
    }

    @Test func `the user's own program trains under the contract`() async throws {
        let script = """
            import json, os
            hyperparameters = json.load(open("/opt/ml/input/config/hyperparameters.json"))
            assert hyperparameters == {"depth": "3"}, hyperparameters
            assert os.environ["SM_HP_DEPTH"] == "3"
            assert os.environ["TRAINING_JOB_NAME"] == "own"
            assert json.load(open("/opt/ml/input/config/inputdataconfig.json"))["train"]["ContentType"] == "text/csv"
            assert json.load(open("/opt/ml/input/config/resourceconfig.json"))["hosts"] == ["algo-1"]
            rows = open(os.path.join(os.environ["SM_CHANNEL_TRAIN"], "a.csv")).read()
            open("/opt/ml/model/model.txt", "w").write(rows)
            open("/opt/ml/output/data/report.txt", "w").write("fine")
            print("loss: 0.75")
            print("loss: 0.25")
            """
        let kit = try JobKit(["bucket/in/a.csv": "1,2", "bucket/in/b.csv": "3,4"])
        let algorithm: JSON = [
            "TrainingImage": "example.com/train:1", "TrainingInputMode": "File",
            "ContainerEntrypoint": ["python3", "-c", .string(script)],
            "MetricDefinitions": [
                ["Name": "loss", "Regex": "loss: ([0-9.]+)"], ["Name": "other", "Regex": "other=(.*)"],
            ],
        ]
        let job = try await kit.run(
            .training,
            .trainingJob(
                "own",
                channels: ["train": "s3://bucket/in"],
                output: "s3://bucket/models",
                hyperparameters: ["depth": "3"],
                ["AlgorithmSpecification": algorithm]
            )
        )
        #expect(job["TrainingJobStatus"] == "Completed", "\(kit.messages)")
        #expect(kit.names.contains("bucket/models/own/output/model.tar.gz"))
        #expect(kit.names.contains("bucket/models/own/output/output.tar.gz"))
        #expect(job["FinalMetricDataList"]?.arrayValue?.count == 1)
        #expect(job["FinalMetricDataList"]?[0]?["Value"] == 0.25)
    }

    @Test func `a failure file becomes the reason`() async throws {
        let kit = try JobKit()
        let job = try await kit.run(
            .training,
            .trainingJob(entrypoint: ["sh", "-c", "printf 'out of luck' > /opt/ml/output/failure; exit 3"])
        )
        #expect(job["FailureReason"] == "AlgorithmError: out of luck, exit code: 3")
        #expect(kit.names == [])
    }

    @Test(arguments: ["s3://bucket/none", "s3://nowhere/x"])
    func `a channel without objects is refused`(uri: String) async throws {
        let kit = try JobKit(["bucket/data": "x"])
        let error = await #expect(throws: AWSError.self) {
            try await kit.call("CreateTrainingJob", .trainingJob(channels: ["train": uri]))
        }
        let bucket = uri.dropFirst(5).prefix { $0 != "/" }
        #expect(error?.code == "ValidationException")
        #expect(
            error?.message == """
                No S3 objects found under S3 URL "\(uri)" given in input data source. Please ensure that the bucket \
                exists in the selected region (us-east-1), that objects exist under that S3 prefix, and that the role \
                "\(JobKit.role)" has "s3:ListBucket" permissions on bucket "\(bucket)".
                """
        )
    }

    private static let augmented = JSON.trainingJob(
        "other",
        [
            "InputDataConfig": [
                [
                    "ChannelName": "train",
                    "DataSource": [
                        "S3DataSource": ["S3DataType": "AugmentedManifestFile", "S3Uri": "s3://bucket/x"]
                    ],
                ]
            ]
        ]
    )

    @Test func `errors are in AWS's words`() async throws {
        let kit = try JobKit()
        _ = try await kit.run(.training, .trainingJob("twin", entrypoint: ["true"]))
        let arn = "arn:aws:sagemaker:us-east-1:000000000000:training-job/twin"
        let unknownRole: JSON.Object = ["RoleArn": "arn:aws:iam::000000000000:role/unknown"]
        let cases: [(operation: String, input: JSON, error: AWSError)] = [
            (
                "CreateTrainingJob", .trainingJob("twin", entrypoint: ["true"]),
                AWSError(
                    "ResourceInUse",
                    "Training job names must be unique within an AWS account and region, and a training job with this "
                        + "name already exists (\(arn))"
                )
            ),
            (
                "CreateTrainingJob", .trainingJob("other", entrypoint: ["true"], unknownRole),
                AWSError(
                    "ValidationException",
                    "Could not assume role arn:aws:iam::000000000000:role/unknown. Please ensure that the role exists "
                        + "and allows principal 'sagemaker.amazonaws.com' to assume the role."
                )
            ),
            (
                "DescribeTrainingJob", ["TrainingJobName": "none"],
                AWSError("ValidationException", "Requested resource not found.")
            ),
            (
                "StopTrainingJob", ["TrainingJobName": "none"],
                AWSError("ValidationException", "Requested resource not found.")
            ),
            (
                "StopTrainingJob", ["TrainingJobName": "twin"],
                AWSError(
                    "ValidationException",
                    "The request was rejected because the training job is in status Completed."
                )
            ),
            (
                "DescribeProcessingJob", ["ProcessingJobName": "none"],
                AWSError("ValidationException", "Could not find requested job with name: none")
            ),
            (
                "CreateTrainingJob", Self.augmented,
                AWSError(
                    "ValidationException",
                    "The channel train is an AugmentedManifestFile, which takes the input mode Pipe."
                )
            ),
            (
                "ListTrainingJobs", ["NextToken": "x"],
                AWSError("ValidationException", "Invalid pagination token given.")
            ),
        ]
        for (operation, input, expected) in cases {
            let error = await #expect(throws: AWSError.self) { try await kit.call(operation, input) }
            #expect(error == expected)
        }
    }
}
