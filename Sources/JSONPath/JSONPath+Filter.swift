import JSON

extension JSONPath.Filter {
    func accepts(_ element: JSON, document: JSON) -> Bool {
        switch self {
        case .and(let left, let right):
            left.accepts(element, document: document) && right.accepts(element, document: document)
        case .or(let left, let right):
            left.accepts(element, document: document) || right.accepts(element, document: document)
        case .not(let filter): !filter.accepts(element, document: document)
        case .exists(let path): JSONPath.Operand.path(path).value(element, document: document) != nil
        case .comparison(let left, let comparison, let right):
            comparison.holds(left, right, element: element, document: document)
        }
    }
}

extension JSONPath.Operand {
    /// The operand's value, or nil where its path leads nowhere.
    func value(_ element: JSON, document: JSON) -> JSON? {
        switch self {
        case .literal(let value): value
        case .path(let path): path.filterValue(path.root == .current ? element : document, document: document)
        case .pattern: nil
        }
    }
}

extension JSONPath {
    fileprivate func filterValue(_ start: JSON, document: JSON) -> JSON? {
        let found = matches(in: start, document: document)
        let value: JSON? = isDefinite ? found.first : .array(found)
        guard let function, let value else { return value }
        return try? function.apply(to: value, path: self, document: document)
    }
}

extension JSONPath.Comparison {
    fileprivate func holds(
        _ left: JSONPath.Operand,
        _ right: JSONPath.Operand,
        element: JSON,
        document: JSON
    ) -> Bool {
        if self == .matches { return matches(left, right, element: element, document: document) }
        let first = left.value(element, document: document)
        let second = right.value(element, document: document)
        switch self {
        case .equal: return first == second
        case .notEqual: return first != second
        default: break
        }
        guard let first, let second else { return false }
        switch self {
        case .less: return first.isOrdered(before: second) ?? false
        case .greater: return second.isOrdered(before: first) ?? false
        case .lessOrEqual: return first == second || first.isOrdered(before: second) ?? false
        case .greaterOrEqual: return first == second || second.isOrdered(before: first) ?? false
        default: return first.isRelated(by: self, to: second)
        }
    }

    private func matches(
        _ left: JSONPath.Operand,
        _ right: JSONPath.Operand,
        element: JSON,
        document: JSON
    ) -> Bool {
        let operand: JSONPath.Operand
        let pattern: JSONPath.RegularExpression
        switch (left, right) {
        case (_, .pattern(let found)): (operand, pattern) = (left, found)
        case (.pattern(let found), _): (operand, pattern) = (right, found)
        default: return false
        }
        guard let text = operand.value(element, document: document)?.stringValue,
            let regex = try? Regex(pattern.pattern).ignoresCase(pattern.ignoresCase)
        else { return false }
        return text.wholeMatch(of: regex) != nil
    }
}

extension JSON {
    fileprivate func isOrdered(before other: JSON) -> Bool? {
        if let left = doubleValue, let right = other.doubleValue { return left < right }
        if let left = stringValue, let right = other.stringValue { return left < right }
        return nil
    }

    fileprivate func isRelated(by comparison: JSONPath.Comparison, to other: JSON) -> Bool {
        let elements = arrayValue
        switch comparison {
        case .isIn: return other.arrayValue?.contains(self) ?? false
        case .isNotIn: return !(other.arrayValue?.contains(self) ?? false)
        case .subsetOf: return elements?.allSatisfy { other.arrayValue?.contains($0) ?? false } ?? false
        case .anyOf: return elements?.contains { other.arrayValue?.contains($0) ?? false } ?? false
        case .noneOf: return !(elements?.contains { other.arrayValue?.contains($0) ?? false } ?? true)
        case .contains:
            if let text = stringValue, let part = other.stringValue { return text.contains(part) }
            return elements?.contains(other) ?? false
        case .size: return (elements?.count ?? stringValue?.count) == other.intValue
        case .empty: return ((elements?.count ?? stringValue?.count) == 0) == other.boolValue
        default: return false
        }
    }
}
