internal import JSON

extension Value {
    /// As JSON; nil for what JSON cannot say (nothing, or a function), null for nothing inside an array.
    ///
    /// - Parameter function: What stands for a function inside an array or object; nil makes the whole nil.
    func json(function: JSON?) -> JSON? {
        switch self {
        case .undefined, .tuples: return nil
        case .null: return .null
        case .bool(let value): return .bool(value)
        case .number(let value): return Self.json(value)
        case .string(let value): return .string(value)
        case .record(let members): return .object(members)
        case .function: return function
        case .array(let list):
            switch list.elements {
            case .json(let elements): return .array(elements)
            case .range(let first, let count): return .array((0..<count).map { .integer(first + $0) })
            case .values(let values): return Self.json(values, function)
            }
        case .object(let members):
            var object = JSON.Object()
            for entry in members.entries where !entry.value.isUndefined {
                guard let value = entry.value.json(function: function) else { return nil }
                object[entry.key] = value
            }
            return .object(object)
        }
    }

    private static func json(_ values: [Value], _ function: JSON?) -> JSON? {
        var elements: [JSON] = []
        elements.reserveCapacity(values.count)
        for value in values {
            if value.isUndefined {
                elements.append(.null)
            } else if let element = value.json(function: function) {
                elements.append(element)
            } else {
                return nil
            }
        }
        return .array(elements)
    }

    /// Whole numbers become integers.
    static func json(_ number: Double) -> JSON {
        if let integer = Int(exactly: number) { return .integer(integer) }
        return number.isFinite ? .double(number) : .null
    }

    /// A copy that shares no object with this one, for a transform to change.
    func deepCopy() -> Value {
        switch self {
        case .array(let list): return .list(list.values.map { $0.deepCopy() })
        case .record(let members):
            return .object(Members(unique: members.map { ($0.key, Value($0.value).deepCopy()) }))
        case .object(let members):
            return .object(Members(unique: members.entries.map { ($0.key, $0.value.deepCopy()) }))
        case .function: return .emptyString
        default: return self
        }
    }
}
