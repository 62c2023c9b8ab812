import Foundation
import Logging
import NIOCore
import Testing

@testable import Compute

enum TestHost {
    static func make() -> ComputeHost {
        var environment = ProcessInfo.processInfo.environment
        environment["AWS_SECRET_ACCESS_KEY"] = "secret"
        let directory = NSTemporaryDirectory() + "trainyard-compute-" + UUID().uuidString
        return ComputeHost(workDirectory: directory, environment: environment, logger: Logger(label: "test"))
    }
}

private struct DrawnDirectories: HostDirectories {
    var directories: [String: [String]]
    var links: [String: String] = [:]

    func isPresent(_ path: String) -> Bool { directories[path] != nil }
    func entries(of directory: String) -> [String] { directories[directory] ?? [] }
    func linkDestination(of path: String) -> String? { links[path] }
}

@Suite struct MountPlanTests {
    private let host = DrawnDirectories(
        directories: ["/": ["bin", "opt", "usr"], "/opt": ["tool", "current"], "/opt/tool": [], "/usr": []],
        links: ["/bin": "usr/bin", "/opt/current": "tool"]
    )

    @Test func `a target that exists is mounted over`() {
        let plan = MountPlan([Mount(source: "/data", target: "/opt/tool", isReadOnly: true)], host: host)
        #expect(plan.steps == [.bind(source: "/data", target: "/opt/tool", isReadOnly: true)])
    }

    @Test func `the directory above a missing target is covered, its entries appear again`() {
        let plan = MountPlan([Mount(source: "/data", target: "/opt/ml")], host: host)
        #expect(!plan.coversRoot)
        #expect(
            plan.steps == [
                .cover("/opt"),
                .link(path: "/opt/current", destination: "tool"),
                .bind(source: "/opt/tool", target: "/opt/tool", isReadOnly: false),
                .bind(source: "/data", target: "/opt/ml", isReadOnly: false),
            ]
        )
    }

    @Test func `a target below the root covers the root`() {
        let plan = MountPlan([Mount(source: "/data", target: "/new/place")], host: host)
        #expect(plan.coversRoot)
        #expect(plan.steps.first == .link(path: "/bin", destination: "usr/bin"))
    }

    @Test func `a mount inside a mount covers nothing`() {
        let plan = MountPlan(
            [Mount(source: "/code", target: "/opt/tool/a/b"), Mount(source: "/data", target: "/opt/tool/a")],
            host: host
        )
        #expect(
            plan.steps == [
                .cover("/opt/tool"),
                .bind(source: "/data", target: "/opt/tool/a", isReadOnly: false),
                .bind(source: "/code", target: "/opt/tool/a/b", isReadOnly: false),
            ]
        )
    }

    @Test(arguments: [
        ("/opt/ml", "/jobs/1"), ("/opt/ml/input", "/jobs/1/input"), ("/opt/mlx", "/opt/mlx"),
        ("--out=/opt/ml/model", "--out=/jobs/1/model"), ("/bin:/opt/ml/code", "/bin:/jobs/1/code"),
        ("open('/opt/ml/x')", "open('/jobs/1/x')"), ("s3://opt/ml", "s3://opt/ml"),
    ])
    func `paths are rewritten where there are no mounts`(text: String, expected: String) {
        #expect(text.rewritingPaths(by: [Mount(source: "/jobs/1", target: "/opt/ml")]) == expected)
    }
}

@Suite struct IsolationTests {
    private let host = TestHost.make()

    /// Every method that works on this machine.
    private func isolations() async -> [Isolation] {
        let path = host.baseEnvironment["PATH"] ?? ""
        var found = [await Isolation.probe(path: path)]
        if found[0].method == .bubblewrap, let unshare = ProcessLookup.find("unshare", path: path) {
            found.append(Isolation(method: .mountNamespace, program: unshare, mapsRoot: true))
        }
        return found.filter { $0.method != .plainDirectory }
    }

    @Test func `a process sees its mounts and the host is left as it was`() async throws {
        let source = host.workDirectory + "/source"
        try FileManager.default.createDirectory(atPath: source, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: host.workDirectory) }
        for isolation in await isolations() {
            let output = CollectedOutput()
            let script = "pwd; echo here > written; ls /opt/missing-for-test; [ -r /opt/. ] && ls /opt | wc -l; exit 5"
            let process = try await ChildProcess.start(
                ProcessSpecification(
                    command: ["sh", "-c", script],
                    environment: host.baseEnvironment,
                    workingDirectory: "/opt/missing-for-test/ml",
                    mounts: [Mount(source: source, target: "/opt/missing-for-test/ml")],
                    combinesOutput: true
                ),
                isolation: isolation,
                onOutput: output.append
            )
            #expect(await process.wait() == .exited(5), "\(isolation.method) \(output.standardOutput)")
            let entries = directoryEntries("/opt").count + 1
            #expect(output.standardOutput.split(separator: "\n") == ["/opt/missing-for-test/ml", "ml", "\(entries)"])
            #expect(try String(contentsOfFile: source + "/written", encoding: .utf8) == "here\n")
            #expect(!FileManager.default.fileExists(atPath: "/opt/missing-for-test"))
        }
    }

    @Test func `a read-only mount cannot be written`() async throws {
        let source = host.workDirectory + "/fixed"
        try FileManager.default.createDirectory(atPath: source, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: host.workDirectory) }
        for isolation in await isolations() {
            let process = try await ChildProcess.start(
                ProcessSpecification(
                    command: ["sh", "-c", "echo x > /mnt/file"],
                    environment: host.baseEnvironment,
                    mounts: [Mount(source: source, target: "/mnt", isReadOnly: true)]
                ),
                isolation: isolation
            ) { _ in }
            #expect(await process.wait() != .exited(0), "\(isolation.method)")
            #expect(directoryEntries(source).isEmpty)
        }
    }

    @Test func `without mounts a process is told the host's paths`() throws {
        let specification = ProcessSpecification(
            command: ["/bin/train", "--data=/opt/ml/input"],
            environment: ["SM_MODEL_DIR": "/opt/ml/model", "PATH": "/bin"],
            workingDirectory: "/opt/ml/code",
            mounts: [Mount(source: "/jobs/1", target: "/opt/ml")]
        )
        let plan = try Isolation.plainDirectory.plan(specification)
        #expect(plan.command == ["/bin/train", "--data=/jobs/1/input"])
        #expect(plan.environment["SM_MODEL_DIR"] == "/jobs/1/model")
        #expect(plan.workingDirectory == "/jobs/1/code")
    }
}
