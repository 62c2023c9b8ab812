/// What is wrong with a definition, where, as `ValidateStateMachineDefinition` tells it.
public struct Diagnostic: Sendable, Hashable {
    public enum Severity: String, Sendable {
        case error = "ERROR"
        case warning = "WARNING"
    }

    public var severity: Severity
    /// `SCHEMA_VALIDATION_FAILED`, `MISSING_TRANSITION_TARGET`, …
    public var code: String
    public var message: String
    /// `/States/Name/Field`.
    public var location: String?

    public init(_ code: String, _ message: String, at location: String?, severity: Severity = .error) {
        self.severity = severity
        self.code = code
        self.message = message
        self.location = location
    }
}

/// A definition that cannot be run.
public struct InvalidDefinition: Error, Sendable, Hashable, CustomStringConvertible {
    public var diagnostics: [Diagnostic]

    /// The diagnostics as `CreateStateMachine` words them.
    public var description: String {
        diagnostics.map { diagnostic in
            "\(diagnostic.code): \(diagnostic.message)" + (diagnostic.location.map { " at \($0)" } ?? "")
        }.joined(separator: ", ")
    }
}
