import AWSProtocol
import Foundation
import JSON

/// What a deployed resource is to others.
struct ResourceValue: Sendable {
    /// What `Ref` gives.
    var reference: String
    /// What `Fn::GetAtt` gives, by attribute; names with dots reach into objects.
    var attributes: JSON.Object

    func attribute(_ name: String) -> JSON? {
        if let value = attributes[name] { return value }
        var value: JSON? = .object(attributes)
        for part in name.split(separator: ".") { value = value?[String(part)] }
        return value
    }
}

/// Evaluates a template's intrinsic functions.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html>
struct Evaluation: Sendable {
    /// What stands for a value that is known only once the resource has been made.
    static let knownAfterApply = "{{changeSet:KNOWN_AFTER_APPLY}}"

    var template: Template
    /// Parameters and pseudo parameters.
    var parameters: [String: JSON]
    /// Exports of this account and region.
    var exports: [String: String]
    private(set) var conditions: [String: Bool] = [:]
    var resources: [String: ResourceValue] = [:]
    /// Whether resources that are not there yet are an error, or stand for themselves.
    var isPreview = false

    /// - Throws: `ValidationError` where a condition cannot be evaluated.
    init(
        _ template: Template,
        parameters: [String: JSON],
        pseudoParameters: [String: JSON],
        exports: [String: String] = [:]
    ) throws(AWSError) {
        self.template = template
        self.parameters = parameters.merging(pseudoParameters) { $1 }
        self.exports = exports
        for name in template.conditions.keys { _ = try condition(name, within: []) }
    }

    /// The resources whose conditions hold.
    var activeResources: [Template.Resource] {
        template.resources.filter { $0.condition.map { conditions[$0] ?? true } ?? true }
    }

    func isActive(_ condition: String?) -> Bool { condition.map { conditions[$0] ?? true } ?? true }

    /// The value with all functions applied; nil for `AWS::NoValue`.
    func resolve(_ value: JSON) throws(AWSError) -> JSON? {
        switch value {
        case .array(let elements):
            var resolved: [JSON] = []
            for element in elements { if let value = try resolve(element) { resolved.append(value) } }
            return .array(resolved)
        case .object(let members):
            if members.count == 1, let (function, argument) = members.first,
                function == "Ref" || function.hasPrefix("Fn::")
            {
                return try apply(function, argument)
            }
            var resolved = JSON.Object()
            for (key, member) in members { if let value = try resolve(member) { resolved[key] = value } }
            return .object(resolved)
        default:
            return value
        }
    }

    /// The value as text.
    func text(_ value: JSON, for function: String) throws(AWSError) -> String {
        guard let resolved = try resolve(value) else { return "" }
        if case .object = resolved {
            throw .validation("Template error: every \(function) object must evaluate to a string.")
        }
        return resolved.templateText
    }

    private func apply(_ function: String, _ argument: JSON) throws(AWSError) -> JSON? {
        switch function {
        case "Ref": return try reference(argument.templateText)
        case "Fn::GetAtt": return try attribute(argument)
        case "Fn::Sub": return try substitute(argument)
        case "Fn::Join": return try join(argument)
        case "Fn::Select": return try select(argument)
        case "Fn::Split": return try split(argument)
        case "Fn::FindInMap": return try findInMap(argument)
        case "Fn::Base64": return .string(Data(try text(argument, for: function).utf8).base64EncodedString())
        case "Fn::ImportValue": return try importValue(argument)
        case "Fn::GetAZs":
            let region = try text(argument, for: function)
            let zone = region.isEmpty ? parameters["AWS::Region"]?.templateText ?? "" : region
            return .array(["a", "b", "c"].map { .string(zone + $0) })
        case "Fn::If":
            guard let name = argument[0]?.stringValue, let yes = argument[1], let no = argument[2] else {
                throw .validation("Template error: Fn::If requires a list argument with three elements")
            }
            guard let holds = conditions[name] else {
                throw .validation("Template error: unresolved condition dependency \(name) in Fn::If")
            }
            return try resolve(holds ? yes : no)
        case "Fn::ToJsonString":
            return try resolve(argument).map { .string($0.serialized()) }
        case "Fn::Length":
            return try resolve(argument)?.arrayValue.map { .integer($0.count) }
        default:
            if let holds = try logical(function, argument, within: []) { return .bool(holds) }
            throw .validation("Template error: \(function) is not supported")
        }
    }
}

// MARK: - References

extension Evaluation {
    private func reference(_ name: String) throws(AWSError) -> JSON? {
        if name == "AWS::NoValue" { return nil }
        if let value = parameters[name] { return value }
        if let resource = resources[name] { return .string(resource.reference) }
        if isPreview, template.resources.contains(where: { $0.logicalID == name }) {
            return .string(Self.knownAfterApply)
        }
        throw .validation(
            "Template format error: Unresolved resource dependencies [\(name)] in the Resources block of the template"
        )
    }

    private func attribute(_ argument: JSON) throws(AWSError) -> JSON? {
        guard let (id, name) = GetAtt.parts(argument) else {
            throw .validation(
                "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute"
            )
        }
        return try attribute(of: id, try text(name, for: "Fn::GetAtt"))
    }

    private func attribute(of id: String, _ name: String) throws(AWSError) -> JSON {
        guard let resource = resources[id] else {
            if isPreview, template.resources.contains(where: { $0.logicalID == id }) {
                return .string(Self.knownAfterApply)
            }
            throw .validation("Template error: instance of Fn::GetAtt references undefined resource \(id)")
        }
        guard let value = resource.attribute(name) else {
            throw .validation("Template error: resource \(id) does not support attribute type \(name) in Fn::GetAtt")
        }
        return value
    }

