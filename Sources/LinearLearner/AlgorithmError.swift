/// Why a training job failed, in the words that SageMaker shows as its `FailureReason`.
public struct AlgorithmError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Kind: String, Sendable {
        /// The data or the hyperparameters are wrong: the user can mend it.
        case client = "ClientError"
        /// The algorithm met something that it cannot go on from.
        case algorithm = "AlgorithmError"
        /// The caller asked to stop.
        case cancelled = "Stopped"
    }

    public var kind: Kind
    /// Without the kind's name.
    public var message: String

    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    /// `ClientError: …`, as a job's `FailureReason` begins.
    public var description: String { "\(kind.rawValue): \(message)" }

    static func client(_ message: String) -> AlgorithmError { AlgorithmError(.client, message) }
}
