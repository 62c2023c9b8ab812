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
    /// What `CreateStateMachine` answers where that is not a list of diagnostics.
    private var sentence: String?

    public init(diagnostics: [Diagnostic]) { self.diagnostics = diagnostics }

    /// A definition refused for the value of a field, in the words recorded for that.
    init(refused reason: String, diagnostics: [Diagnostic], definition: String) {
        self.diagnostics = diagnostics
        sentence = "Error=ValueError Args=[\(Self.quoted(reason))] in definition '\(definition)'."
    }

    /// The diagnostics as `CreateStateMachine` words them.
    public var description: String {
        diagnostics.map { diagnostic in
            "\(diagnostic.code): \(diagnostic.message)" + (diagnostic.location.map { " at \($0)" } ?? "")
        }.joined(separator: ", ")
    }

    /// The whole message of `CreateStateMachine`.
    public var message: String { sentence ?? "Invalid State Machine Definition: '\(self)'" }

    /// The text in quotes, what cannot be printed being escaped.
    static func quoted(_ text: String) -> String {
        let quote = text.contains("'") && !text.contains("\"") ? "\"" : "'"
        var quoted = quote
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": quoted += "\\\\"
            case "\t": quoted += "\\t"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "'" where quote == "'": quoted += "\\'"
            default:
                if scalar.value < 0x20 || (0x7F...0xA0).contains(scalar.value) {
                    let digits = String(scalar.value, radix: 16)
                    quoted += "\\x" + (digits.count < 2 ? "0" : "") + digits
                } else {
                    quoted.unicodeScalars.append(scalar)
                }
            }
        }
        return quoted + quote
    }
}
