import AWSProtocol
import Compute
import JSON
import ServiceTesting
import Store
import Testing

@testable import EMR

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A cluster's node without a cluster: what steps become on this machine.
private struct TestNode {
    let temporary: TemporaryStore
    let environment: EMREnvironment
    let cluster: Cluster
    let directory: NodeDirectory

    init() async throws {
        temporary = try TemporaryStore(migrations: EMRService.migrations)
        let aws = RecordingCaller()
        aws.answer("sts:AssumeRole", with: ["Credentials": ["AccessKeyId": "A"]])
        aws.answer("s3:GetObject") { request throws(AWSError) in
            guard request.string("Key") == "code/run.sh" else {
                throw AWSError("NoSuchKey", "There is none", status: 404)
            }
            return AWSResponse(body: Body("#!/bin/sh\n"))
        }
        environment = EMREnvironment(
            store: temporary.store,
            aws: aws,
            clock: ManualClock(),
            logger: temporary.logger,
            host: ComputeHost(workDirectory: temporary.directory.path, logger: temporary.logger)
        )
        cluster = Cluster(
            id: "j-1",
            account: "000000000000",
            region: "us-east-1",
            name: "x",
            created: 0,
            request: #"{"JobFlowRole": "profile"}"#,
            groups: "{}"
        )
        directory = NodeDirectory("j-1", environment)
        try await directory.make("/mnt/var/step")
    }

    func command(_ config: JSON, path: String = "/usr/bin:/bin") async throws -> [String] {
        let preparation = StepPreparation(
            config: config,
            directory: "/mnt/var/step",
            variables: ["PATH": path],
            node: directory,
            access: try await NodeAccess(cluster.node, environment),
            environment: environment
        )
        return try await preparation.command { _ in }
    }

    /// A directory with a program that does nothing, to look up.
    func path(with program: String) throws -> String {
        let directory = temporary.directory.path + "/bin-" + program
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try FileWriter(path: "\(directory)/\(program)").close()
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: "\(directory)/\(program)")
        return directory
    }
}

@Suite struct StepPreparationTests {
    @Test func `the command runner runs its arguments`() async throws {
        let node = try await TestNode()
        let command = try await node.command(["Jar": "command-runner.jar", "Args": ["bash", "-c", "echo s3://a/b"]])
        #expect(command == ["bash", "-c", "echo s3://a/b"])
    }

    @Test func `the script runner runs a script from S3`() async throws {
        let node = try await TestNode()
        let jar: JSON = "s3://us-east-1.elasticmapreduce/libs/script-runner/script-runner.jar"
        let command = try await node.command(["Jar": jar, "Args": ["s3://bucket/code/run.sh", "x"]])
        #expect(command == ["/mnt/var/step/run.sh", "x"])
        #expect(FileManager.default.isExecutableFile(atPath: node.directory.hostPath("/mnt/var/step/run.sh")))
        await #expect(throws: StepFailure(message: "Cannot download s3://bucket/none.sh: There is none (NoSuchKey)")) {
            _ = try await node.command(["Jar": jar, "Args": ["s3://bucket/none.sh"]])
        }
    }

    @Test func `other JARs are run by hadoop, else by java`() async throws {
        let node = try await TestNode()
        let config: JSON = [
            "Jar": "/usr/lib/x.jar", "MainClass": "org.Main", "Args": ["a"],
            "Properties": [["Key": "size", "Value": "3"]],
        ]
        let java = try node.path(with: "java")
        let byJava = try await node.command(config, path: java)
        #expect(byJava == ["java", "-Dsize=3", "-cp", "/usr/lib/x.jar", "org.Main", "a"])
        let whole = try await node.command(["Jar": "file:///usr/lib/x.jar", "Args": ["a"]], path: java)
        #expect(whole == ["java", "-jar", "/usr/lib/x.jar", "a"])
        let byHadoop = try await node.command(config, path: try node.path(with: "hadoop"))
        #expect(byHadoop == ["hadoop", "jar", "/usr/lib/x.jar", "org.Main", "-Dsize=3", "a"])
        await #expect(throws: StepFailure.self) { _ = try await node.command(config, path: "/none") }
    }

    @Test func `a step without what it needs says so`() async throws {
        let node = try await TestNode()
        await #expect(throws: StepFailure.self) { _ = try await node.command(["Jar": "command-runner.jar"]) }
        await #expect(throws: StepFailure.self) { _ = try await node.command(["Jar": "hdfs:///x.jar"]) }
    }

    @Test func `what lies in the node's own directories is in the cluster's place`() async throws {
        let node = try await TestNode()
        #expect(node.directory.hostPath("/home/hadoop/a").hasSuffix("/emr/j-1/home/a"))
        #expect(node.directory.hostPath("/mnt/var/log").hasSuffix("/emr/j-1/var/log"))
        #expect(node.directory.hostPath("/home/hadoopx") == "/home/hadoopx")
    }
}
