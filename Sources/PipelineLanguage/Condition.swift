import JSON
import Suggestion

/// A condition of a Condition step.
/// <https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-steps-types.html#step-type-condition>
public indirect enum Condition: Sendable, Hashable {
    case comparison(Comparison, Expression, Expression)
    case contained(Expression, in: [Expression])
    case not(Condition)
    case any([Condition])

    public enum Comparison: String, Sendable, CaseIterable {
        case equals = "Equals"
        case notEquals = "NotEquals"
        case greaterThan = "GreaterThan"
        case greaterThanOrEqualTo = "GreaterThanOrEqualTo"
        case lessThan = "LessThan"
        case lessThanOrEqualTo = "LessThanOrEqualTo"
    }

    var expressions: [Expression] {
        switch self {
        case .comparison(_, let left, let right): [left, right]
        case .contained(let value, let values): [value] + values
        case .not(let condition): condition.expressions
        case .any(let conditions): conditions.flatMap(\.expressions)
        }
    }
}

extension Condition {
    private static var names: [String] { Comparison.allCases.map(\.rawValue) + ["In", "NotIn", "Not", "Or"] }

    /// - Throws: `DefinitionError` where the type is unknown or an operand is missing.
    init(_ value: JSON, at location: String) throws(DefinitionError) {
        guard let type = value["Type"]?.stringValue else {
            throw DefinitionError("A condition needs a Type", at: location)
        }
        func operand(_ names: String...) throws(DefinitionError) -> Expression {
            for name in names {
                if let operand = value[name] { return try Expression(operand, at: "\(location)/\(name)") }
            }
            throw DefinitionError("The condition \(type) needs \(names[0])", at: location)
        }
        func list(_ names: String...) throws(DefinitionError) -> [JSON] {
            for name in names { if let list = value[name]?.arrayValue { return list } }
            throw DefinitionError("The condition \(type) needs the list \(names[0])", at: location)
        }
        if let comparison = Comparison(rawValue: type) {
            self = .comparison(comparison, try operand("LeftValue"), try operand("RightValue"))
            return
        }
        switch type {
        case "In", "NotIn":
            var values: [Expression] = []
            for (index, value) in try list("Values", "In").enumerated() {
                values.append(try Expression(value, at: "\(location)/Values/\(index)"))
            }
            let condition = Condition.contained(try operand("QueryValue", "Value"), in: values)
            self = type == "In" ? condition : .not(condition)
        case "Not":
            guard let expression = value["Expression"] ?? value["Condition"] else {
                throw DefinitionError("The condition Not needs Expression", at: location)
            }
            self = .not(try Condition(expression, at: "\(location)/Expression"))
        case "Or":
            var conditions: [Condition] = []
            for (index, value) in try list("Conditions").enumerated() {
                conditions.append(try Condition(value, at: "\(location)/Conditions/\(index)"))
            }
            self = .any(conditions)
        default:
            let hint = Suggestion.phrase(for: type, among: Self.names)
            throw DefinitionError("Unknown condition type [\(type)]\(hint)", at: location)
        }
    }

    /// - Throws: `EvaluationFailure` where a value cannot be had, or two values cannot be compared.
    func holds(in scope: Scope) throws(EvaluationFailure) -> Bool {
        switch self {
        case .not(let condition): return try !condition.holds(in: scope)
        case .any(let conditions):
            for condition in conditions { if try condition.holds(in: scope) { return true } }
            return false
        case .contained(let value, let values):
            let wanted = try scope.value(of: value)
            for candidate in values { if try scope.value(of: candidate) == wanted { return true } }
            return false
        case .comparison(let comparison, let left, let right):
            return try comparison.holds(try scope.value(of: left), try scope.value(of: right))
        }
    }
}

extension Condition.Comparison {
    func holds(_ left: JSON, _ right: JSON) throws(EvaluationFailure) -> Bool {
        switch self {
        case .equals: return left == right
        case .notEquals: return left != right
        default: break
        }
        if let left = left.doubleValue, let right = right.doubleValue { return isTrue(left, right) }
        if let left = left.stringValue, let right = right.stringValue { return isTrue(left, right) }
        throw .failed("\(rawValue) cannot compare \(left.serialized()) with \(right.serialized())")
    }

    private func isTrue<Value: Comparable>(_ left: Value, _ right: Value) -> Bool {
        switch self {
        case .greaterThan: left > right
        case .greaterThanOrEqualTo: left >= right
        case .lessThan: left < right
        case .lessThanOrEqualTo: left <= right
        case .equals: left == right
        case .notEquals: left != right
        }
    }
}
