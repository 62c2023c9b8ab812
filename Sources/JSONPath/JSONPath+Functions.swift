import JSON

extension JSONPath.Function {
    func apply(to value: JSON, path: JSONPath, document: JSON) throws(JSONPathEvaluationError) -> JSON {
        let given = arguments.compactMap { $0.value(value, document: document) }
        switch name {
        case .length, .size: return try length(of: value)
        case .keys: return .array(value.objectValue?.keys.map(JSON.string) ?? [])
        case .first: return try element(0, of: value)
        case .last: return try element(-1, of: value)
        case .index: return try element(given.first?.intValue ?? 0, of: value)
        case .concat:
            return .string(([value] + given).map { $0.stringValue ?? ($0.arrayValue == nil ? "\($0)" : "") }.joined())
        case .append: return .array((value.arrayValue ?? [value]) + given)
        case .min, .max, .avg, .stddev, .sum: return try aggregate(value, with: given)
        }
    }

    private func length(of value: JSON) throws(JSONPathEvaluationError) -> JSON {
        switch value {
        case .array(let elements): return .integer(elements.count)
        case .object(let members): return .integer(members.count)
        case .string(let text): return .integer(text.utf16.count)
        default: return .null
        }
    }

    private func element(_ index: Int, of value: JSON) throws(JSONPathEvaluationError) -> JSON {
        guard let element = value.element(at: index) else {
            throw JSONPathEvaluationError("Aggregation function attempted to calculate value using empty array")
        }
        return element
    }

    private func aggregate(_ value: JSON, with further: [JSON]) throws(JSONPathEvaluationError) -> JSON {
        let numbers = ((value.arrayValue ?? []) + further).compactMap(\.doubleValue)
        guard !numbers.isEmpty else {
            throw JSONPathEvaluationError("Aggregation function attempted to calculate value using empty array")
        }
        let sum = numbers.reduce(0, +)
        let mean = sum / Double(numbers.count)
        switch name {
        case .min: return .double(numbers.reduce(.infinity) { Swift.min($0, $1) })
        case .max: return .double(numbers.reduce(-.infinity) { Swift.max($0, $1) })
        case .avg: return .double(mean)
        case .sum: return .double(sum)
        default:
            let squares = numbers.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
            return .double((squares / Double(numbers.count)).squareRoot())
        }
    }
}
