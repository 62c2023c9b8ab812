import AWSProtocol
import Archive
import JSON
import ServiceTesting
import Testing

@testable import SageMaker

@Suite struct InputModeTests {
    /// Reads `train_0` and `train_1` and tells what was in them.
    private static let reader = """
        import binascii
        for epoch in range(2):
            data = open("/opt/ml/input/data/train_%d" % epoch, "rb").read()
            open("/opt/ml/model/epoch%d" % epoch, "w").write(binascii.hexlify(data).decode())
        """

    private func epochs(_ channel: JSON, _ objects: [String: String]) async throws -> [String: String] {
        let kit = try JobKit(objects)
        let job = try await kit.run(
            .training,
            .trainingJob(
                entrypoint: ["python3", "-c", Self.reader],
                ["InputDataConfig": [channel]]
            )
        )
        #expect(job["TrainingJobStatus"] == "Completed", "\(job["FailureReason"] ?? .null) \(kit.messages)")
        return try kit.unpacked("bucket/models/job/output/model.tar.gz")
    }

    private static func hex(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private static func record(_ text: String) -> [UInt8] {
        let length = UInt8(text.utf8.count)
        return [0x0A, 0x23, 0xD7, 0xCE, length, 0, 0, 0] + Array(text.utf8)
            + Array(repeating: 0, count: (4 - text.utf8.count % 4) % 4)
    }

    @Test func `a pipe gives the channel's objects once an epoch`() async throws {
        let model = try await epochs(
            .channel("train", "s3://b/in/", mode: "Pipe"),
            ["b/in/1": "one\n", "b/in/2": "two\n"]
        )
        #expect(model["epoch0"] == Self.hex("one\ntwo\n".utf8))
        #expect(model["epoch1"] == Self.hex("one\ntwo\n".utf8))
    }

    @Test func `each object in a pipe may be a RecordIO record`() async throws {
        let model = try await epochs(
            .channel("train", "s3://b/in/", mode: "Pipe", more: ["RecordWrapperType": "RecordIO"]),
            ["b/in/1": "one", "b/in/2": "four"]
        )
        #expect(model["epoch0"] == Self.hex(Self.record("one") + Self.record("four")))
    }

    @Test func `an augmented manifest gives its attributes, and the objects that they name`() async throws {
        let manifest = """
            {"source-ref": "s3://b/images/1", "label": 5}
            {"source-ref": "s3://b/images/2", "label": "cat"}
            """
        let model = try await epochs(
            .channel(
                "train",
                "s3://b/list.manifest",
                ["S3DataType": "AugmentedManifestFile", "AttributeNames": ["source-ref", "label"]],
                mode: "Pipe",
                more: ["RecordWrapperType": "RecordIO"]
            ),
            ["b/list.manifest": manifest, "b/images/1": "pic1", "b/images/2": "picture2"]
        )
        let all = ["pic1", "5", "picture2", "cat"].flatMap(Self.record)
        #expect(model["epoch0"] == Self.hex(all))
    }

    @Test func `a program that leaves a pipe unread, or half read, is not waited for`() async throws {
        let kit = try JobKit(["b/in/1": String(repeating: "x", count: 1 << 20)])
        let job = try await kit.run(
            .training,
            .trainingJob(
                entrypoint: ["sh", "-c", "head -c 10 /opt/ml/input/data/train_0 > /opt/ml/model/m"],
                [
                    "InputDataConfig": [
                        .channel("train", "s3://b/in/", mode: "Pipe"), .channel("idle", "s3://b/in/", mode: "Pipe"),
                    ]
                ]
            )
        )
        #expect(job["TrainingJobStatus"] == "Completed")
    }

    @Test func `an object that goes missing fails the job with its name`() async throws {
        let kit = try JobKit(["b/list": #"{"source-ref": "s3://b/none"}"#])
        let job = try await kit.run(
            .training,
            .trainingJob(
                entrypoint: ["sh", "-c", "cat /opt/ml/input/data/train_0; sleep 600"],
                [
                    "InputDataConfig": [
                        .channel(
                            "train",
                            "s3://b/list",
                            ["S3DataType": "AugmentedManifestFile", "AttributeNames": ["source-ref"]],
                            mode: "Pipe"
                        )
                    ]
                ]
            )
        )
        #expect(job["FailureReason"]?.stringValue?.contains("s3://b/none") == true)
    }

    @Test func `shuffled shares cover everything, differ by epoch and repeat by seed`() {
        let hosts = (0..<3).map { JobHost(name: "algo-\($0 + 1)", index: $0, instanceType: "", group: "g") }
        var input = JobPlan.Input(name: "i", source: S3Location(bucket: "b", key: ""), path: "/opt/ml/x")
        input.isSharded = true
        input.shuffleSeed = 4
        let all = Array(0..<20)
        func shares(_ epoch: Int) -> [[Int]] { hosts.map { input.share(of: all, for: $0, among: hosts, epoch: epoch) } }
        #expect(shares(0).flatMap(\.self).sorted() == all)
        #expect(shares(0).map(\.count) == [7, 7, 6])
        #expect(shares(0) == shares(0))
        #expect(shares(0) != shares(1))
    }

    @Test func `checkpoints are there at the start and kept when the job fails`() async throws {
        let kit = try JobKit(["b/checkpoints/epoch-1": "one", "b/checkpoints-other/x": "no"])
        let script = """
            ls /opt/ml/checkpoints > /opt/ml/checkpoints/seen; echo two > /opt/ml/checkpoints/epoch-2; exit 1
            """
        let job = try await kit.run(
            .training,
            .trainingJob(
                entrypoint: ["sh", "-c", script],
                ["CheckpointConfig": ["S3Uri": "s3://b/checkpoints"]]
            )
        )
        #expect(job["FailureReason"] == "AlgorithmError: , exit code: 1", "\(kit.messages)")
        #expect(kit.text("b/checkpoints/epoch-2") == "two\n")
        #expect(kit.text("b/checkpoints/seen")?.split(separator: "\n").sorted() == ["epoch-1", "seen"])
        let uploads = kit.aws.requests(of: "s3:PutObject").compactMap { $0.string("Key") }
        #expect(!uploads.contains("checkpoints/epoch-1"))
    }

    @Test func `a script that the SDK's estimators hand over runs with its arguments`() async throws {
        let kit = try JobKit()
        let code =
            "import os, sys; open('/opt/ml/model/args', 'w').write(' '.join(sys.argv[1:]) + os.environ['SM_HP_RATE'])"
        kit.put("b/code/source.tar.gz", try TarGzip.archive([("train.py", Array(code.utf8))]))
        let job = try await kit.run(
            .training,
            .trainingJob(
                entrypoint: ["-"],
                hyperparameters: [
                    "sagemaker_program": "\"train.py\"", "sagemaker_submit_directory": "\"s3://b/code/source.tar.gz\"",
                    "rate": "0.5", "name": "\"x\"",
                ],
                ["AlgorithmSpecification": ["TrainingImage": "example.com/sklearn:1", "TrainingInputMode": "File"]]
            )
        )
        #expect(job["TrainingJobStatus"] == "Completed", "\(job["FailureReason"] ?? .null) \(kit.messages)")
        #expect(try kit.unpacked("bucket/models/job/output/model.tar.gz")["args"] == "--name x --rate 0.50.5")
    }
}