    private func substitute(_ argument: JSON) throws(AWSError) -> JSON? {
        let own = argument[1]?.objectValue ?? [:]
        guard let pattern = argument.stringValue ?? argument[0]?.stringValue else {
            throw .validation(
                "Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string as first argument, and an optional second argument to specify a mapping of values to replace in the string"
            )
        }
        var result = ""
        for piece in Substitution.pieces(of: pattern) {
            switch piece {
            case .literal(let text): result += text
            case .variable(let name):
                if let value = own[name] {
                    result += try text(value, for: "Fn::Sub")
                } else if case .attribute(let id, let attribute) = Substitution.reference(name) {
                    result += try self.attribute(of: id, attribute).templateText
                } else {
                    result += try reference(name)?.templateText ?? ""
                }
            }
        }
        return .string(result)
    }

    private func importValue(_ argument: JSON) throws(AWSError) -> JSON? {
        let name = try text(argument, for: "Fn::ImportValue")
        guard let value = exports[name] else { throw .validation("No export named \(name) found.") }
        return .string(value)
    }

    private func findInMap(_ argument: JSON) throws(AWSError) -> JSON? {
        guard let arguments = argument.arrayValue, arguments.count >= 3 else {
            throw .validation(
                "Template error: every Fn::FindInMap object requires three parameters, the map name, map key and the attribute for return value"
            )
        }
        let name = try text(arguments[0], for: "Fn::FindInMap")
        let key = try text(arguments[1], for: "Fn::FindInMap")
        let attribute = try text(arguments[2], for: "Fn::FindInMap")
        if let value = template.mappings[name]?[key]?[attribute] { return value }
        if arguments.count > 3, let fallback = arguments[3]["DefaultValue"] { return try resolve(fallback) }
        throw .validation("Template error: Unable to get mapping for \(name)::\(key)::\(attribute)")
    }
}

// MARK: - Lists and text

extension Evaluation {
    private func join(_ argument: JSON) throws(AWSError) -> JSON? {
        guard let delimiter = argument[0]?.stringValue, let list = argument[1],
            let elements = try resolve(list)?.arrayValue
        else {
            throw .validation(
                "Template error: every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined."
            )
        }
        return .string(elements.map(\.templateText).joined(separator: delimiter))
    }

    private func select(_ argument: JSON) throws(AWSError) -> JSON? {
        guard let first = argument[0], let list = argument[1], let index = Int(try text(first, for: "Fn::Select")),
            let elements = try resolve(list)?.arrayValue
        else {
            throw .validation(
                "Template error: Fn::Select requires a list argument with two elements: an integer index and a list"
            )
        }
        guard elements.indices.contains(index) else {
            if isPreview { return .string(Self.knownAfterApply) }
            throw .validation("Template error: Fn::Select cannot select nonexistent value at index \(index)")
        }
        return elements[index]
    }

    private func split(_ argument: JSON) throws(AWSError) -> JSON? {
        guard let delimiter = argument[0]?.stringValue, !delimiter.isEmpty, let source = argument[1] else {
            throw .validation(
                "Template error: every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string to be split or a function that returns a string to be split."
            )
        }
        let parts = try text(source, for: "Fn::Split").components(separatedBy: delimiter)
        return .array(parts.map { .string($0) })
    }
}

// MARK: - Conditions

extension Evaluation {
    private mutating func condition(_ name: String, within outer: [String]) throws(AWSError) -> Bool {
        if let known = conditions[name] { return known }
        guard !outer.contains(name) else {
            throw .validation("Template format error: Circular dependencies for condition: \(name)")
        }
        guard let expression = template.conditions[name] else {
            throw .validation(
                "Template format error: Unresolved dependencies [\(name)]. Cannot reference resources in the Conditions block of the template"
            )
        }
        for dependency in Self.conditionNames(in: expression) { _ = try condition(dependency, within: outer + [name]) }
        let holds = try holds(expression)
        conditions[name] = holds
        return holds
    }

    private static func conditionNames(in value: JSON) -> [String] {
        switch value {
        case .array(let elements): elements.flatMap(conditionNames)
        case .object(let members):
            members.flatMap { key, member in
                key == "Condition" ? [member.stringValue].compactMap(\.self) : conditionNames(in: member)
            }
        default: []
        }
    }

    private func holds(_ expression: JSON) throws(AWSError) -> Bool {
        if let members = expression.objectValue, members.count == 1, let (function, argument) = members.first {
            if function == "Condition", let name = argument.stringValue { return conditions[name] ?? false }
            if let holds = try logical(function, argument, within: []) { return holds }
        }
        if let value = try resolve(expression)?.templateBool { return value }
        throw .validation("Template format error: Every Condition member must be a string.")
    }

    /// Nil where the function is not a logical one.
    private func logical(_ function: String, _ argument: JSON, within: [String]) throws(AWSError) -> Bool? {
        let arguments = argument.arrayValue ?? []
        switch function {
        case "Fn::Equals":
            guard arguments.count == 2 else {
                throw .validation("Template error: every Fn::Equals object requires a list of two string parameters.")
            }
            return try resolve(arguments[0])?.templateText == resolve(arguments[1])?.templateText
        case "Fn::Not":
            guard arguments.count == 1 else {
                throw .validation("Template error: every Fn::Not object requires one boolean parameter.")
            }
            return try !holds(arguments[0])
        case "Fn::And":
            for argument in arguments where try !holds(argument) { return false }
            return true
        case "Fn::Or":
            for argument in arguments where try holds(argument) { return true }
            return false
        default:
            return nil
        }
    }
}
