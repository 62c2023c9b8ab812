import AWSProtocol
import Archive
import JSON
import Testing

@testable import SageMaker

@Suite struct TransformJobTests {
    /// A kit with a trained model of two well separated classes.
    private func kit(_ objects: [String: String]) async throws -> JobKit {
        var all = objects
        all["bucket/train.csv"] = (0..<60).map { "\($0 % 2),\(Double($0 % 2) * 4 + Double($0 % 7) / 10),\($0 % 5)" }
            .joined(separator: "\n")
        let kit = try JobKit(all)
        let training = try await kit.run(
            .training,
            .trainingJob(
                "train",
                channels: ["train": "s3://bucket/train.csv"],
                hyperparameters: ["predictor_type": "binary_classifier", "mini_batch_size": "10"]
            )
        )
        #expect(training["TrainingJobStatus"] == "Completed", "\(training["FailureReason"] ?? .null)")
        try await kit.call(
            "CreateModel",
            [
                "ModelName": "model", "ExecutionRoleArn": .string(JobKit.role),
                "PrimaryContainer": [
                    "Image": "382416733822.dkr.ecr.us-east-1.amazonaws.com/linear-learner:1",
                    "ModelDataUrl": "s3://bucket/models/train/output/model.tar.gz",
                ],
            ]
        )
        return kit
    }

    private static func labels(_ text: String?) -> [Int?] {
        (text ?? "").split(separator: "\n").map { line in
            (try? JSON(parsing: String(line)))?["predicted_label"]?.intValue
        }
    }

    private static func output(_ more: JSON.Object = [:]) -> JSON {
        let output: JSON.Object = [
            "S3OutputPath": "s3://bucket/out", "AssembleWith": "Line", "Accept": "application/jsonlines",
        ]
        return .object(output.merging(more))
    }

    @Test func `each object gets a result of its name, its records in order`() async throws {
        let kit = try await kit(["bucket/in/a.csv": "4.2,1\n0.1,2\n4.4,3\n", "bucket/in/sub/b.csv": "0.2,4"])
        let job = try await kit.run(
            .transform,
            .transformJob([
                "TransformOutput": Self.output(), "BatchStrategy": "SingleRecord", "MaxConcurrentTransforms": 4,
            ])
        )
        #expect(job["TransformJobStatus"] == "Completed", "\(job["FailureReason"] ?? .null) \(kit.messages)")
        #expect(Self.labels(kit.text("bucket/out/a.csv.out")) == [1, 0, 1])
        #expect(Self.labels(kit.text("bucket/out/sub/b.csv.out")) == [0])
        #expect(job["TransformStartTime"] != nil && job["TransformEndTime"] != nil)
        let list = try await kit.call("ListTransformJobs", [:])
        #expect(list["TransformJobSummaries"]?[0]?["TransformJobStatus"] == "Completed")
    }

    @Test func `identifiers are kept from the model and joined to its answers`() async throws {
        let kit = try await kit([
            "bucket/in/a.jsonl": "{\"id\":7,\"features\":[4.2,1]}\n{\"id\":8,\"features\":[0.1,1]}\n"
        ])
        var request = JSON.transformJob(["TransformOutput": Self.output()])
        request["TransformInput"]?["ContentType"] = "application/jsonlines"
        request["DataProcessing"] = [
            "InputFilter": "$['features']", "JoinSource": "Input", "OutputFilter": "$['id','SageMakerOutput']",
        ]
        let job = try await kit.run(.transform, request)
        // The features alone are no request of linear-learner's: its own error fails the job.
        #expect(job["FailureReason"] == "ClientError: See job logs for more information")
        request["TransformJobName"] = "second"
        request["DataProcessing"]?["InputFilter"] = "$['id','features']"
        _ = try await kit.run(.transform, request)
        let second = try await kit.describe(.transform, "second")
        #expect(second["TransformJobStatus"] == "Completed", "\(kit.messages)")
        let lines = (kit.text("bucket/out/a.jsonl.out") ?? "").split(separator: "\n")
        let first = try JSON(parsing: String(lines.first ?? ""))
        #expect(first["id"] == 7 && first["SageMakerOutput"]?["predicted_label"] == 1 && first["features"] == nil)
        #expect(lines.count == 2)
    }

    @Test func `gzip is unpacked and a manifest names the objects`() async throws {
        let kit = try await kit(["bucket/list": #"[{"prefix": "s3://bucket/data/"}, "x.csv"]"#])
        kit.put("bucket/data/x.csv", try Gzip.compress(Array("4.2,1\n0.1,1\n".utf8)))
        kit.put("bucket/data/y.csv", [1])
        var request = JSON.transformJob(["TransformOutput": Self.output()])
        request["TransformInput"] = [
            "DataSource": ["S3DataSource": ["S3DataType": "ManifestFile", "S3Uri": "s3://bucket/list"]],
            "ContentType": "text/csv", "SplitType": "Line", "CompressionType": "Gzip",
        ]
        let job = try await kit.run(.transform, request)
        #expect(job["TransformJobStatus"] == "Completed", "\(kit.messages)")
        #expect(Self.labels(kit.text("bucket/out/x.csv.out")) == [1, 0])
        #expect(kit.text("bucket/out/y.csv.out") == nil)
    }

    @Test func `an object that the model refuses fails the job, others have their results`() async throws {
        let kit = try await kit(["bucket/in/a.csv": "setosa,1\n", "bucket/in/b.csv": "4.2,1\n"])
        let job = try await kit.run(.transform, .transformJob(["TransformOutput": Self.output()]))
        #expect(job["TransformJobStatus"] == "Failed")
        #expect(job["FailureReason"] == "ClientError: See job logs for more information")
        #expect(kit.text("bucket/out/a.csv.out") == nil)
        #expect(Self.labels(kit.text("bucket/out/b.csv.out")) == [1])
        #expect(kit.messages.contains { $0.contains("bucket/in/a.csv: Bad HTTP status received from algorithm: 4") })
        #expect(kit.streams.contains { $0.hasSuffix("/data-log") })
    }

    @Test func `after a crash a transform begins anew`() async throws {
        let kit = try await kit(["bucket/in/a.csv": "4.2,1\n"])
        let job = try await kit.insert(.transformJob(["TransformOutput": Self.output()]), .transform)
        for stage in [JobStage.downloading, .training] {
            try await kit.service.context.journal(job) { $0.enter(stage, at: $1) }
        }
        let restarted = kit.makeService()
        try await restarted.start()
        try await restarted.jobFinished(job.arn)
        #expect(Self.labels(kit.text("bucket/out/a.csv.out")) == [1])
    }

    private static let refused: [(JSON.Object, String)] = [
        (["ModelName": "none"], "Could not find model"),
        (["DataProcessing": ["InputFilter": "features"]], "is not valid"),
        (["MaxConcurrentTransforms": 20, "MaxPayloadInMB": 6], "must not exceed 100"),
        (["TransformOutput": ["S3OutputPath": "out"]], "S3OutputPath"),
    ]

    @Test(arguments: refused)
    func `what cannot be transformed is refused`(more: JSON.Object, words: String) async throws {
        let kit = try JobKit()
        let error = await #expect(throws: AWSError.self) {
            try await kit.call("CreateTransformJob", .transformJob(more))
        }
        #expect(error?.code == "ValidationException")
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    }
}
