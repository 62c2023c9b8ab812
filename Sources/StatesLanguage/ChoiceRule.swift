import JSON
import JSONPath

/// One entry of a Choice state's `Choices`.
struct ChoiceRule: Sendable {
    var condition: any Condition
    var next: Int
    var assign: PayloadTemplate?
    var output: PayloadTemplate?

    func holds(in scope: inout Scope) throws(ExpressionFailure) -> Bool { try condition.holds(in: &scope) }
}

/// What a rule asks of the data; each query language has its own.
protocol Condition: Sendable {
    func holds(in scope: inout Scope) throws(ExpressionFailure) -> Bool
}

/// The comparisons of the JSONPath query language.
indirect enum Comparison: Sendable, Condition {
    case and([Comparison])
    case or([Comparison])
    case not(Comparison)
    case test(JSONPath, Test)

    enum Test: Sendable {
        case isPresent(Bool)
        case isNull(Bool)
        case isNumeric(Bool)
        case isString(Bool)
        case isBoolean(Bool)
        case isTimestamp(Bool)
        case matches(Pattern)
        case compare(Domain, Relation, Operand)
    }

    enum Domain: String, Sendable {
        case string = "String"
        case numeric = "Numeric"
        case boolean = "Boolean"
        case timestamp = "Timestamp"
    }

    enum Relation: String, Sendable {
        case equals = "Equals"
        case lessThan = "LessThan"
        case greaterThan = "GreaterThan"
        case lessThanEquals = "LessThanEquals"
        case greaterThanEquals = "GreaterThanEquals"
    }

    enum Operand: Sendable {
        case literal(JSON)
        case path(JSONPath)
    }

    func holds(in scope: inout Scope) throws(ExpressionFailure) -> Bool {
        switch self {
        case .and(let rules):
            for rule in rules {
                guard try rule.holds(in: &scope) else { return false }
            }
            return true
        case .or(let rules):
            for rule in rules {
                if try rule.holds(in: &scope) { return true }
            }
            return false
        case .not(let rule): return try !rule.holds(in: &scope)
        case .test(let variable, let test): return try test.holds(for: variable, in: scope)
        }
    }
}

extension Comparison.Test {
    fileprivate func holds(for variable: JSONPath, in scope: Scope) throws(ExpressionFailure) -> Bool {
        let value = try? variable.value(in: scope, document: scope.input)
        if case .isPresent(let expected) = self { return (value != nil) == expected }
        guard let value else { throw Self.invalid(variable) }
        switch self {
        case .isPresent: return false
        case .isNull(let expected): return value.isNull == expected
        case .isNumeric(let expected): return value.isNumber == expected
        case .isString(let expected): return (value.stringValue != nil) == expected
        case .isBoolean(let expected): return (value.boolValue != nil) == expected
        case .isTimestamp(let expected): return (value.stringValue.flatMap(Instant.parse) != nil) == expected
        case .matches(let pattern): return value.stringValue.map(pattern.matches) ?? false
        case .compare(let domain, let relation, let operand):
            return domain.holds(relation, value, try operand.value(in: scope))
        }
    }

    fileprivate static func invalid(_ path: JSONPath) -> ExpressionFailure {
        ExpressionFailure("Invalid path '\(path.text)': The choice state's condition path references an invalid value.")
    }
}

extension Comparison.Operand {
    fileprivate func value(in scope: Scope) throws(ExpressionFailure) -> JSON {
        switch self {
        case .literal(let value): return value
        case .path(let path):
            guard let value = try? path.value(in: scope, document: scope.input) else {
                throw Comparison.Test.invalid(path)
            }
            return value
        }
    }
}

extension Comparison.Domain {
    /// Values of another type than the operator's never satisfy it.
    fileprivate func holds(_ relation: Comparison.Relation, _ left: JSON, _ right: JSON) -> Bool {
        switch self {
        case .string: return relation.holds(left.stringValue?.utf16Order, right.stringValue?.utf16Order)
        case .numeric: return relation.holds(left.doubleValue, right.doubleValue)
        case .timestamp:
            return relation.holds(left.stringValue.flatMap(Instant.parse), right.stringValue.flatMap(Instant.parse))
        case .boolean:
            guard let left = left.boolValue, let right = right.boolValue else { return false }
            return left == right
        }
    }
}

extension Comparison.Relation {
    fileprivate func holds<Value: Comparable>(_ left: Value?, _ right: Value?) -> Bool {
        guard let left, let right else { return false }
        return switch self {
        case .equals: left == right
        case .lessThan: left < right
        case .greaterThan: left > right
        case .lessThanEquals: left <= right
        case .greaterThanEquals: left >= right
        }
    }
}

/// A text ordered by its UTF-16 units, as AWS orders.
private struct UTF16Order: Comparable {
    let units: [UInt16]

    static func < (left: UTF16Order, right: UTF16Order) -> Bool { left.units.lexicographicallyPrecedes(right.units) }
}

extension String {
    fileprivate var utf16Order: UTF16Order { UTF16Order(units: Array(utf16)) }
}

/// The pattern of `StringMatches`: `*` stands for any text, `\*` for a star.
struct Pattern: Sendable, Hashable {
    /// The texts between the stars.
    private var parts: [[UInt8]] = [[]]

    init(_ text: String) {
        var escaped = false
        for byte in text.utf8 {
            if escaped {
                parts[parts.count - 1].append(byte)
                escaped = false
            } else if byte == UInt8(ascii: "\\") {
                escaped = true
            } else if byte == UInt8(ascii: "*") {
                parts.append([])
            } else {
                parts[parts.count - 1].append(byte)
            }
        }
    }

    func matches(_ text: String) -> Bool {
        var rest = Array(text.utf8)[...]
        guard parts.count > 1, let first = parts.first, let last = parts.last else { return Array(rest) == parts[0] }
        guard rest.starts(with: first) else { return false }
        rest = rest.dropFirst(first.count)
        for part in parts.dropFirst().dropLast() where !part.isEmpty {
            guard let end = Self.end(of: part, in: rest) else { return false }
            rest = rest[end...]
        }
        return rest.count >= last.count && rest.suffix(last.count).elementsEqual(last)
    }

    private static func end(of part: [UInt8], in text: ArraySlice<UInt8>) -> Int? {
        guard text.count >= part.count else { return nil }
        for start in text.startIndex...(text.endIndex - part.count)
        where text[start..<start + part.count].elementsEqual(part) {
            return start + part.count
        }
        return nil
    }
}
