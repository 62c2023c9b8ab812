extension Evaluator {
    func evaluateBinary(
        _ node: Node,
        _ symbol: Operator,
        _ left: Node,
        _ right: Node,
        _ input: Value,
        _ frame: Frame
    ) throws(JSONataError) -> Value {
        let first = try evaluate(left, input, frame)
        switch symbol {
        case .and:
            guard try first.isTruthy() else { return .bool(false) }
            return .bool(try evaluate(right, input, frame).isTruthy())
        case .or:
            if try first.isTruthy() { return .bool(true) }
            return .bool(try evaluate(right, input, frame).isTruthy())
        default: break
        }
        let second = try evaluate(right, input, frame)
        do {
            return try Self.compute(symbol, first, second)
        } catch {
            var error = error
            error.position = node.position
            error.token = symbol.rawValue
            throw error
        }
    }

    private static func compute(_ symbol: Operator, _ left: Value, _ right: Value) throws(JSONataError) -> Value {
        switch symbol {
        case .add, .subtract, .multiply, .divide, .remainder: return try calculate(symbol, left, right)
        case .equal: return .bool(!left.isUndefined && !right.isUndefined && Value.areEqual(left, right))
        case .notEqual: return .bool(!left.isUndefined && !right.isUndefined && !Value.areEqual(left, right))
        case .less, .lessOrEqual, .greater, .greaterOrEqual: return try compare(symbol, left, right)
        case .concatenate: return .string(try text(left) + text(right))
        case .range: return try range(left, right)
        case .membership: return .bool(includes(right, left))
        case .and, .or: return .undefined
        }
    }

    private static func text(_ value: Value) throws(JSONataError) -> String {
        value.isUndefined ? "" : try Text.string(value)
    }

    private static func calculate(_ symbol: Operator, _ left: Value, _ right: Value) throws(JSONataError) -> Value {
        let first = try left.finiteNumber()
        if first == nil, !left.isUndefined { throw JSONataError("T2001", value: left.described) }
        let second = try right.finiteNumber()
        if second == nil, !right.isUndefined { throw JSONataError("T2002", value: right.described) }
        guard let first, let second else { return .undefined }
        switch symbol {
        case .add: return .number(first + second)
        case .subtract: return .number(first - second)
        case .multiply: return .number(first * second)
        case .divide: return .number(first / second)
        default: return .number(first.truncatingRemainder(dividingBy: second))
        }
    }

    private static func compare(_ symbol: Operator, _ left: Value, _ right: Value) throws(JSONataError) -> Value {
        for value in [left, right] {
            switch value {
            case .undefined, .number, .string: break
            default: throw JSONataError("T2010", value: value.described)
            }
        }
        let isLess: Bool
        let isGreater: Bool
        switch (left, right) {
        case (.undefined, _), (_, .undefined): return .undefined
        case (.number(let a), .number(let b)): (isLess, isGreater) = (a < b, a > b)
        case (.string(let a), .string(let b)): (isLess, isGreater) = (Value.precedes(a, b), Value.precedes(b, a))
        default: throw JSONataError("T2009", value: left.described, value2: right.described)
        }
        return switch symbol {
        case .less: .bool(isLess)
        case .lessOrEqual: .bool(!isGreater)
        case .greater: .bool(isGreater)
        default: .bool(!isLess)
        }
    }

    private static func includes(_ array: Value, _ value: Value) -> Bool {
        guard !array.isUndefined, !value.isUndefined else { return false }
        let list = array.asList
        return (0..<list.count).contains { index in
            switch (list[index], value) {
            case (.null, .null): true
            case (.bool(let a), .bool(let b)): a == b
            case (.number(let a), .number(let b)): a == b
            case (.string(let a), .string(let b)): Value.areSame(a, b)
            case (.object(let a), .object(let b)): a === b
            case (.function(let a), .function(let b)): a === b
            default: false
            }
        }
    }

    /// As many integers as a range may have.
    private static let maximumRange = 10_000_000

    private static func range(_ left: Value, _ right: Value) throws(JSONataError) -> Value {
        let first = integer(left)
        if first == nil, !left.isUndefined { throw JSONataError("T2003", value: left.described) }
        let last = integer(right)
        if last == nil, !right.isUndefined { throw JSONataError("T2004", value: right.described) }
        guard let first, let last, first <= last else { return .undefined }
        let (span, overflow) = last.subtractingReportingOverflow(first)
        guard !overflow, span < maximumRange else {
            throw JSONataError("D2014", value: NumberText.text(Double(last) - Double(first) + 1))
        }
        return .array(List(.range(first, count: span + 1), .sequence))
    }

    private static func integer(_ value: Value) -> Int? {
        if case .number(let number) = value { Int(exactly: number) } else { nil }
    }

    func negate(_ value: Value, _ node: Node) throws(JSONataError) -> Value {
        if value.isUndefined { return value }
        guard let number = try value.finiteNumber() else {
            throw JSONataError("D1002", position: node.position, token: "-", value: value.described)
        }
        return .number(-number)
    }
}
