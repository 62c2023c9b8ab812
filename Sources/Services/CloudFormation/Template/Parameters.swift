import AWSProtocol
import JSON

/// A parameter as the template declares it.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html>
struct ParameterDeclaration: Sendable {
    var name: String
    var type: String
    var defaultValue: String?
    var description: String?
    var isSecret: Bool
    private var declaration: JSON

    init(_ name: String, _ declaration: JSON) throws(AWSError) {
        guard let type = declaration["Type"]?.stringValue else {
            throw .validation("Template format error: Every Parameters object must contain a Type member.")
        }
        let isServed =
            ["String", "Number", "CommaDelimitedList", "List<Number>", "List<String>"].contains(type)
            || type.hasPrefix("AWS::") && !type.hasPrefix("AWS::SSM::") || type.hasPrefix("List<AWS::")
        guard isServed else { throw .validation("Template format error: Unrecognized parameter type: \(type)") }
        self.name = name
        self.type = type
        defaultValue = declaration["Default"].map(\.templateText)
        description = declaration["Description"]?.stringValue
        isSecret = declaration["NoEcho"]?.templateBool ?? false
        self.declaration = declaration
    }

    var isList: Bool { type == "CommaDelimitedList" || type.hasPrefix("List<") }

    /// The parameter's value as `Ref` gives it.
    /// - Throws: `ValidationError` where the text breaks a constraint.
    func value(_ text: String) throws(AWSError) -> JSON {
        let items = isList ? text.split(separator: ",", omittingEmptySubsequences: false).map(\.trimmed) : [text]
        for item in items { try check(item) }
        return isList ? .array(text.isEmpty ? [] : items.map { .string($0) }) : .string(text)
    }

    private func check(_ text: String) throws(AWSError) {
        if let allowed = declaration["AllowedValues"]?.arrayValue, !allowed.map(\.templateText).contains(text) {
            throw violation("must be one of AllowedValues")
        }
        if type == "Number" || type == "List<Number>" {
            guard let number = Double(text) else { throw violation("must be a number", isExplained: false) }
            if let least = declaration["MinValue"]?.templateNumber, number < least {
                throw violation("must be a number not less than \(JSON.double(least).templateText)")
            }
            if let most = declaration["MaxValue"]?.templateNumber, number > most {
                throw violation("must be a number not greater than \(JSON.double(most).templateText)")
            }
        }
        if let least = declaration["MinLength"]?.templateNumber, Double(text.count) < least {
            throw violation("must contain at least \(JSON.double(least).templateText) characters")
        }
        if let most = declaration["MaxLength"]?.templateNumber, Double(text.count) > most {
            throw violation("must contain at most \(JSON.double(most).templateText) characters")
        }
        if let pattern = declaration["AllowedPattern"]?.stringValue {
            guard let regex = try? Regex(pattern) else {
                throw .validation(
                    "Template format error: AllowedPattern of parameter \(name) is not a regular expression."
                )
            }
            guard (try? regex.wholeMatch(in: text)) ?? nil != nil else {
                throw violation("must match pattern \(pattern)")
            }
        }
    }

    private func violation(_ rule: String, isExplained: Bool = true) -> AWSError {
        if isExplained, let words = declaration["ConstraintDescription"]?.stringValue {
            return .validation("Parameter \(name) failed to satisfy constraint: \(words)")
        }
        return .validation("Parameter '\(name)' \(rule)")
    }

    /// For `ValidateTemplate` and `GetTemplateSummary`.
    var json: JSON.Object {
        .compact([
            "ParameterKey": .string(name),
            "DefaultValue": defaultValue.map { .string($0) },
            "NoEcho": .bool(isSecret),
            "Description": description.map { .string($0) },
        ])
    }

    var constraints: JSON { .compact(["AllowedValues": declaration["AllowedValues"]]) }
}

extension Template {
    /// The value of each parameter: as given, or by default.
    /// - Throws: `ValidationError` where one has none, is not declared, or breaks a constraint.
    func parameterValues(_ given: [String: String]) throws(AWSError) -> [String: JSON] {
        let unknown = given.keys.filter { name in !parameters.contains { $0.name == name } }.sorted()
        guard unknown.isEmpty else {
            throw .validation("Parameters: [\(unknown.joined(separator: ", "))] do not exist in the template")
        }
        let missing = parameters.filter { given[$0.name] == nil && $0.defaultValue == nil }.map(\.name)
        guard missing.isEmpty else {
            throw .validation("Parameters: [\(missing.joined(separator: ", "))] must have values")
        }
        var values: [String: JSON] = [:]
        for parameter in parameters {
            values[parameter.name] = try parameter.value(given[parameter.name] ?? parameter.defaultValue ?? "")
        }
        return values
    }
}

extension JSON {
    /// A scalar as CloudFormation writes it into text.
    var templateText: String {
        switch self {
        case .string(let text): text
        case .bool(let value): value ? "true" : "false"
        case .integer(let value): String(value)
        case .double(let value): value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : value.description
        case .array(let elements): elements.map(\.templateText).joined(separator: ",")
        case .null: ""
        case .object: serialized()
        }
    }

    /// A number, or the text of one: parameters are texts.
    var templateNumber: Double? { doubleValue ?? stringValue.flatMap(Double.init) }

    var templateBool: Bool? { boolValue ?? stringValue.flatMap { Bool($0.lowercased()) } }
}

extension Substring {
    fileprivate var trimmed: String {
        var text = self
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
