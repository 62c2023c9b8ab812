import JSON
import JSONPath
import Suggestion

extension DefinitionParser {
    mutating func parseChoice(_ object: JSON.Object, at location: String) -> State.Kind? {
        guard let choices = object["Choices"]?.arrayValue, !choices.isEmpty else {
            fail("These fields are required: [Choices]", at: location)
            return nil
        }
        var rules: [ChoiceRule] = []
        for (index, choice) in choices.enumerated() {
            if let rule = parseRule(choice, index, at: "\(location)/Choices[\(index)]") { rules.append(rule) }
        }
        let otherwise = object["Default"]?.stringValue.flatMap { target($0, at: "\(location)/Default") }
        return rules.count == choices.count ? .choice(rules, otherwise: otherwise) : nil
    }

    private mutating func parseRule(_ value: JSON, _ index: Int, at location: String) -> ChoiceRule? {
        guard case .object(let object) = value else {
            fail("Expected an object", at: location)
            return nil
        }
        guard let name = object["Next"]?.stringValue else {
            fail("These fields are required: [Next]", at: location)
            return nil
        }
        let condition: (any Condition)? =
            isJSONata
            ? parseCondition(object, index, at: location) : parseComparison(object, at: location)
        let assign = parseAssign(object["Assign"], at: "\(location)/Assign")
        guard let next = target(name, at: "\(location)/Next"), let condition else { return nil }
        let output = isJSONata ? object["Output"].map { parseTemplate($0, at: "\(location)/Output") } : nil
        return ChoiceRule(condition: condition, next: next, assign: assign, output: output)
    }

    private mutating func parseComparison(_ object: JSON.Object, at location: String) -> Comparison? {
        let operators = object.keys.filter { !["Next", "Variable", "Comment", "Assign"].contains($0) }
        guard operators.count == 1, let name = operators.first, let operand = object[name] else {
            fail("A choice rule needs exactly one comparison, found \(operators)", at: location)
            return nil
        }
        switch name {
        case "Not":
            guard let inner = operand.objectValue else { break }
            return parseComparison(inner, at: "\(location)/Not").map(Comparison.not)
        case "And", "Or":
            guard let elements = operand.arrayValue, !elements.isEmpty else { break }
            var rules: [Comparison] = []
            for (index, element) in elements.enumerated() {
                guard
                    let rule = element.objectValue.flatMap({ parseComparison($0, at: "\(location)/\(name)[\(index)]") })
                else { return nil }
                rules.append(rule)
            }
            return name == "And" ? .and(rules) : .or(rules)
        default:
            guard let variable = object["Variable"] else {
                fail("These fields are required: [Variable]", at: location)
                return nil
            }
            guard let path = parsePath(variable, at: "\(location)/Variable"),
                let test = parseTest(name, operand, at: "\(location)/\(name)")
            else { return nil }
            return .test(path, test)
        }
        fail("Expected rules to combine", at: "\(location)/\(name)")
        return nil
    }

    private mutating func parseTest(_ name: String, _ operand: JSON, at location: String) -> Comparison.Test? {
        if name.hasPrefix("Is"), let test = Self.typeTest(name) {
            guard let expected = operand.boolValue else {
                fail("Expected a boolean", at: location)
                return nil
            }
            return test(expected)
        }
        if name == "StringMatches" {
            guard let pattern = operand.stringValue else {
                fail("Expected a string", at: location)
                return nil
            }
            return .matches(Pattern(pattern))
        }
        let isPath = name.hasSuffix("Path")
        guard let (domain, relation) = Self.operators[isPath ? String(name.dropLast(4)) : name] else {
            let known = Self.operators.keys.flatMap { [$0, "\($0)Path"] } + Self.otherOperators
            let near = Suggestion.nearest(to: name, among: known.sorted())
            fail("Unknown comparison '\(name)'" + (near.map { ", did you mean '\($0)'?" } ?? ""), at: location)
            return nil
        }
        if isPath { return parsePath(operand, at: location).map { .compare(domain, relation, .path($0)) } }
        guard domain.accepts(operand) else {
            fail("Expected a \(domain.rawValue.lowercased()) value", at: location)
            return nil
        }
        return .compare(domain, relation, .literal(operand))
    }

    private static let otherOperators = [
        "StringMatches", "IsPresent", "IsNull", "IsNumeric", "IsString", "IsBoolean", "IsTimestamp", "And", "Or", "Not",
    ]

    private static func typeTest(_ name: String) -> ((Bool) -> Comparison.Test)? {
        switch name {
        case "IsPresent": Comparison.Test.isPresent
        case "IsNull": Comparison.Test.isNull
        case "IsNumeric": Comparison.Test.isNumeric
        case "IsString": Comparison.Test.isString
        case "IsBoolean": Comparison.Test.isBoolean
        case "IsTimestamp": Comparison.Test.isTimestamp
        default: nil
        }
    }

    /// `StringEquals` … `TimestampGreaterThanEquals`; booleans know equality only.
    private static let operators: [String: (Comparison.Domain, Comparison.Relation)] = {
        let relations: [Comparison.Relation] = [
            .equals, .lessThan, .greaterThan, .lessThanEquals, .greaterThanEquals,
        ]
        var table: [String: (Comparison.Domain, Comparison.Relation)] = ["BooleanEquals": (.boolean, .equals)]
        for domain in [Comparison.Domain.string, .numeric, .timestamp] {
            for relation in relations { table[domain.rawValue + relation.rawValue] = (domain, relation) }
        }
        return table
    }()
}

extension Comparison.Domain {
    fileprivate func accepts(_ literal: JSON) -> Bool {
        switch self {
        case .string: literal.stringValue != nil
        case .numeric: literal.isNumber
        case .boolean: literal.boolValue != nil
        case .timestamp: literal.stringValue.flatMap(Instant.parse) != nil
        }
    }
}
