public import JSON
import Synchronization

/// The one way to make an AWS call, wherever it is answered: by the yard in this process, or by AWS.
///
/// Services, the state machine, event delivery and the command line all call through this; none knows the other side.
public protocol AWSCaller: Sendable {
    /// Performs one operation, streams included.
    /// - Throws: the `AWSError` that the service answers.
    func send(_ request: AWSRequest) async throws(AWSError) -> AWSResponse
}

extension AWSCaller {
    /// Performs an operation that neither takes nor returns a stream; answers the output's members.
    @discardableResult
    public func call(
        _ operation: Operation,
        _ input: JSON = [:],
        as caller: Caller
    ) async throws(AWSError) -> JSON {
        let response = try await send(AWSRequest(operation, input.objectValue ?? [:], caller: caller))
        return .object(response.output)
    }
}

/// An operation of a service, as IAM spells it: `s3:PutObject`, `states:StartExecution`, `logs:PutLogEvents`.
public struct Operation: Sendable, Hashable, CustomStringConvertible, ExpressibleByStringLiteral {
    /// The service's signing name: `s3`, `lambda`, `ecr`, `sagemaker`, `states`, `logs`, `iam`, `sts`,
    /// `cloudformation`.
    public var service: String
    /// As AWS spells it, with a capital: `PutObject`.
    public var name: String

    public init(_ service: String, _ name: String) {
        self.service = service
        self.name = name
    }

    /// `"s3:PutObject"`.
    public init(stringLiteral value: String) {
        let parts = value.split(separator: ":", maxSplits: 1)
        precondition(parts.count == 2, "An operation is written service:Name")
        self.init(String(parts[0]), String(parts[1]))
    }

    public var description: String { "\(service):\(name)" }
}

/// On whose behalf a call is made: what AWS learns from the signature.
public struct Caller: Sendable, Hashable {
    /// Twelve digits. Together with the region it scopes every resource.
    public var account: String
    public var region: String
    /// The identity's ARN: `arn:aws:iam::000000000000:root`, a user, or an assumed role. Empty for anonymous.
    public var principal: String
    public var accessKeyID: String?

    public init(account: String, region: String, principal: String? = nil, accessKeyID: String? = nil) {
        self.account = account
        self.region = region
        self.principal = principal ?? "arn:aws:iam::\(account):root"
        self.accessKeyID = accessKeyID
    }

    /// A request without a signature. Only S3 serves such, where a bucket's policy allows it.
    public static func anonymous(region: String) -> Caller { Caller(account: "", region: region, principal: "") }

    public var isAnonymous: Bool { principal.isEmpty }

    /// The same account in another region.
    public func inRegion(_ region: String) -> Caller {
        var caller = self
        caller.region = region
        return caller
    }
}

/// One call: the operation, its input as a tree, and its streaming member, if any.
public struct AWSRequest: Sendable {
    public var operation: Operation
    /// The input's members by their names in AWS's model (`Bucket`, `FunctionName`), URI labels, query and header
    /// members included. Timestamps are numbers (seconds since 1970), blobs are base64 strings.
    public var input: JSON.Object
    /// The member that the model makes the HTTP payload where it is a blob: an object's bytes, a function's event.
    public var body: Body?
    public var caller: Caller
    /// Appears in logs and in the answer's `x-amzn-requestid`.
    public var requestID: String

    public init(
        _ operation: Operation,
        _ input: JSON.Object = [:],
        body: Body? = nil,
        caller: Caller,
        requestID: String = RequestID.make()
    ) {
        self.operation = operation
        self.input = input
        self.body = body
        self.caller = caller
        self.requestID = requestID
    }
}

/// The answer to one call.
public struct AWSResponse: Sendable {
    /// The output's members by their names in AWS's model; same conventions as the input.
    public var output: JSON.Object
    /// The member that the model makes the HTTP payload where it is a blob.
    public var body: Body?
    /// An HTTP status other than the model's (206, 304, …).
    public var status: Int?
    /// Headers that the model does not know.
    public var headers: [(name: String, value: String)]

    public init(
        _ output: JSON.Object = [:],
        body: Body? = nil,
        status: Int? = nil,
        headers: [(name: String, value: String)] = []
    ) {
        self.output = output
        self.body = body
        self.status = status
        self.headers = headers
    }

    /// An answer with the members that have a value.
    public static func output(_ members: KeyValuePairs<String, JSON?>) -> AWSResponse {
        AWSResponse(.compact(members))
    }
}

/// Request ids, in the form AWS gives them.
public enum RequestID {
    /// Where the sequence of ids stands. They tell requests apart and guard nothing, so each need not ask the system for
    /// chance.
    private static let sequence = Atomic<UInt64>(UInt64.random(in: 0...UInt64.max))

    /// A lower-case UUID.
    public static func make() -> String {
        var generator = Sequence()
        return RandomText.uuid(using: &generator)
    }

    /// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014), for all threads.
    private struct Sequence: RandomNumberGenerator {
        mutating func next() -> UInt64 {
            var bits = sequence.wrappingAdd(0x9E37_79B9_7F4A_7C15, ordering: .relaxed).newValue
            bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
            bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
            return bits ^ (bits >> 31)
        }
    }
}
