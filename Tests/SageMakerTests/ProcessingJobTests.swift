import AWSProtocol
import Archive
import JSON
import ServiceTesting
import Testing

@testable import SageMaker

@Suite struct ProcessingJobTests {
    @Test func `a Python script reads its inputs below opt ml and its outputs reach S3`() async throws {
        let script = """
            import argparse, os
            parser = argparse.ArgumentParser()
            parser.add_argument("--input-data")
            parser.add_argument("--output-data")
            arguments = parser.parse_args()
            text = open(arguments.input_data).read()
            os.makedirs(os.path.join(arguments.output_data, "parts"))
            open(os.path.join(arguments.output_data, "train_data.csv"), "w").write(text.upper())
            open(os.path.join(arguments.output_data, "parts", "a.txt"), "w").write(os.environ["GREETING"])
            print("done", os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_REGION"])
            """
        let kit = try JobKit(["bucket/data/iris.data": "setosa", "bucket/modeling/preprocess.py": script])
        let job = try await kit.run(
            .processing,
            .processingJob(
                "iris-preprocessing",
                entrypoint: ["python3", "/opt/ml/processing/code/preprocess.py"],
                arguments: [
                    "--input-data", "/opt/ml/processing/input/iris.data", "--output-data",
                    "/opt/ml/processing/output",
                ],
                inputs: [
                    .processingInput("s3://bucket/data/iris.data", at: "/opt/ml/processing/input"),
                    .processingInput("s3://bucket/modeling/preprocess.py", at: "/opt/ml/processing/code"),
                ],
                outputs: [.processingOutput("s3://bucket/data/", from: "/opt/ml/processing/output")],
                ["Environment": ["GREETING": "hello"]]
            )
        )
        #expect(job["ProcessingJobStatus"] == "Completed", "\(kit.messages)")
        #expect(kit.text("bucket/data/train_data.csv") == "SETOSA")
        #expect(kit.text("bucket/data/parts/a.txt") == "hello")
        #expect(kit.messages.last == "done ASIATEST us-east-1")
        let first = try #require(kit.messages.first)
        #expect(first.contains("Python") && first.contains("preprocess:latest"))
        #expect(kit.streams.first?.hasPrefix("iris-preprocessing/algo-1-") == true)
        let start = try #require(job["ProcessingStartTime"]?.doubleValue)
        let end = try #require(job["ProcessingEndTime"]?.doubleValue)
        #expect(start <= end)
        #expect(job["FailureReason"] == nil)
    }

    @Test func `a program that fails makes the job fail and uploads nothing`() async throws {
        let kit = try JobKit()
        let job = try await kit.run(
            .processing,
            .processingJob(
                entrypoint: [
                    "sh", "-c", "echo broken >&2; echo 'row 3 is bad' > output/message; touch processing/out/x; exit 7",
                ],
                outputs: [.processingOutput("s3://bucket/out", from: "/opt/ml/processing/out")]
            )
        )
        #expect(job["ProcessingJobStatus"] == "Failed")
        #expect(job["FailureReason"] == "AlgorithmError: See job logs for more information")
        #expect(job["ExitMessage"] == "row 3 is bad\n")
        #expect(kit.messages.contains("broken"))
        #expect(kit.names == [])
    }

