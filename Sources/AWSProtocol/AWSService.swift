/// A service of the yard: a table of operations over its own state.
///
/// Services know each other only as AWS's do, through `AWSCaller`.
public protocol AWSService: Sendable {
    /// The signing name: `s3`, `lambda`, `states`. `iam` and `sts` are two services.
    var name: String { get }

    /// What the service answers, by operation name.
    var operations: [String: OperationHandler] { get }

    /// What only the yard's own services ask of this one, and no client can: on AWS such calls stay inside too.
    var internalOperations: [String: OperationHandler] { get }

    /// What the service answers in HTTP of its own.
    var endpoints: [any HTTPEndpoint] { get }

    /// Whether its operations only compute a little and wait for the store: they are then answered on the thread that
    /// serves the connection. Others run where they keep no connection waiting.
    var isBrief: Bool { get }

    /// Takes up what a former process left: called once, before the first request.
    func start() async throws

    /// Begins what calls other services by itself: called once, after every service has started.
    func allHaveStarted() async

    /// Ends background work; what is running is taken up again by the next `start`.
    func shutdown() async

    /// Forgets all state held in memory; the store has been emptied.
    func reset() async
}

extension AWSService {
    public var internalOperations: [String: OperationHandler] { [:] }
    public var endpoints: [any HTTPEndpoint] { [] }
    public var isBrief: Bool { false }
    public func start() async throws {}
    public func allHaveStarted() async {}
    public func shutdown() async {}
    public func reset() async {}
}

/// Answers one operation. An error other than `AWSError` is answered as the service's internal failure.
public typealias OperationHandler = @Sendable (AWSRequest) async throws -> AWSResponse
