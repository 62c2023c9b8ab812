public import AWSProtocol
public import JSON
import Yams

/// A template as it is written: JSON, or YAML with CloudFormation's short forms.
public enum TemplateText {
    /// The template with the short forms written out: `!Ref X` as `{"Ref": "X"}`, `!GetAtt A.B` as
    /// `{"Fn::GetAtt": ["A", "B"]}`.
    /// - Throws: `ValidationError` with the place where the text is neither JSON nor YAML, or uses an alias.
    public static func parse(_ text: String) throws(AWSError) -> JSON {
        let template = try tree(text)
        guard case .object = template else { throw .validation("Template format error: unsupported structure.") }
        return template
    }

    /// The tree of any document in JSON or YAML.
    static func tree(_ text: String) throws(AWSError) -> JSON {
        guard text.first(where: { !$0.isWhitespace }) == "{" else { return try yaml(text) }
        do {
            return try JSON(parsing: text)
        } catch {
            // A YAML mapping may be written in braces.
            if let tree = try? yaml(text) { return tree }
            throw .validation(
                "Template format error: JSON not well-formed. (line \(error.line), column \(error.column))"
            )
        }
    }

    private static func yaml(_ text: String) throws(AWSError) -> JSON {
        let parser: Parser
        let node: Node?
        do {
            parser = try Parser(yaml: text)
            node = try parser.singleRoot()
        } catch let error as YamlError {
            throw .validation("Template format error: \(describe(error))")
        } catch {
            throw .validation("Template format error: YAML not well-formed.")
        }
        // The nodes know their anchors only as long as the parser lives.
        defer { withExtendedLifetime(parser) {} }
        return try node.map(convert) ?? .null
    }

    private static func describe(_ error: YamlError) -> String {
        switch error {
        case .scanner(_, _, let mark, _), .parser(_, _, let mark, _), .composer(_, _, let mark, _):
            "YAML not well-formed. (line \(mark.line), column \(mark.column))"
        case .duplicatedKeysInMapping(let duplicates, _):
            "Duplicate key: \(duplicates.joined(separator: ", "))"
        default:
            "YAML not well-formed."
        }
    }

    private static func convert(_ node: Node) throws(AWSError) -> JSON {
        // Refused before it is entered: repeated anchors would let a short text unfold without bound.
        if node.anchor != nil {
            throw .validation("Template error: YAML aliases are not allowed in CloudFormation templates")
        }
        switch node {
        case .scalar(let scalar):
            return try applied(scalar.tag, to: value(of: scalar))
        case .sequence(let sequence):
            var elements: [JSON] = []
            for element in sequence { elements.append(try convert(element)) }
            return try applied(sequence.tag, to: .array(elements))
        case .mapping(let mapping):
            var members = JSON.Object()
            for (key, value) in mapping {
                guard case .scalar(let name) = key else {
                    throw .validation("Template format error: unsupported structure.")
                }
                members[name.string] = try convert(value)
            }
            return try applied(mapping.tag, to: .object(members))
        case .alias:
            throw .validation("Template error: YAML aliases are not allowed in CloudFormation templates")
        }
    }

    private static func applied(_ tag: Tag, to value: JSON) throws(AWSError) -> JSON {
        let name = tag.description
        guard name.hasPrefix("!"), name != "!" else { return value }
        switch name.dropFirst() {
        case "Ref": return ["Ref": value]
        case "Condition": return ["Condition": value]
        case "GetAtt":
            guard let text = value.stringValue else { return ["Fn::GetAtt": value] }
            let parts = text.split(separator: ".", maxSplits: 1).map { JSON.string(String($0)) }
            return ["Fn::GetAtt": .array(parts)]
        case let function: return .object(["Fn::\(function)": value])
        }
    }

    /// A plain scalar is null, a boolean or a number where it looks like one, except numbers that would not come back
    /// as they are written (account ids with leading zeros).
    private static func value(of scalar: Node.Scalar) -> JSON {
        let text = scalar.string
        guard scalar.style == .plain || scalar.style == .any, scalar.tag.description.isEmpty else {
            return .string(text)
        }
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return true
        case "false", "False", "FALSE": return false
        default: break
        }
        if let integer = Int(text), String(integer) == text { return .integer(integer) }
        if let first = text.first, first.isNumber || first == "-", text.contains(where: { ".eE".contains($0) }),
            let number = Double(text), number.isFinite, number.description == text
        {
            return .double(number)
        }
        return .string(text)
    }
}
