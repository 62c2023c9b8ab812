import Foundation
import Testing

@testable import Compute

@Suite struct LimitTests {
    private let host = TestHost.make()

    private func run(
        _ script: String,
        _ limits: ContainerLimits,
        mounts: [Mount] = []
    ) async throws -> (running: any RunningContainer, output: CollectedOutput) {
        let place = try await host.place(for: "anything", runtime: .process)
        let output = CollectedOutput()
        let specification = ContainerSpecification(
            name: "test",
            entrypoint: ["/bin/sh", "-c", script],
            mounts: mounts,
            limits: limits
        )
        return (try await place.start(specification, onOutput: output.append), output)
    }

    private func withDirectory(_ body: (Mount) async throws -> Void) async throws {
        let directory = host.workDirectory + "/" + UUID().uuidString
        try FileTree.makeDirectories(directory)
        defer { try? FileTree.remove(directory) }
        try await body(Mount(source: directory, target: "/opt/ml"))
    }

    @Test func `a program is bound to as many processors as it may use`() async throws {
        guard host.processors.keeps(1) else { return }
        var shares: Set<String> = []
        for _ in 0..<host.processors.available.count {
            let (running, output) = try await run(
                "grep Cpus_allowed_list /proc/self/status",
                ContainerLimits(processors: 0.5)
            )
            #expect(await running.wait() == .exited(0))
            let list = output.standardOutput.split(separator: ":").last.map { ProcessorShare.numbers(in: $0) }
            #expect(list?.count == 1)
            shares.insert(output.standardOutput)
        }
        // Others of this suite take their share as well, so not each in turn need be another.
        #expect(!shares.isEmpty)
    }

    @Test func `more processors than there are is no limit`() {
        #expect(host.processors.prefix(Double(host.processors.available.count)).isEmpty)
        #expect(host.processors.prefix(nil).isEmpty)
    }

    @Test func `files that take too much end a program while it runs`() async throws {
        try await withDirectory { mount in
            let (running, _) = try await run(
                "head -c 3000000 /dev/zero > /opt/ml/file; sleep 600",
                ContainerLimits(disk: 2_000_000),
                mounts: [mount]
            )
            #expect(await running.wait() == .signaled(9))
            #expect(await running.exceededLimit == .disk)
        }
    }

    @Test func `files that take too much are noticed at the end`() async throws {
        try await withDirectory { mount in
            let limits = ContainerLimits(disk: 2_000_000)
            let (large, _) = try await run("head -c 3000000 /dev/zero > /opt/ml/a", limits, mounts: [mount])
            _ = await large.wait()
            #expect(await large.exceededLimit == .disk)
            let (small, _) = try await run("rm /opt/ml/a; : > /opt/ml/b", limits, mounts: [mount])
            #expect(await small.wait() == .exited(0))
            #expect(await small.exceededLimit == nil)
        }
    }

    @Test func `a file of several names counts once, and a hole not at all`() throws {
        let directory = host.workDirectory + "/" + UUID().uuidString
        try FileTree.makeDirectories(directory + "/below")
        defer { try? FileTree.remove(directory) }
        let files = FileManager.default
        #expect(files.createFile(atPath: directory + "/file", contents: Data(count: 1_000_000)))
        let single = DiskUse.bytes(below: [directory])
        try files.linkItem(atPath: directory + "/file", toPath: directory + "/below/again")
        #expect(DiskUse.bytes(below: [directory]) == single)
        #expect(files.createFile(atPath: directory + "/hole", contents: nil))
        let hole = try FileHandle(forWritingTo: URL(filePath: directory + "/hole"))
        try hole.truncate(atOffset: 100_000_000)
        try hole.close()
        #expect((1_000_000..<2_000_000).contains(DiskUse.bytes(below: [directory])))
        #expect(DiskUse.bytes(below: [directory + "/nowhere"]) == 0)
    }

    @Test(arguments: [("0", [0]), ("0-3", [0, 1, 2, 3]), ("\t0-1,4,6-7\n", [0, 1, 4, 6, 7]), ("", [])])
    func `the kernel's lists of processors are read`(_ list: String, _ numbers: [Int]) {
        #expect(ProcessorShare.numbers(in: list[...]) == numbers)
    }

    @Test func `a log says what is limited and what cannot be`() {
        func statement(_ limits: ContainerLimits, keeps: Bool = true) -> String {
            LimitStatement(limits, memory: 8 << 30, processors: (4, { _ in keeps })).description
        }
        #expect(statement(ContainerLimits()) == "")
        #expect(
            statement(ContainerLimits(memory: 4 << 30, processors: 2, disk: 30 << 30))
                == ", within 2 processors, 4 GiB of memory, 30 GiB of disk"
        )
        #expect(
            statement(ContainerLimits(memory: 16 << 30, processors: 4, output: 1536 << 20))
                == ", within 1.5 GiB of output (not limited to 4 processors, this machine has 4; nor to 16 GiB of "
                + "memory, this machine has 8 GiB)"
        )
        #expect(
            statement(ContainerLimits(processors: 1), keeps: false)
                == " (not limited to 1 processor, which needs taskset)"
        )
    }
}
