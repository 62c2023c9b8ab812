public import JSON

/// What a run wants done. Whoever does it tells the run by a `RunEvent`.
public enum Effect: Sendable, Hashable {
    /// Read the JSON document at that place in S3; answer with `.read`.
    case read(uri: String)
    /// Look for a former result of the step with that key; answer with `.found` or `.notFound`.
    case lookUp(step: String, key: JSON)
    /// Begin the step; answer with `.submitted`, and then `.succeeded`, `.failed` or `.stopped`.
    case begin(StepCall)
    /// Ask what the step does to stop; the answer to `.begin` tells when it has.
    case stop(step: String)
    /// Answer with `.due` at that moment (milliseconds since 1970) or after it.
    case wait(step: String, until: Int)
}

/// A step to begin.
public struct StepCall: Sendable, Hashable {
    public var step: PipelineStep
    public var attempt: Int
    /// With all references resolved. Where the step has members beside `Arguments`, an object of `Arguments` and those.
    public var arguments: JSON
    /// What the job or resource is called: the same for the same attempt after a restart.
    public var resourceName: String
    /// A Callback step's token.
    public var token: String
    /// Whether it may have been begun before a restart: then what it made is to be looked for by its name.
    public var isResumed: Bool
}

/// What has happened outside.
public enum RunEvent: Sendable, Hashable {
    case read(uri: String, DocumentRead)
    /// A former result can be taken: what the step gave, its metadata, and the execution that it is from.
    case found(step: String, output: JSON?, metadata: JSON?, source: String)
    case notFound(step: String)
    /// The step's job or resource is there.
    case submitted(step: String, metadata: JSON)
    case succeeded(step: String, output: JSON, metadata: JSON?)
    case failed(step: String, StepFailure, metadata: JSON?)
    case stopped(step: String, metadata: JSON?)
    case due(step: String)
    /// `StopPipelineExecution`
    case stop
    /// `UpdatePipelineExecution`: so many steps may be under way at once from now on.
    case parallelism(Int)
}
