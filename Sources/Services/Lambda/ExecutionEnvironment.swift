import AWSProtocol
import Compute
import JSON
import Logging
import NIOCore
import NIOHTTP1

/// A process that runs a function's code, one event after another, as long as it is well.
actor ExecutionEnvironment {
    nonisolated let function: ResolvedFunction
    /// When the credentials it was started with end.
    nonisolated let expiration: Timestamp?
    nonisolated let log: FunctionLog
    private let clock: any WallClock
    /// Whether the runtime marks the end of an invocation's output.
    private let marksOutput: Bool
    private let cleanUp: @Sendable () async -> Void

    private var runtime = RuntimeProtocol()
    private var process: (any RunningContainer)?
    private var server: LoopbackHTTPServer?
    private var parked: CheckedContinuation<Invocation?, Never>?
    /// The invocation under way; not handed out yet while `isHandedOut` is false.
    private var current: Invocation?
    private var isHandedOut = false
    private var finished: CheckedContinuation<InvocationOutcome, Never>?
    /// What the runtime said of a failed initialization, and how its process ended: the first event may come after both.
    private var initializationError: ByteBuffer?
    private var exit: ProcessExit?
    private var timer: Task<Void, Never>?
    private var startedAt = ContinuousClock.now
    private var handedOutAt = ContinuousClock.now
    private var initialization: Duration?
    private var exceededMemory = false
    private var peakMemory = 0
    private var lastMeasured = ContinuousClock.now - .seconds(1)

    init(
        function: ResolvedFunction,
        log: FunctionLog,
        expiration: Timestamp?,
        clock: any WallClock,
        marksOutput: Bool,
        cleanUp: @escaping @Sendable () async -> Void
    ) {
        self.function = function
        self.log = log
        self.expiration = expiration
        self.clock = clock
        self.marksOutput = marksOutput
        self.cleanUp = cleanUp
    }

    /// Starts the program, for the address of its Runtime API.
    func start(
        _ program:
            @Sendable (
                _ address: String, _ onOutput: @escaping @Sendable (ProcessOutput) async -> Void
            ) async throws -> any RunningContainer
    ) async throws {
        let server = try await LoopbackHTTPServer.start(bodyLimit: LambdaLimits.response + 1) { request in
            await self.answer(request)
        }
        self.server = server
        startedAt = .now
        let process = try await program("127.0.0.1:\(server.port)") { [log] output in
            await log.receive(output.bytes)
        }
        self.process = process
        Task { await ended(await process.wait()) }
    }

    /// Whether it can take another event.
    var isUsable: Bool { runtime.phase != .ended && current == nil }

    /// Runs the function with one event. The environment does one thing at a time: the pool sees to it.
    func invoke(_ invocation: Invocation) async -> InvocationOutcome {
        guard isUsable else { return lostOutcome(invocation.requestID) }
        await log.begin("START RequestId: \(invocation.requestID) Version: \(function.version.name)")
        current = invocation
        isHandedOut = false
        var outcome = await withCheckedContinuation { continuation in
            finished = continuation
            if runtime.phase == .ended { return finish(lostOutcome(invocation.requestID)) }
            setTimer(seconds: function.timeout + (runtime.phase == .initializing ? Self.initializationSeconds : 0))
            if let parked, handOut() {
                self.parked = nil
                parked.resume(returning: invocation)
            }
        }
        let duration = handedOutAt.duration(to: .now)
        if runtime.phase == .ended {
            // The process's end is the end of its output.
            await process?.kill()
            _ = await process?.wait()
        } else if marksOutput {
            await log.awaitEnd(limit: .milliseconds(200))
        }
        await log.endPartialLine()
        await writeReport(invocation.requestID, duration)
        outcome.tail = await log.tailText()
        return outcome
    }

    /// Ends the process and gives back what it used; its log is complete then.
    func end() async {
        runtime.end()
        await process?.kill()
        _ = await process?.wait()
        await server?.stop()
        await log.stream.flush()
        await cleanUp()
    }

    // MARK: Runtime API

    private func answer(_ request: LoopbackRequest) async -> LoopbackResponse {
        switch RuntimeProtocol.request(request.method, request.path) {
        case .next:
            return await next()
        case .response(let id):
            guard runtime.reply(to: id) == .accepted else { return Self.invalidRequestID }
            guard request.bodyLength <= LambdaLimits.response else {
                finish(.responseTooLarge(request.bodyLength))
                return Self.refusal(.payloadTooLarge, "RequestEntityTooLarge", "Exceeded maximum allowed payload size")
            }
            finish(.success(request.body))
            return Self.accepted
        case .error(let id):
            guard runtime.reply(to: id) == .accepted else { return Self.invalidRequestID }
            finish(.failure(request.body))
            return Self.accepted
        case .initializationError:
            initializationError = request.body
            finish(.failure(request.body))
            runtime.end()
            return Self.accepted
        case nil:
            return Self.refusal(.notFound, "NotFound", "There is no \(request.method) \(request.path)")
        }
    }

    private func next() async -> LoopbackResponse {
        if runtime.ask() { initialization = startedAt.duration(to: .now) }
        if let current, !isHandedOut, handOut() {
            setTimer(seconds: function.timeout)
            return event(current)
        }
        let invocation = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Invocation?, Never>) in
                if runtime.phase == .ended { continuation.resume(returning: nil) } else { parked = continuation }
            }
        } onCancel: {
            Task { await self.left() }
        }
        guard let invocation else { return Self.refusal(.gone, "Gone", "The execution environment ends") }
        return event(invocation)
    }

    private func handOut() -> Bool {
        guard let current, runtime.handOut(requestID: current.requestID) else { return false }
        isHandedOut = true
        handedOutAt = .now
        watchMemory(current.requestID)
        return true
    }

    private func event(_ invocation: Invocation) -> LoopbackResponse {
        let deadline = clock.now() + .seconds(function.timeout)
        var headers: HTTPHeaders = [
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": invocation.requestID,
            "Lambda-Runtime-Deadline-Ms": String(deadline.milliseconds),
            "Lambda-Runtime-Invoked-Function-Arn": invocation.functionARN,
            "Lambda-Runtime-Trace-Id": TraceID.make(at: clock.now()),
        ]
        if let context = invocation.clientContext { headers.add(name: "Lambda-Runtime-Client-Context", value: context) }
        return LoopbackResponse(.ok, headers: headers, body: invocation.event)
    }

    // MARK: Ends

    private func finish(_ outcome: InvocationOutcome) {
        timer?.cancel()
        current = nil
        finished?.resume(returning: outcome)
        finished = nil
    }

    /// The outcome of an event that comes when the process cannot take one any more.
    private func lostOutcome(_ requestID: String) -> InvocationOutcome {
        if let initializationError { return .failure(initializationError) }
        return .exited(requestID, exit.flatMap(Self.reason))
    }

    private static func reason(_ exit: ProcessExit) -> String? { exit == .exited(0) ? nil : "\(exit)" }

    private func setTimer(seconds: Int) {
        timer?.cancel()
        let moment = clock.now() + .seconds(seconds)
        timer = Task { [clock] in
            do { try await clock.sleep(until: moment) } catch { return }
            await timedOut()
        }
    }

    private func timedOut() async {
        guard let current else { return }
        runtime.end()
        await log.endPartialLine()
        let requestID = current.requestID
        await log.write("\(clock.now().iso8601) \(requestID) Task timed out after \(function.timeout).00 seconds\n")
        await process?.kill()
        finish(.timedOut(requestID, after: function.timeout))
    }

    /// The runtime closed the connection on which it waited for an event: its process is about to be gone.
    private func left() {
        runtime.end()
        parked?.resume(returning: nil)
        parked = nil
    }

    private func ended(_ exit: ProcessExit) async {
        self.exit = exit
        left()
        guard let current else { return }
        await log.endPartialLine()
        let outcome = InvocationOutcome.exited(current.requestID, Self.reason(exit))
        await log.write(String(buffer: outcome.payload))
        finish(outcome)
    }

    // MARK: Memory and report

    /// Looks ten times a second, as long as the invocation lasts.
    private func watchMemory(_ requestID: String) {
        let limit = function.memorySize << 20
        Task {
            while current?.requestID == requestID {
                try? await Task.sleep(for: .milliseconds(100))
                guard current?.requestID == requestID, let process else { return }
                await measureMemory(process)
                if peakMemory > limit {
                    exceededMemory = true
                    await process.kill()
                }
            }
        }
    }

    private func measureMemory(_ process: any RunningContainer) async {
        lastMeasured = .now
        let memory = await process.residentMemory
        peakMemory = max(peakMemory, memory)
    }

    private func writeReport(_ requestID: String, _ duration: Duration) async {
        // Measuring costs as much as a short call: once a second is enough for those.
        if let process, !exceededMemory, lastMeasured.duration(to: .now) >= .seconds(1) {
            await measureMemory(process)
        }
        let used = exceededMemory ? function.memorySize : max(1, peakMemory >> 20)
        let billed = Int((duration.milliseconds + (initialization?.milliseconds ?? 0)).rounded(.up))
        var fields = [
            "Duration: \(duration.milliseconds.twoDecimals) ms", "Billed Duration: \(billed) ms",
            "Memory Size: \(function.memorySize) MB", "Max Memory Used: \(used) MB",
        ]
        if let initialization { fields.append("Init Duration: \(initialization.milliseconds.twoDecimals) ms") }
        initialization = nil
        await log.write("END RequestId: \(requestID)")
        await log.write((["REPORT RequestId: \(requestID)"] + fields + [""]).joined(separator: "\t"))
    }

    // MARK: Answers

    /// How long the code may take to load before the function's own time begins.
    private static let initializationSeconds = 10

    private static let accepted = LoopbackResponse(
        .accepted,
        headers: ["Content-Type": "application/json"],
        body: ByteBuffer(string: #"{"status":"OK"}"#)
    )

    private static let invalidRequestID = refusal(.badRequest, "InvalidRequestID", "Invalid request ID")

    private static func refusal(_ status: HTTPResponseStatus, _ type: String, _ message: String) -> LoopbackResponse {
        let body: JSON = ["errorType": .string(type), "errorMessage": .string(message)]
        return LoopbackResponse(
            status,
            headers: ["Content-Type": "application/json"],
            body: ByteBuffer(bytes: body.serializedBytes())
        )
    }
}
