import AWSProtocol
import Logging
import Metrics

/// Answers requests: who asks, what for, and what the services say to it.
struct GatewayResponder: Sendable {
    private let configuration: YardConfiguration
    private let dispatcher: Dispatcher
    private let clock: any WallClock
    private let logger: Logger
    private let router: RequestRouter
    private let signatures: SignatureV4
    private let requestGuard: RequestGuard
    private let pages: OwnPages
    private let quiet: Quiet
    private let durations = Timer(label: "trainyard_request_duration")

    init(
        configuration: YardConfiguration,
        dispatcher: Dispatcher,
        credentials: any CredentialSource,
        clock: any WallClock,
        logger: Logger,
        quiet: Quiet,
        reset: @escaping @Sendable () async throws -> Void
    ) {
        self.configuration = configuration
        self.dispatcher = dispatcher
        self.clock = clock
        self.logger = logger
        self.quiet = quiet
        router = RequestRouter(
            hostSuffixes: RequestRouter.defaultHostSuffixes + ["localhost.trainyard"] + configuration.hostNames
        )
        signatures = SignatureV4(credentials: credentials, defaultRegion: configuration.region)
        requestGuard = RequestGuard(configuration)
        pages = OwnPages(configuration: configuration, dispatcher: dispatcher, reset: reset)
    }

    func respond(to head: HTTPRequestHead, _ body: Body) async -> HTTPAnswer {
        let requestID = RequestID.make()
        let begin = ContinuousClock.now
        let answer = await answer(head, body, requestID)
        quiet.disturb()
        let duration = ContinuousClock.now - begin
        durations.record(duration: duration)
        // The query is left out: a presigned URL is a key.
        logger.debug(
            "\(head.method) \(head.path)",
            metadata: ["status": "\(answer.status)", "duration": "\(duration)", "requestID": "\(requestID)"]
        )
        return answer
    }

    private func answer(_ head: HTTPRequestHead, _ body: Body, _ requestID: String) async -> HTTPAnswer {
        do {
            try requestGuard.admit(head)
            if let answer = try await pages.answer(head) { return answer }
            if let endpoint = dispatcher.endpoints.first(where: { $0.serves(head) }) {
                return await withTaskExecutorPreference(globalConcurrentExecutor) {
                    await endpoint.answer(
                        head,
                        body,
                        stranger: configuration.isOpen ? configuration.defaultCaller : nil
                    )
                }
            }
            let routed = try router.route(head)
            do {
                return try await serve(routed, body, requestID)
            } catch {
                return routed.answer(error, requestID: requestID)
            }
        } catch let error as AWSError {
            return router.answer(error, to: head, requestID: requestID)
        } catch {
            logger.error("A request failed", metadata: ["path": "\(head.path)", "error": "\(error)"])
            return router.answer(.internalFailure(error), to: head, requestID: requestID)
        }
    }

    private func serve(_ routed: RoutedRequest, _ body: Body, _ requestID: String) async throws(AWSError) -> HTTPAnswer
    {
        let verified =
            configuration.isOpen
            ? try await signatures.decode(routed, body)
            : try await signatures.verify(routed, body, now: clock.now())
        let caller = try caller(verified.caller, of: routed)
        let request = try await routed.parse(verified.body, caller: caller, requestID: requestID)
        let response = try await send(request)
        return try routed.answer(response, to: request)
    }

    /// What is not brief does not hold up the connection's thread, which other connections wait for too.
    private func send(_ request: AWSRequest) async throws(AWSError) -> AWSResponse {
        if dispatcher.isBrief(request.operation.service) { return try await dispatcher.send(request) }
        return try await withTaskExecutorPreference(globalConcurrentExecutor) { () async throws(AWSError) in
            try await dispatcher.send(request)
        }
    }

    /// Only S3 serves the unknown, where a bucket's policy allows it; an open yard takes everybody for its owner.
    private func caller(_ caller: Caller, of routed: RoutedRequest) throws(AWSError) -> Caller {
        guard caller.isAnonymous else { return caller }
        if configuration.isOpen { return configuration.defaultCaller }
        guard routed.service.signingName == "s3" else {
            throw AWSError("MissingAuthenticationToken", "Request is missing Authentication Token", status: 403)
        }
        return caller
    }
}
