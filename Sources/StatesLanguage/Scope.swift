import JSON

/// What an expression can see: the state's data, the variables, and the context object.
struct Scope: Sendable {
    /// What `$` stands for.
    var input: JSON
    var variables: [String: JSON]
    /// The state's input before any selection, `$states.input`.
    var raw = JSON.null
    /// `$states.result`, once there is one.
    var result: JSON?
    /// `$states.errorOutput`, in a catcher.
    var errorOutput: JSON?
    /// Milliseconds since 1970.
    var now = 0
    /// What `$$` stands for.
    var context: ContextObject
    /// The source of `States.UUID` and `States.MathRandom`.
    var random: SeededGenerator
}

/// A failure of an expression, to be told as the state's error.
struct ExpressionFailure: Error, Sendable, Hashable {
    var error: String
    /// The field that failed, of those in JSONata.
    var location: String?
    /// AWS's words, without the sentence that names the state.
    var message: String

    init(_ message: String, error: String = StatesError.runtime) {
        self.error = error
        self.message = message
    }
}

/// An expression of a query language, compiled once.
///
/// This is the seam between the interpreter and the language: the interpreter knows only this and `DataFlow`.
protocol Expression: Sendable {
    /// The workflow variables that it may refer to.
    var variables: [String] { get }

    /// The expression's value in the scope.
    func evaluate(in scope: inout Scope) throws(ExpressionFailure) -> JSON
}

/// How a state reads its input and shapes its output: the fields that differ from one query language to another.
protocol DataFlow: Sendable {
    /// Whether no field says anything: the data passes as it is.
    var isPlain: Bool { get }

    /// What the state sees of its raw input (`InputPath`).
    func effectiveInput(_ raw: Document, _ scope: inout Scope) throws(ExpressionFailure) -> Document

    /// What the state's work is given (`Parameters`); `scope.input` is the effective input.
    func arguments(_ effective: Document, _ scope: inout Scope) throws(ExpressionFailure) -> Document

    /// What of the work's result is kept (`ResultSelector`).
    func selected(_ result: Document, _ scope: inout Scope) throws(ExpressionFailure) -> Document

    /// The state's output, made of its raw input and the selected result (`ResultPath`, `OutputPath`).
    func output(raw: Document, result: Document, _ scope: inout Scope) throws(ExpressionFailure) -> Document

    /// The output of a state that has no result of its own (`OutputPath`).
    func passedThrough(_ effective: Document, _ scope: inout Scope) throws(ExpressionFailure) -> Document

    /// The output of a Choice whose rule held and says none of its own.
    func chosen(_ effective: Document, _ scope: inout Scope) throws(ExpressionFailure) -> Document

    /// The variables that the state sets, by name (`Assign`); `scope.input` is what `$` stands for there.
    func assignments(_ scope: inout Scope) throws(ExpressionFailure) -> [String: JSON]
}

extension DataFlow {
    func chosen(_ effective: Document, _ scope: inout Scope) throws(ExpressionFailure) -> Document {
        try passedThrough(effective, &scope)
    }
}

/// The error names that the language itself gives.
public enum StatesError {
    public static let all = "States.ALL"
    public static let runtime = "States.Runtime"
    public static let timeout = "States.Timeout"
    public static let heartbeatTimeout = "States.HeartbeatTimeout"
    public static let taskFailed = "States.TaskFailed"
    public static let dataLimitExceeded = "States.DataLimitExceeded"
    public static let noChoiceMatched = "States.NoChoiceMatched"
    public static let intrinsicFailure = "States.IntrinsicFailure"
    public static let queryEvaluationError = "States.QueryEvaluationError"
    public static let itemReaderFailed = "States.ItemReaderFailed"
    public static let resultWriterFailed = "States.ResultWriterFailed"
    public static let exceedToleratedFailureThreshold = "States.ExceedToleratedFailureThreshold"
}

/// SplitMix64: small, fast, and the same numbers for the same seed everywhere.
public struct SeededGenerator: RandomNumberGenerator, Sendable, Hashable {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
