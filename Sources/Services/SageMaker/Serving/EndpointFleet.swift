import AWSProtocol
import JSON
import Logging
import Store
import Synchronization

/// The endpoints of the yard that are in service, and what is being created, changed and taken down.
final class EndpointFleet: Sendable {
    private struct State {
        var running: [EndpointKey: RunningEndpoint] = [:]
        /// Creations and updates under way.
        var deployments: [EndpointKey: Task<Void, Never>] = [:]
        /// Servers that are being taken down.
        var retiring: [Int: Task<Void, Never>] = [:]
        var retired = 0
        var reaper: Task<Void, Never>?
        var isClosed = false
    }

    let context: JobContext
    /// How long a container waits for a request before it is stopped; nil: for ever.
    private let idleTime: Duration?
    let timeScale: Double
    private let state = Mutex(State())

    /// - Parameter timeScale: What the pauses of a deployment that shifts traffic are multiplied with.
    init(context: JobContext, idleTime: Duration?, timeScale: Double = 1) {
        self.context = context
        self.idleTime = idleTime
        self.timeScale = timeScale
    }

    func endpoint(_ key: EndpointKey) -> RunningEndpoint? { state.withLock { $0.running[key] } }

    // MARK: Start and stop

    /// Takes up the endpoints that a former process left: those in service start at their next request, those that were
    /// being created or changed go on with that.
    func resume(_ records: [EndpointRecord]) {
        state.withLock { $0.isClosed = false }
        for record in records {
            if let current = record.current {
                do {
                    let endpoint = RunningEndpoint(record.key, try service(current, record))
                    state.withLock { $0.running[record.key] = endpoint }
                } catch {
                    context.logger.error("The endpoint \(record.name) cannot be served: \(error)")
                }
            }
            if record.status.isInProgress { deploy(record) }
        }
    }

    /// Ends all servers; what was under way is taken up by the next start.
    func shutdown() async {
        let (running, deployments, retiring, reaper) = state.withLock { state in
            defer {
                state.running = [:]
                state.deployments = [:]
                state.retiring = [:]
                state.reaper = nil
            }
            state.isClosed = true
            return (
                Array(state.running.values), Array(state.deployments.values), Array(state.retiring.values), state.reaper
            )
        }
        reaper?.cancel()
        for task in deployments + retiring { task.cancel() }
        await withDiscardingTaskGroup { group in
            for endpoint in running {
                group.addTask {
                    await endpoint.capture?.flush()
                    for server in endpoint.servers { await server.interrupt() }
                }
            }
            for task in deployments + retiring { group.addTask { await task.value } }
        }
    }

    func open() { state.withLock { $0.isClosed = false } }

    // MARK: Changes

    /// Starts what a record's `pending` says, and puts it in service or records why not.
    func deploy(_ record: EndpointRecord) {
        // Within the lock: a task that ends at once must not be stored after it has been forgotten.
        state.withLock { state in
            state.deployments[record.key] = Task {
                await run(record)
                self.state.withLock { $0.deployments[record.key] = nil }
            }
        }
    }

    /// As `deploy`, and gives a deployment that takes a moment, as most do here, the time to end: clients
    /// that wait ask at once, and then only after seconds.
    func deployBriefly(_ record: EndpointRecord) async {
        deploy(record)
        await wait(atMost: .milliseconds(1000)) { await self.settled(record.key) }
    }

    /// Takes an endpoint out of service; its servers end after what is under way.
    func remove(_ key: EndpointKey) {
        guard let endpoint = state.withLock({ $0.running.removeValue(forKey: key) }) else { return }
        retire(endpoint.servers, endpoint.capture)
    }

    /// Returns when the endpoint's creation or update has ended: the way to wait for it within this process.
    func settled(_ key: EndpointKey) async { await state.withLock { $0.deployments[key] }?.value }

    private func run(_ record: EndpointRecord) async {
        guard let pending = record.pending else { return }
        do {
            let new = try service(pending, record)
            do {
                try await withTaskCancellationHandler {
                    try await tell(record, .creating)
                    try await start(new.servers)
                    try await shift(to: new, record, pending)
                } onCancel: {
                    Task { await interrupt(new.servers) }
                }
            } catch {
                for server in new.servers { await server.interrupt() }
                throw error
            }
            let isStored = try await settle(record) { record in
                record.status = .inService
                record.current = pending
                record.failureReason = nil
            }
            guard isStored else { return await interrupt(new.servers) }
            serve(record.key, new, keepingOldFor: try shift(record, pending).terminationSeconds * timeScale)
            watchIdle()
        } catch is CancellationError {
            context.logger.info("The deployment of the endpoint \(record.name) is interrupted")
        } catch {
            guard !Task.isCancelled else { return }
            await fail(record, "\(error)")
        }
    }

    /// Records why a creation failed; an endpoint that was being changed stays in service as it was.
    private func fail(_ record: EndpointRecord, _ reason: String) async {
        do {
            try await settle(record) { record in
                record.status = record.current == nil ? .failed : .inService
                if record.current == nil { record.failedConfigName = record.pending?.configName }
                record.failureReason = reason
            }
        } catch {
            context.logger.error("Cannot record that the endpoint \(record.name) failed: \(error)")
        }
    }

