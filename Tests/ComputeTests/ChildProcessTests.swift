import Compute
import NIOCore
import Synchronization
import Testing

/// What a process wrote.
final class CollectedOutput: Sendable {
    private let texts = Mutex<[ProcessOutput.Source: String]>([:])

    @Sendable func append(_ output: ProcessOutput) async {
        texts.withLock { $0[output.source, default: ""] += String(buffer: output.bytes) }
    }

    var standardOutput: String { texts.withLock { $0[.standardOutput] ?? "" } }
    var standardError: String { texts.withLock { $0[.standardError] ?? "" } }
}

@Suite struct ChildProcessTests {
    private let host = TestHost.make()

    private func specification(_ script: String) -> ProcessSpecification {
        ProcessSpecification(command: ["/bin/sh", "-c", script], environment: host.baseEnvironment)
    }

    @Test func `both streams arrive, and the exit code`() async throws {
        let output = CollectedOutput()
        let process = try await host.start(specification("echo out; echo error >&2; exit 3"), onOutput: output.append)
        #expect(await process.wait() == .exited(3))
        #expect(output.standardOutput == "out\n")
        #expect(output.standardError == "error\n")
        #expect(await !process.isRunning)
    }

    @Test func `combined output keeps its order`() async throws {
        let output = CollectedOutput()
        var specification = specification("echo 1; echo 2 >&2; echo 3")
        specification.combinesOutput = true
        let process = try await host.start(specification, onOutput: output.append)
        _ = await process.wait()
        #expect(output.standardOutput == "1\n2\n3\n")
    }

    @Test func `nothing of the yard's own environment is seen`() async throws {
        let output = CollectedOutput()
        let process = try await host.start(specification("env"), onOutput: output.append)
        _ = await process.wait()
        #expect(!output.standardOutput.contains("AWS_SECRET_ACCESS_KEY"))
        #expect(output.standardOutput.contains("PATH="))
    }

    @Test func `a program that is not there is an error`() async throws {
        for program in ["/nowhere/program", "no-such-program-anywhere"] {
            await #expect(throws: ProcessStartError.self) {
                try await host.start(ProcessSpecification(command: [program], environment: [:])) { _ in }
            }
        }
    }

    @Test func `termination is asked for first`() async throws {
        let output = CollectedOutput()
        let script = "trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 0.01; done"
        let (ready, continuation) = AsyncStream<Void>.makeStream()
        let process = try await host.start(specification(script)) {
            await output.append($0)
            continuation.yield()
        }
        for await _ in ready { break }
        await process.terminate(grace: .seconds(10))
        #expect(await process.wait() == .exited(7))
        #expect(output.standardOutput == "ready\nbye\n")
    }

    @Test func `a program that has only just been started gets the request too`() async throws {
        var specification = specification("exec sleep 600")
        specification.mounts = [Mount(source: "/tmp", target: "/tmp")]
        for _ in 0..<20 {
            let process = try await host.start(specification) { _ in }
            await process.terminate(grace: .seconds(60))
            #expect(await process.wait() == .signaled(15))
        }
    }

    @Test func `a program that ignores the request is killed, with its children`() async throws {
        let (ready, continuation) = AsyncStream<Void>.makeStream()
        let process = try await host.start(specification("trap '' TERM; sleep 600 & echo ready; sleep 600")) { _ in
            continuation.yield()
        }
        for await _ in ready { break }
        await process.terminate(grace: .milliseconds(20))
        #expect(await process.wait() == .signaled(9))
    }

    @Test func `children left behind do not hold up the end`() async throws {
        let process = try await host.start(specification("sleep 600 & exit 0")) { _ in }
        #expect(await process.wait() == .exited(0))
    }

    @Test func `more output than allowed ends the process`() async throws {
        var specification = specification("while :; do echo 0123456789012345678901234567890123456789; done")
        specification.limits.output = 100_000
        let counted = Mutex(0)
        let process = try await host.start(specification) { output in
            counted.withLock { $0 += output.bytes.readableBytes }
        }
        #expect(await process.wait() == .signaled(9))
        #expect(await process.exceededLimit == .output)
        #expect(counted.withLock { $0 } <= 100_000)
    }

    @Test func `more memory than allowed ends the process`() async throws {
        let python = try await host.python()
        var specification = specification("")
        specification.command = [python.path, "-c", "import time; x = b'1' * 200_000_000; time.sleep(600)"]
        specification.limits.memory = 100_000_000
        let process = try await host.start(specification) { _ in }
        #expect(await process.wait() == .signaled(9))
        #expect(await process.exceededLimit == .memory)
    }

    @Test func `ten megabytes of output pass a slow reader`() async throws {
        let counted = Mutex(0)
        let process = try await host.start(specification("head -c 10000000 /dev/zero")) { output in
            counted.withLock { $0 += output.bytes.readableBytes }
            await Task.yield()
        }
        #expect(await process.wait() == .exited(0))
        #expect(counted.withLock { $0 } == 10_000_000)
    }
}
