import AWSProtocol
import Logging
import Synchronization

/// The server of one variant of an endpoint: started when it is needed, stopped when nobody asks it for long, replaced
/// without a request failing.
final class VariantServer: Sendable {
    private struct State {
        var server: ModelServer?
        var starting: Task<ModelServer, any Error>?
        var inFlight = 0
        var lastUsed: Timestamp
        /// Another has taken its place: what is under way ends, nothing new begins.
        var isRetired = false
        var drained: CheckedContinuation<Void, Never>?
    }

    let variant: String
    let model: ModelDefinition
    private let launcher: ModelLauncher
    private let instance: ModelInstance
    private let clock: any WallClock
    /// How many requests a serverless variant answers at once; nil for any number.
    private let maximumConcurrency: Int?
    private let state: Mutex<State>

    init(
        variant: String,
        model: ModelDefinition,
        launcher: ModelLauncher,
        instance: ModelInstance,
        clock: any WallClock,
        maximumConcurrency: Int? = nil
    ) {
        self.maximumConcurrency = maximumConcurrency
        self.variant = variant
        self.model = model
        self.launcher = launcher
        self.instance = instance
        self.clock = clock
        state = Mutex(State(lastUsed: clock.now()))
    }

    /// The running server, for as long as the lease is held; nil where another server has taken this one's place.
    /// - Throws: `InferenceFailure` where it had been stopped and cannot be started again, or where it has as many
    ///   requests as it may.
    func lease() async throws(InferenceFailure) -> VariantLease? {
        enum Hold { case running(ModelServer), stopped, retired, full }
        let hold: Hold = state.withLock { state in
            guard !state.isRetired else { return .retired }
            if let maximumConcurrency, state.inFlight >= maximumConcurrency { return .full }
            state.inFlight += 1
            guard let server = state.server, server.isUsable else { return .stopped }
            return .running(server)
        }
        switch hold {
        case .retired: return nil
        case .full: throw .throttled
        case .running(let server): return VariantLease(server, of: self)
        case .stopped:
            do {
                return VariantLease(try await started(), of: self)
            } catch {
                release()
                throw .notReady((error as? ServingFailure)?.reason ?? "\(error)")
            }
        }
    }

    /// Makes it ready before the first request.
    func start() async throws(ServingFailure) {
        guard state.withLock({ !$0.isRetired }) else { throw ServingFailure("The server has been replaced.") }
        do {
            _ = try await started()
        } catch {
            throw error as? ServingFailure ?? ServingFailure("\(error)")
        }
    }

    /// Lets what is under way end, then stops the server for good.
    func retire() async {
        await withCheckedContinuation { continuation in
            let isIdle = state.withLock { state in
                state.isRetired = true
                if state.inFlight > 0 { state.drained = continuation }
                return state.inFlight == 0
            }
            if isIdle { continuation.resume() }
        }
        await stop()
    }

    /// Stops the server at once, whatever is under way; for the yard's own end.
    func interrupt() async {
        state.withLock { $0.isRetired = true }
        await stop(grace: .seconds(1))
    }

    /// When it may be stopped for lack of requests; nil where that would save nothing.
    func idleDeadline(after idleTime: Duration) -> Timestamp? {
        state.withLock { state in
            guard let server = state.server, server.isIdleCostly, !state.isRetired else { return nil }
            return (state.inFlight > 0 ? clock.now() : state.lastUsed) + idleTime
        }
    }

    /// Stops the server where nobody has asked it since; the next request starts it again.
    func stopIfIdle(after idleTime: Duration) async -> Bool {
        let now = clock.now()
        let server: ModelServer? = state.withLock { state in
            guard state.inFlight == 0, state.starting == nil, state.lastUsed + idleTime <= now,
                let server = state.server, server.isIdleCostly
            else { return nil }
            state.server = nil
            return server
        }
        await server?.stop()
        return server != nil
    }

    /// Whether what was started can still answer.
    var isUsable: Bool { state.withLock { $0.server?.isUsable ?? false } }

    /// Whether a server runs, or is being started.
    var isRunning: Bool { state.withLock { $0.server != nil || $0.starting != nil } }

    private func started() async throws -> ModelServer {
        let (starting, former) = state.withLock { state -> (Task<ModelServer, any Error>, ModelServer?) in
            if let starting = state.starting { return (starting, nil) }
            let former = state.server
            state.server = nil
            let starting = Task { [launcher, model, instance] in
                await former?.stop()
                return try await launcher.start(model, instance)
            }
            state.starting = starting
            return (starting, former)
        }
        _ = former
        do {
            let server = try await starting.value
            state.withLock { state in
                guard state.starting == starting else { return }
                state.server = server
                state.starting = nil
            }
            return server
        } catch {
            state.withLock { if $0.starting == starting { $0.starting = nil } }
            throw error
        }
    }

    private func stop(grace: Duration? = nil) async {
        let (server, starting) = state.withLock { state in
            defer {
                state.server = nil
                state.starting = nil
            }
            return (state.server, state.starting)
        }
        starting?.cancel()
        await server?.stop(grace: grace)
        if let late = try? await starting?.value { await late.stop(grace: grace) }
    }

    fileprivate func release() {
        let now = clock.now()
        let drained = state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.inFlight -= 1
            state.lastUsed = now
            guard state.inFlight == 0 else { return nil }
            defer { state.drained = nil }
            return state.drained
        }
        drained?.resume()
    }
}

/// A request's hold on a variant's server: it is not stopped before the lease is given back.
final class VariantLease: Sendable {
    let server: ModelServer
    private let owner: VariantServer
    private let isReleased = Mutex(false)

    fileprivate init(_ server: ModelServer, of owner: VariantServer) {
        self.server = server
        self.owner = owner
    }

    deinit { release() }

    var variant: String { owner.variant }

    /// Gives it back; also done when the last reference goes.
    func release() {
        let isFirst = isReleased.withLock { isReleased in
            defer { isReleased = true }
            return !isReleased
        }
        if isFirst { owner.release() }
    }
}