    @Test func `the program finds its configuration`() async throws {
        let kit = try JobKit()
        let job = try await kit.run(
            .processing,
            .processingJob(
                entrypoint: ["sh", "-c", "cp /opt/ml/config/*.json /opt/ml/processing/out"],
                outputs: [.processingOutput("s3://bucket/out", from: "/opt/ml/processing/out")]
            )
        )
        #expect(job["ProcessingJobStatus"] == "Completed")
        let resources = try JSON(parsing: try #require(kit.text("bucket/out/resourceconfig.json")))
        #expect(resources == ["current_host": "algo-1", "hosts": ["algo-1"]])
        let configuration = try JSON(parsing: try #require(kit.text("bucket/out/processingjobconfig.json")))
        #expect(configuration["ProcessingJobName"] == "job")
        #expect(configuration["AppSpecification"]?["ContainerArguments"] == .null)
        #expect(configuration["StoppingCondition"] == ["MaxRuntimeInSeconds": 86400])
    }

    @Test(arguments: [
        (
            JSON.processingJob(entrypoint: []),
            "ClientError: Trainyard does not have the image 000000000000.dkr.ecr.us-east-1.amazonaws.com/preprocess:latest"
        ),
        (JSON.processingJob(entrypoint: ["no-such-program"]), "ClientError: Cannot run no-such-program in place of"),
        (
            JSON.processingJob(
                entrypoint: ["true"],
                inputs: [.processingInput("s3://bucket/none", at: "/opt/ml/processing/in")]
            ),
            "ClientError: Failed to download data. No S3 objects found under s3://bucket/none"
        ),
        (
            JSON.processingJob(
                entrypoint: ["true"],
                inputs: [.processingInput("s3://bad/", at: "/opt/ml/processing/in")]
            ),
            "ClientError: Cannot download s3://bad/../../x: its key leads out of the input's directory."
        ),
    ])
    func `a job that cannot run fails with the reason`(request: JSON, reason: String) async throws {
        let kit = try JobKit(["bad/../../x": "x"])
        let job = try await kit.run(.processing, request)
        #expect(job["ProcessingJobStatus"] == "Failed")
        #expect(job["FailureReason"]?.stringValue?.hasPrefix(reason) == true, "\(job["FailureReason"] ?? .null)")
        #expect(kit.messages.last == job["FailureReason"]?.stringValue)
    }

    @Test(arguments: [
        (
            JSON.processingInput("s3://b/x", at: "/opt/ml/processing/../../etc"),
            "LocalPath of the input input must begin"
        ),
        (JSON.processingInput("s3://b/x", at: "/tmp/x"), "LocalPath of the input input must begin"),
        (JSON.processingInput("https://b/x", at: "/opt/ml/processing/x"), "must have the form s3://bucket/prefix"),
    ])
    func `a request that no job can be made of is refused`(input: JSON, message: String) async throws {
        let kit = try JobKit()
        let error = await #expect(throws: AWSError.self) {
            try await kit.call("CreateProcessingJob", .processingJob(entrypoint: ["true"], inputs: [input]))
        }
        #expect(error?.code == "ValidationException")
        #expect(error?.message.contains(message) == true)
        #expect(try await kit.call("ListProcessingJobs", [:])["ProcessingJobSummaries"] == [])
    }

    @Test func `prefixes and manifests arrive as files`() async throws {
        let manifest = #"[{"prefix": "s3://bucket/many/"}, "a.txt", "deep/b.txt"]"#
        let kit = try JobKit([
            "bucket/many/a.txt": "a", "bucket/many/deep/b.txt": "b", "bucket/many/c.txt": "c", "bucket/many/": "",
            "bucket/list.manifest": manifest,
        ])
        let job = try await kit.run(
            .processing,
            .processingJob(
                entrypoint: ["sh", "-c", "cd /opt/ml/processing && find all some -type f | LC_ALL=C sort > out/list"],
                inputs: [
                    .processingInput("s3://bucket/many", at: "/opt/ml/processing/all"),
                    .processingInput(
                        "s3://bucket/list.manifest",
                        at: "/opt/ml/processing/some",
                        ["S3DataType": "ManifestFile"]
                    ),
                ],
                outputs: [.processingOutput("s3://bucket/out/", from: "/opt/ml/processing/out")]
            )
        )
        #expect(job["ProcessingJobStatus"] == "Completed", "\(job)")
        let expected = ["all/a.txt", "all/c.txt", "all/deep/b.txt", "some/a.txt", "some/deep/b.txt"]
        #expect(kit.text("bucket/out/list") == expected.map { "\($0)\n" }.joined())
    }

    @Test func `gzipped objects arrive unpacked where the input says so`() async throws {
        let kit = try JobKit()
        let packed = try Gzip.compress(Array("plain".utf8))
        kit.put("bucket/in/text", packed)
        let job = try await kit.run(
            .processing,
            .processingJob(
                entrypoint: ["sh", "-c", "cp processing/in/* processing/out"],
                inputs: [
                    .processingInput("s3://bucket/in/", at: "/opt/ml/processing/in", ["S3CompressionType": "Gzip"])
                ],
                outputs: [.processingOutput("s3://bucket/out/", from: "/opt/ml/processing/out")]
            )
        )
        #expect(job["ProcessingJobStatus"] == "Completed")
        #expect(kit.names == ["bucket/in/text", "bucket/out/text"])
        #expect(kit.text("bucket/out/text") == "plain")
    }

    @Test func `a long log arrives whole and in order`() async throws {
        let kit = try JobKit()
        let job = try await kit.run(
            .processing,
            .processingJob(entrypoint: ["sh", "-c", "seq 1 200000; printf 'no newline'"])
        )
        #expect(job["ProcessingJobStatus"] == "Completed")
        let messages = kit.messages.dropFirst()
        #expect(messages.count == 200_001)
        #expect(messages.dropLast().elementsEqual((1...200_000).map(String.init)))
        #expect(messages.last == "no newline")
        let batches = kit.aws.requests(of: "logs:PutLogEvents").map { $0["logEvents"]?.arrayValue?.count ?? 0 }
        #expect(batches.allSatisfy { (1...10_000).contains($0) })
        #expect(kit.aws.requests(of: "logs:CreateLogStream").count == 1)
    }

    @Test func `a second job of a name is refused`() async throws {
        let kit = try JobKit()
        _ = try await kit.run(.processing, .processingJob("twin", entrypoint: ["true"]))
        let error = await #expect(throws: AWSError.self) {
            try await kit.call("CreateProcessingJob", .processingJob("twin", entrypoint: ["true"]))
        }
        #expect(error?.code == "ResourceInUse")
        #expect(
            error?.message
                == "Job name must be unique within an AWS account and region, and a job with this name already exists "
                + "(arn:aws:sagemaker:us-east-1:000000000000:processing-job/twin)"
        )
    }
}
