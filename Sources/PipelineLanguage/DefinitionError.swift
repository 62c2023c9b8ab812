/// A definition that SageMaker Pipelines would not take, and where in it the fault is.
public struct DefinitionError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong and how to mend it, without the place.
    public var reason: String
    /// `/Steps/Train/DependsOn`; empty for the definition as a whole.
    public var location: String

    public init(_ reason: String, at location: String) {
        self.reason = reason
        self.location = location
    }

    /// The message of `CreatePipeline`'s `ValidationException`.
    public var description: String {
        "Unable to parse pipeline definition. \(reason)" + (location.isEmpty ? "" : " at \(location)")
    }
}
