import Foundation
import JSON
import Logging
import NIOCore
import Testing

@testable import Compute

/// Programs in images that are put together from this machine's shell; they need bubblewrap.
@Suite(.enabled(if: ProcessLookup.find("bwrap", path: "/usr/bin:/bin") != nil)) struct ImageRuntimeTests {
    private let host: ComputeHost
    private let registry = TestRegistry()

    init() throws {
        var environment = ProcessInfo.processInfo.environment
        environment["DOCKER_HOST"] = "unix:///nowhere"
        environment["TRAINYARD_RUNTIME"] = nil
        let directory = NSTemporaryDirectory() + "trainyard-images-" + UUID().uuidString
        host = ComputeHost(workDirectory: directory, environment: environment, logger: Logger(label: "test"))
    }

    /// A layer with this machine's shell.
    private func shell() async throws -> [UInt8] {
        let output = CollectedOutput()
        let listing = ProcessSpecification(command: ["ldd", "/bin/sh"], environment: host.baseEnvironment)
        _ = await (try await host.start(listing, onOutput: output.append)).wait()
        let words = output.standardOutput.split { $0 == " " || $0 == "\n" || $0 == "\t" }
        var archive = TestArchive()
        archive.addDirectory("etc")
        archive.addFile("etc/passwd", "root:x:0:0::/root:/bin/sh\nworker:x:1000:1001::/home/worker:/bin/sh\n")
        try archive.addProgram("/bin/sh", as: "bin/sh", libraries: words.filter { $0.hasPrefix("/") }.map(String.init))
        return archive.finished
    }

    private func withImage(_ config: JSON = [:], _ body: () async throws -> Void) async throws {
        try await registry.start(for: host)
        registry.addImage("1", layers: [try await shell()], config: config)
        do {
            try await body()
        } catch {
            await registry.stop()
            throw error
        }
        await registry.stop()
        try? FileTree.remove(host.workDirectory)
    }

    private func run(
        _ script: String,
        _ change: (inout ContainerSpecification) -> Void = { _ in }
    ) async throws -> (exit: ProcessExit, output: String) {
        let place = try await host.place(for: "\(TestRegistry.repository):1")
        #expect(place.kind == .image)
        var specification = ContainerSpecification(name: "test", entrypoint: ["/bin/sh", "-c", script])
        change(&specification)
        let output = CollectedOutput()
        let running = try await place.start(specification, onOutput: output.append)
        return (await running.wait(), output.standardOutput)
    }

    @Test func `a program runs in the image's files, with its environment and directory`() async throws {
        let config: JSON = [
            "Env": ["COLOUR=red", "PATH=/bin"], "WorkingDir": "/work", "Entrypoint": ["sh", "-c"],
            "Cmd": ["echo $COLOUR $HOME $PWD $0; [ -e /usr/bin/env ] || echo alone"],
        ]
        try await withImage(config) {
            let place = try await host.place(for: "\(TestRegistry.repository):1")
            let output = CollectedOutput()
            let running = try await place.start(ContainerSpecification(name: "test"), onOutput: output.append)
            #expect(await running.wait() == .exited(0))
            #expect(output.standardOutput == "red /root /work sh\nalone\n")
        }
    }

    @Test func `what a program changes is its own, and gone afterwards`() async throws {
        try await withImage {
            let first = try await run("echo changed > /etc/passwd; echo > /new; read line < /etc/passwd; echo $line")
            #expect(first.output == "changed\n")
            let second = try await run("[ -e /new ] && echo there; read line < /etc/passwd; echo $line; exit 7")
            #expect(second.output == "root:x:0:0::/root:/bin/sh\n")
            #expect(second.exit == .exited(7))
            #expect(registry.count("manifests/1") == 2)
        }
    }

    @Test func `mounts, host names and variables of the caller`() async throws {
        try await withImage {
            let data = host.workDirectory + "/data"
            try FileTree.makeDirectories(data)
            let script = """
                echo out > /opt/ml/out; while read line; do case $line in *peer*) echo "$line";; esac; done < /etc/hosts
                read name < /proc/sys/kernel/hostname; echo $name $GIVEN
                """
            let result = try await run(script) {
                $0.mounts = [Mount(source: data, target: "/opt/ml")]
                $0.environment = ["GIVEN": "x"]
                $0.hostName = "algo-1"
                $0.hosts = ["peer": "127.0.1.2"]
            }
            #expect(result.output == "127.0.1.2 peer\nalgo-1 x\n")
            #expect(RootPath(root: data).text("/out") == "out\n")
        }
    }

    @Test func `a read-only root keeps all but tmp, which is as large as it is allowed to be`() async throws {
        try await withImage {
            let script = """
                (echo > /new) 2>/dev/null || echo refused; echo > /tmp/file && echo written
                line=0123456789012345678901234567890123456789012345678901234567890123
                n=0; while echo $line$line$line$line >> /tmp/file; do n=$((n+1)); [ $n -gt 9000 ] && break; done 2>/dev/null
                [ $n -lt 9000 ] && echo full
                """
            let result = try await run(script) {
                $0.isRootReadOnly = true
                $0.limits.scratch = 1 << 20
            }
            #expect(result.output == "refused\nwritten\nfull\n")
        }
    }

    @Test func `an image's user is whom the program believes to be`() async throws {
        try await withImage(["User": "worker"]) {
            let script = "while read key a b; do [ $key = Uid: ] && echo $a; done < /proc/self/status; echo $HOME"
            let result = try await run(script)
            #expect(result.output == "1000\n/home/worker\n")
        }
    }

    @Test func `a program that the image does not have is named`() async throws {
        try await withImage {
            let place = try await host.place(for: "\(TestRegistry.repository):1")
            let specification = ContainerSpecification(name: "test", entrypoint: ["python"])
            let error = await #expect(throws: ContainerError.self) { try await place.start(specification) { _ in } }
            #expect(error?.message.hasPrefix("exec: \"python\": executable file not found in $PATH") == true)
        }
    }

    @Test func `a program that ignores SIGTERM is killed`() async throws {
        try await withImage {
            let place = try await host.place(for: "\(TestRegistry.repository):1")
            let (ready, continuation) = AsyncStream<Void>.makeStream()
            let script = "trap '' TERM; echo ready; while :; do :; done"
            let specification = ContainerSpecification(name: "test", entrypoint: ["/bin/sh", "-c", script])
            let running = try await place.start(specification) { _ in continuation.yield() }
            for await _ in ready { break }
            await running.terminate(grace: .milliseconds(20))
            #expect(await running.wait() == .signaled(9))
        }
    }

    @Test func `an index leads to this machine's variant`() async throws {
        try await withImage {
            let digest = registry.addImage("variant", layers: [try await shell()], config: ["Cmd": ["/bin/sh"]])
            let index: JSON = [
                "manifests": [
                    ["digest": "sha256:00", "platform": ["os": "windows", "architecture": "amd64"]],
                    [
                        "digest": .string(digest),
                        "platform": ["os": "linux", "architecture": .string(ImageManifest.architecture)],
                    ],
                ]
            ]
            let top = registry.addManifest("many", index)
            let image = try await host.image(named: "\(TestRegistry.repository):many")
            #expect(image?.digest == top)
            #expect(image?.manifestDigest == digest)
        }
    }

    @Test func `bytes that are not what their digest says are not used`() async throws {
        try await withImage {
            var archive = TestArchive()
            archive.addFile("file", "1")
            let layer = archive.finished
            registry.addImage("1", layers: [layer])
            registry.replaceBlob(registry.addBlob(layer), by: layer + [0])
            let place = try await host.place(for: "\(TestRegistry.repository):1")
            let error = await #expect(throws: ContainerError.self) { try await place.prepare() }
            #expect(error?.code == .registry)
            #expect(directoryEntries(host.workDirectory + "/images/roots").isEmpty)
            #expect(directoryEntries(host.workDirectory + "/images/layers").isEmpty)
        }
    }

    @Test func `an image that is nowhere is stood in for`() async throws {
        try await withImage {
            let place = try await host.place(for: "\(TestRegistry.repository):other")
            #expect(place.kind == .process)
            let error = await #expect(throws: ContainerError.self) {
                try await host.place(for: "\(TestRegistry.repository):other", runtime: .image)
            }
            #expect(error?.code == .imageNotFound)
        }
    }

    @Test func `what a program writes to the image's files counts as disk`() async throws {
        try await withImage {
            let place = try await host.place(for: "\(TestRegistry.repository):1")
            var specification = ContainerSpecification(name: "test")
            let fill = "x=0123456789; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do x=$x$x; done; echo $x > /file"
            specification.entrypoint = ["/bin/sh", "-c", fill]
            specification.limits = ContainerLimits(disk: 500_000)
            let running = try await place.start(specification) { _ in }
            _ = await running.wait()
            // Without an overlay the image's files cannot be written to at all.
            let isOverlay = await host.imageSandbox()?.layering != .memory
            #expect(await running.exceededLimit == (isOverlay ? .disk : nil))
        }
    }
}

@Suite struct OutputFramesTests {
    @Test(arguments: [1, 3, 8, 100]) func `frames come apart however they are cut`(size: Int) {
        var stream = ByteBuffer()
        for (source, text) in [(1, "one\n"), (2, "two\n"), (1, "three\n")] as [(UInt8, String)] {
            stream.writeBytes([source, 0, 0, 0])
            stream.writeInteger(UInt32(text.utf8.count))
            stream.writeString(text)
        }
        var frames = OutputFrames()
        var texts: [ProcessOutput.Source: String] = [:]
        while let part = stream.readSlice(length: min(size, stream.readableBytes)), part.readableBytes > 0 {
            for output in frames.add(part) { texts[output.source, default: ""] += String(buffer: output.bytes) }
        }
        #expect(texts == [.standardOutput: "one\nthree\n", .standardError: "two\n"])
    }
}
