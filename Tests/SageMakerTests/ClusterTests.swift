import AWSProtocol
import JSON
import Testing

@testable import SageMaker

@Suite struct ClusterTests {
    private static let three: JSON.Object = [
        "ResourceConfig": ["InstanceCount": 3, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 5]
    ]

    @Test func `hosts find each other by name, share the objects, and leave one model`() async throws {
        let script = """
            import json, os, socket, sys, time
            config = json.load(open("/opt/ml/input/config/resourceconfig.json"))
            me, hosts = config["current_host"], config["hosts"]
            assert hosts == ["algo-1", "algo-2", "algo-3"] and os.environ["SM_CURRENT_HOST"] == me
            files = sorted(os.listdir("/opt/ml/input/data/train"))
            if me == "algo-1":
                server = socket.create_server((socket.gethostbyname("algo-1"), 7299))
                got = sorted(server.accept()[0].makefile().readline().strip() for _ in range(2))
                open("/opt/ml/model/peers", "w").write(",".join(got))
            else:
                while True:
                    try:
                        peer = socket.create_connection(("algo-1", 7299)); break
                    except ConnectionRefusedError:
                        time.sleep(0.01)
                peer.sendall((me + "\\n").encode())
            open("/opt/ml/model/" + me, "w").write(",".join(files))
            print("loss=%d" % len(files))
            """
        let kit = try JobKit([
            "b/in/1": "a", "b/in/2": "b", "b/in/3": "c", "b/in/4": "d",
        ])
        var more = Self.three
        more["AlgorithmSpecification"] = [
            "TrainingImage": "example.com/train:1", "TrainingInputMode": "File",
            "ContainerEntrypoint": ["python3", "-c", .string(script)],
            "MetricDefinitions": [["Name": "loss", "Regex": "loss=(\\d)"]],
        ]
        more["InputDataConfig"] = [.channel("train", "s3://b/in/", ["S3DataDistributionType": "ShardedByS3Key"])]
        let job = try await kit.run(.training, .trainingJob("job", more))
        #expect(job["TrainingJobStatus"] == "Completed", "\(job["FailureReason"] ?? .null) \(kit.messages)")
        let model = try kit.unpacked("bucket/models/job/output/model.tar.gz")
        #expect(model == ["peers": "algo-2,algo-3", "algo-1": "1,4", "algo-2": "2", "algo-3": "3"])
        #expect(Set(kit.streams.map { String($0.dropFirst(4).prefix(6)) }) == ["algo-1", "algo-2", "algo-3"])
        #expect(job["FinalMetricDataList"]?.arrayValue?.count == 1)
    }

    @Test func `one host that fails fails the job and ends the others`() async throws {
        let kit = try JobKit()
        let script = """
            if [ "$SM_CURRENT_HOST" = algo-2 ]; then printf broken > /opt/ml/output/failure; exit 7; fi; sleep 600
            """
        let job = try await kit.run(
            .training,
            .trainingJob(entrypoint: ["sh", "-c", script], Self.three)
        )
        #expect(job["FailureReason"] == "AlgorithmError: broken, exit code: 7")
        #expect(kit.names == [])
    }

    @Test func `instance groups get the channels that name them`() async throws {
        let kit = try JobKit(["b/a/x": "1", "b/b/y": "2"])
        let script = "ls /opt/ml/input/data/* > /opt/ml/model/$SM_CURRENT_HOST.$SM_CURRENT_INSTANCE_GROUP"
        let groups: [JSON] = ["big", "small"].map {
            ["InstanceGroupName": .string($0), "InstanceType": "ml.m5.large", "InstanceCount": 1]
        }
        let job = try await kit.run(
            .training,
            .trainingJob(
                entrypoint: ["sh", "-c", script],
                [
                    "ResourceConfig": ["VolumeSizeInGB": 5, "InstanceGroups": .array(groups)],
                    "InputDataConfig": [
                        .channel("a", "s3://b/a", ["InstanceGroupNames": ["small"]]), .channel("b", "s3://b/b"),
                    ],
                ]
            )
        )
        #expect(job["TrainingJobStatus"] == "Completed")
        let model = try kit.unpacked("bucket/models/job/output/model.tar.gz")
        #expect(model["algo-1.big"]?.contains("x") == false)
        #expect(model["algo-2.small"]?.contains("x") == true)
        #expect(model["algo-1.big"]?.contains("y") == true)
    }

    @Test func `processing hosts upload their outputs side by side`() async throws {
        let kit = try JobKit(["b/in/1": "a", "b/in/2": "b"])
        let script = """
            import json, os
            me = json.load(open("/opt/ml/config/resourceconfig.json"))["current_host"]
            open("/opt/ml/processing/out/" + me, "w").write(",".join(os.listdir("/opt/ml/processing/in")))
            """
        let job = try await kit.run(
            .processing,
            .processingJob(
                entrypoint: ["python3", "-c", script],
                inputs: [
                    .processingInput(
                        "s3://b/in/",
                        at: "/opt/ml/processing/in",
                        ["S3DataDistributionType": "ShardedByS3Key"]
                    )
                ],
                outputs: [.processingOutput("s3://b/out", from: "/opt/ml/processing/out")],
                [
                    "ProcessingResources": [
                        "ClusterConfig": ["InstanceCount": 2, "InstanceType": "ml.t3.medium", "VolumeSizeInGB": 5]
                    ]
                ]
            )
        )
        #expect(job["ProcessingJobStatus"] == "Completed", "\(kit.messages)")
        #expect(kit.text("b/out/algo-1") == "1")
        #expect(kit.text("b/out/algo-2") == "2")
    }

    @Test func `addresses of jobs and hosts do not meet`() {
        let hosts = (0..<3).map { JobHost(name: "algo-\($0 + 1)", index: $0, instanceType: "", group: "") }
        let addresses = (Int64(1)...600).flatMap { job in hosts.map { $0.address(inJob: job) } }
        #expect(Set(addresses).count == addresses.count)
        #expect(hosts[1].address(inJob: 1) == "127.64.2.2")
    }
}
