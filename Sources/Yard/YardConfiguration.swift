public import AWSProtocol
public import Store

/// What a yard is like: where it keeps its state, where it listens, whom it believes.
public struct YardConfiguration: Sendable {
    /// Where the state is kept; made where there is none.
    public var dataDirectory: String
    /// The address to listen on. Anything but a loopback address lets others on the network in.
    public var host: String
    /// The port to listen on; 0 takes a free one, which `Yard.endpoint` then names.
    public var port: Int
    /// The region of callers that name none.
    public var region: String
    /// The account of the key `test`: twelve digits.
    public var account: String
    public var durability: Durability
    /// Whether every caller is believed: signatures are read, not verified.
    public var isOpen: Bool
    /// Keys that are known besides `test`, the account numbers and those made through IAM.
    public var credentials: [Credential]
    /// Names, besides `localhost` and the AWS ones, under which clients may address the yard.
    public var hostNames: [String]
    /// The Python that functions and jobs run on; nil for `TRAINYARD_PYTHON` or `python3`.
    public var python: String?
    /// Where images run: `container`, `image` or `process`; nil for `TRAINYARD_RUNTIME` or the best there is.
    public var runtime: String?
    /// What state machines' Waits and pauses before retries are multiplied with; 0 passes them at once.
    public var timeScale: Double
    /// The path of a `MockConfigFile.json` that mocks state machines' tasks.
    public var stepFunctionsMocks: String?
    /// How long an endpoint's containers wait for a request before they are stopped; the next request starts them again.
    /// nil: for ever.
    public var endpointIdleTime: Duration?
    /// The longest that a model's container is waited for until it answers `/ping`; nil: as long as AWS waits.
    public var modelStartup: Duration?
    /// Whether a model cannot be created before its data are in S3, as on AWS.
    public var requiresModelData: Bool
    /// Whether this process is the program `trainyard`, which then runs itself again beside what must not outlive it.
    public var isProgram: Bool

    public init(
        dataDirectory: String,
        host: String = "127.0.0.1",
        port: Int = 4566,
        region: String = "us-east-1",
        account: String = "000000000000",
        durability: Durability = .full,
        isOpen: Bool = false,
        credentials: [Credential] = [],
        hostNames: [String] = [],
        python: String? = nil,
        runtime: String? = nil,
        timeScale: Double = 1,
        stepFunctionsMocks: String? = nil,
        endpointIdleTime: Duration? = .seconds(900),
        modelStartup: Duration? = nil,
        requiresModelData: Bool = false,
        isProgram: Bool = false
    ) {
        self.dataDirectory = dataDirectory
        self.host = host
        self.port = port
        self.region = region
        self.account = account
        self.durability = durability
        self.isOpen = isOpen
        self.credentials = credentials
        self.hostNames = hostNames
        self.python = python
        self.runtime = runtime
        self.timeScale = timeScale
        self.stepFunctionsMocks = stepFunctionsMocks
        self.endpointIdleTime = endpointIdleTime
        self.modelStartup = modelStartup
        self.requiresModelData = requiresModelData
        self.isProgram = isProgram
    }

    /// The caller of requests that carry no identity where none is asked for: the account's root user.
    var defaultCaller: Caller { Caller(account: account, region: region) }
}
