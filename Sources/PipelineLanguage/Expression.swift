public import JSON
import Suggestion

/// A value of a definition, in which references and functions may stand at any depth.
/// <https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-properties.html>
public indirect enum Expression: Sendable, Hashable {
    /// A value with no reference in it.
    case literal(JSON)
    /// `{"Get": "Parameters.X"}`
    case get(Reference)
    /// `{"Std:Join": {"On": "/", "Values": […]}}`
    case join(separator: String, [Expression])
    /// `{"Std:JsonGet": {"PropertyFile": {"Get": "Steps.Evaluate.PropertyFiles.Report"}, "Path": "a.b"}}`, or with
    /// an `S3Uri` instead.
    case jsonGet(JSONSource, path: String)
    case array([Expression])
    case object([Member])

    public struct Member: Sendable, Hashable {
        public var name: String
        public var value: Expression
    }

    /// Where `Std:JsonGet` reads.
    public enum JSONSource: Sendable, Hashable {
        case propertyFile(step: String, name: String)
        case object(uri: Expression)
    }

    /// All references in the value.
    public var references: [Reference] {
        switch self {
        case .literal: []
        case .get(let reference): [reference]
        case .join(_, let values), .array(let values): values.flatMap(\.references)
        case .jsonGet(.propertyFile(let step, let name), _): [.propertyFile(step: step, name: name)]
        case .jsonGet(.object(let uri), _): uri.references
        case .object(let members): members.flatMap(\.value.references)
        }
    }
}

extension Expression {
    /// - Throws: `DefinitionError` where a function is not one of Pipelines' or lacks something.
    init(_ value: JSON, at location: String) throws(DefinitionError) {
        switch value {
        case .object(let members):
            if members.count == 1, let name = members.keys.first, let argument = members[name],
                let function = try Self.function(name, argument, at: location)
            {
                self = function
                return
            }
            var parsed: [Member] = []
            for (name, value) in members {
                parsed.append(Member(name: name, value: try Expression(value, at: "\(location)/\(name)")))
            }
            self = parsed.allSatisfy { $0.value.isLiteral } ? .literal(value) : .object(parsed)
        case .array(let elements):
            var parsed: [Expression] = []
            for (index, element) in elements.enumerated() {
                parsed.append(try Expression(element, at: "\(location)/\(index)"))
            }
            self = parsed.allSatisfy(\.isLiteral) ? .literal(value) : .array(parsed)
        default: self = .literal(value)
        }
    }

    private var isLiteral: Bool { if case .literal = self { true } else { false } }

    private static func function(
        _ name: String,
        _ argument: JSON,
        at location: String
    ) throws(DefinitionError) -> Expression? {
        switch name {
        case "Get":
            guard let text = argument.stringValue else { return nil }
            return .get(try Reference(text, at: location))
        case "Std:Join":
            guard let values = argument["Values"]?.arrayValue else {
                throw DefinitionError("Expecting start of Json Array", at: "\(location)/Std:Join/Values")
            }
            var parsed: [Expression] = []
            for (index, value) in values.enumerated() {
                parsed.append(try Expression(value, at: "\(location)/Std:Join/Values/\(index)"))
            }
            return .join(separator: argument["On"]?.stringValue ?? "", parsed)
        case "Std:JsonGet": return try jsonGet(argument, at: "\(location)/Std:JsonGet")
        default:
            guard name.hasPrefix("Std:") else { return nil }
            let hint = Suggestion.phrase(for: name, among: ["Std:Join", "Std:JsonGet"])
            throw DefinitionError("Unknown function [\(name)]\(hint)", at: location)
        }
    }

    private static func jsonGet(_ argument: JSON, at location: String) throws(DefinitionError) -> Expression {
        guard let path = argument["Path"]?.stringValue else {
            throw DefinitionError("Std:JsonGet needs a Path, which is a text", at: location)
        }
        if let uri = argument["S3Uri"] {
            return .jsonGet(.object(uri: try Expression(uri, at: "\(location)/S3Uri")), path: path)
        }
        let text = argument["PropertyFile"]?["Get"]?.stringValue
        guard let text, case .propertyFile(let step, let name) = try Reference(text, at: "\(location)/PropertyFile")
        else {
            throw DefinitionError(
                "Std:JsonGet needs a PropertyFile {\"Get\": \"Steps.NAME.PropertyFiles.FILE\"} or an S3Uri",
                at: location
            )
        }
        return .jsonGet(.propertyFile(step: step, name: name), path: path)
    }
}