    /// Ends a creation or update in the store.
    /// - Returns: false where the endpoint has been deleted meanwhile.
    @discardableResult
    private func settle(
        _ record: EndpointRecord,
        _ change: @escaping @Sendable (inout EndpointRecord) -> Void
    ) async throws -> Bool {
        let now = context.clock.now()
        return try await context.store.write { [events = context.store.events] db in
            guard var stored = try EndpointRecord.find(record.name, of: record.owner, in: db),
                stored.resource.id == record.resource.id
            else { return false }
            change(&stored)
            stored.pending = nil
            try stored.update(at: now, telling: events, in: db)
            if stored.status == .inService, stored.failureReason == nil {
                try SageMakerService.makeLineage(of: stored, in: db)
            }
            return true
        }
    }

    private func start(_ servers: [VariantServer]) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for server in servers {
                group.addTask {
                    do throws(ServingFailure) {
                        try await server.start()
                    } catch {
                        throw Self.failure(of: server.variant, error)
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    private static func failure(of variant: String, _ failure: ServingFailure) -> ServingFailure {
        let ping = "The primary container did not pass"
        guard failure.reason.hasPrefix(ping) else { return failure }
        let rest = failure.reason.dropFirst(ping.count)
        return ServingFailure("The primary container for production variant \(variant) did not pass\(rest)")
    }

    private func serve(_ key: EndpointKey, _ new: RunningEndpoint.Service, keepingOldFor seconds: Double) {
        let former: RunningEndpoint.Service? = state.withLock { state in
            if let endpoint = state.running[key] { return endpoint.replace(new) }
            state.running[key] = RunningEndpoint(key, new)
            return nil
        }
        guard let former else { return }
        // While traffic moved the new servers stood among the old.
        let old = former.servers.filter { server in !new.servers.contains { $0 === server } }
        retire(old, former.capture, after: seconds)
    }

    /// - Parameter seconds: How long the servers are kept before.
    private func retire(_ servers: [VariantServer], _ capture: DataCapture?, after seconds: Double = 0) {
        state.withLock { state in
            let number = state.retired
            state.retired += 1
            state.retiring[number] = Task {
                // The yard's end does not wait for that.
                try? await context.clock.sleep(until: context.clock.now() + .seconds(seconds))
                for server in servers { await server.retire() }
                await capture?.flush()
                self.state.withLock { $0.retiring[number] = nil }
            }
        }
    }

    private func interrupt(_ servers: [VariantServer]) async {
        for server in servers { await server.interrupt() }
    }

    private func service(_ deployment: EndpointDeployment, _ record: EndpointRecord) throws(ServingFailure)
        -> RunningEndpoint.Service
    {
        func servers(_ variants: [EndpointDeployment.Variant]) throws(ServingFailure) -> [VariantServer] {
            var servers: [VariantServer] = []
            for variant in variants { servers.append(try server(variant, deployment, record)) }
            return servers
        }
        let shadows = try servers(deployment.shadows)
        return RunningEndpoint.Service(
            variants: try servers(deployment.variants),
            share: TrafficShare(deployment.variants.map(\.weight)),
            shadows: zip(shadows, deployment.shadows).map { (server: $0, share: deployment.shadowShare($1)) },
            capture: DataCapture(deployment.config["DataCaptureConfig"], endpoint: record.key, context: context),
            asynchronous: AsynchronousInference(
                deployment.config["AsyncInferenceConfig"],
                instanceCount: deployment.instanceCount
            )
        )
    }

    private func server(
        _ variant: EndpointDeployment.Variant,
        _ deployment: EndpointDeployment,
        _ record: EndpointRecord
    ) throws(ServingFailure) -> VariantServer {
        let model = try deployment.model(of: variant, owner: record.owner)
        let identifier = "i-" + RandomText.string(17, from: "0123456789abcdef")
        var instance = ModelInstance(
            directory: "\(context.directory)/endpoints/\(record.resource.id)-\(identifier)",
            logGroup: RunningEndpoint.logGroup(record.name),
            logStream: "\(variant.name)/\(identifier)"
        )
        let startup = variant.document["ContainerStartupHealthCheckTimeoutInSeconds"]?.intValue
        if let startup { instance.startup = .seconds(startup) }
        instance.limits = variant.limits
        return VariantServer(
            variant: variant.name,
            model: model,
            launcher: ModelLauncher(context: context),
            instance: instance,
            clock: context.clock,
            maximumConcurrency: variant.document["ServerlessConfig"]?["MaxConcurrency"]?.intValue
        )
    }

    // MARK: Idle servers

    /// Stops servers that nobody asks, as long as there are such.
    func watchIdle() {
        guard let idleTime else { return }
        state.withLock { state in
            guard state.reaper == nil, !state.isClosed else { return }
            state.reaper = Task {
                while let next = nextIdleDeadline(idleTime) {
                    do { try await context.clock.sleep(until: next) } catch { return }
                    for server in servers where await server.stopIfIdle(after: idleTime) {
                        context.logger.info("The variant \(server.variant) is stopped until its next request")
                    }
                }
                self.state.withLock { $0.reaper = nil }
            }
        }
    }

    private var servers: [VariantServer] { state.withLock { $0.running.values.flatMap(\.servers) } }

    private func nextIdleDeadline(_ idleTime: Duration) -> Timestamp? {
        servers.compactMap { $0.idleDeadline(after: idleTime) }.min()
    }
}
