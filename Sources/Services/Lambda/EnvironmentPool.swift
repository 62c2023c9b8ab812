import AWSProtocol
import Compute

/// Keeps execution environments warm: one for each call under way, the last used first.
actor EnvironmentPool {
    private struct FunctionKey: Hashable {
        var account: String
        var region: String
        var name: String

        init(_ function: FunctionReference) {
            account = function.account
            region = function.region
            name = function.name
        }
    }

    private struct Key: Hashable {
        var function: FunctionKey
        var version: Int
        var revision: String

        init(_ function: ResolvedFunction) {
            self.function = FunctionKey(function.reference)
            version = function.version.number
            revision = function.revisionID
        }
    }

    private struct Idle {
        var environment: ExecutionEnvironment
        var key: Key
        var since: Timestamp
    }

    /// How long an environment waits for its next event.
    private static let idleTime = Duration.seconds(300)
    /// AWS's quota of an account.
    static let concurrency = 1000

    nonisolated let launcher: EnvironmentLauncher
    private let clock: any WallClock
    /// Megabytes that the environments' functions may be configured for together.
    private let memoryBudget: Int
    /// The least recently used first.
    private var idle: [Idle] = []
    private var busy: [FunctionKey: Int] = [:]
    private var busyEnvironments: [ObjectIdentifier: ExecutionEnvironment] = [:]
    private var busyMemory = 0
    /// Counts a function's changes: an environment started before the last one is not used again.
    private var generations: [FunctionKey: Int] = [:]
    private var reaper: Task<Void, Never>?

    /// - Parameter memory: The machine's, in bytes. Functions seldom use what they are configured for, so twice as much
    ///   may be promised.
    init(launcher: EnvironmentLauncher, clock: any WallClock, memory: Int) {
        self.launcher = launcher
        self.clock = clock
        memoryBudget = memory >> 19
    }

    /// Runs `body` with an environment for the function that nobody else uses meanwhile.
    /// - Throws: `TooManyRequestsException`, or what starting an environment met.
    func withEnvironment<T: Sendable>(
        for function: ResolvedFunction,
        _ body: @Sendable (ExecutionEnvironment) async -> T
    ) async throws -> T {
        let key = Key(function)
        try admit(function, key)
        busy[key.function, default: 0] += 1
        busyMemory += function.memorySize
        let generation = generations[key.function]
        defer {
            busy[key.function, default: 1] -= 1
            if busy[key.function] == 0 { busy[key.function] = nil }
            busyMemory -= function.memorySize
        }
        let environment = try await environment(for: function, key)
        busyEnvironments[ObjectIdentifier(environment)] = environment
        let result = await body(environment)
        busyEnvironments[ObjectIdentifier(environment)] = nil
        if await environment.isUsable, generations[key.function] == generation {
            idle.append(Idle(environment: environment, key: key, since: clock.now()))
            reapLater()
        } else {
            Task { await environment.end() }
        }
        return result
    }

    /// The function has changed or is gone: its environments end, those in use after their call.
    func retire(_ reference: FunctionReference) {
        let function = FunctionKey(reference)
        generations[function, default: 0] += 1
        endIdle { $0.key.function == function }
    }

    /// Ends all environments. Their logs are complete when this returns.
    func shutdown() async {
        let environments = idle.map(\.environment) + busyEnvironments.values
        idle = []
        reaper?.cancel()
        reaper = nil
        for function in busy.keys { generations[function, default: 0] += 1 }
        launcher.credentials.forget()
        await withTaskGroup(of: Void.self) { group in
            for environment in environments { group.addTask { await environment.end() } }
        }
    }

    private func admit(_ function: ResolvedFunction, _ key: Key) throws(AWSError) {
        if let reserved = function.reservedConcurrency, busy[key.function, default: 0] >= reserved {
            throw .throttled("ReservedFunctionConcurrentInvocationLimitExceeded")
        }
        let isMemoryPromised = busyMemory > 0 && busyMemory + function.memorySize > memoryBudget
        guard !isMemoryPromised, busy.values.reduce(0, +) < Self.concurrency else {
            throw .throttled("ConcurrentInvocationLimitExceeded")
        }
    }

    private func environment(for function: ResolvedFunction, _ key: Key) async throws -> ExecutionEnvironment {
        while let index = idle.lastIndex(where: { $0.key == key }) {
            let environment = idle.remove(at: index).environment
            let isLasting = environment.expiration.map { $0 > clock.now() + .seconds(function.timeout) } ?? true
            if isLasting, await environment.isUsable { return environment }
            Task { await environment.end() }
        }
        makeRoom(for: function.memorySize)
        return try await launcher.launch(function)
    }

    /// Ends those that have waited longest, until the new one fits.
    private func makeRoom(for memory: Int) {
        var promised = busyMemory + memory + idle.reduce(0) { $0 + $1.environment.function.memorySize }
        while promised > memoryBudget, !idle.isEmpty {
            let oldest = idle.removeFirst().environment
            promised -= oldest.function.memorySize
            Task { await oldest.end() }
        }
    }

    private func reapLater() {
        guard reaper == nil, let first = idle.first else { return }
        let due = first.since + Self.idleTime
        reaper = Task { [clock] in
            do { try await clock.sleep(until: due) } catch { return }
            reap()
        }
    }

    private func reap() {
        reaper = nil
        let due = clock.now()
        endIdle { $0.since + Self.idleTime <= due }
        reapLater()
    }

    private func endIdle(where isOver: (Idle) -> Bool) {
        let over = idle.filter(isOver)
        idle.removeAll(where: isOver)
        for entry in over { Task { await entry.environment.end() } }
    }
}
