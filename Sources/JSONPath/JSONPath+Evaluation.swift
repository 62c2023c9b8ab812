public import JSON

extension JSONPath {
    /// The value at a definite path, or the array of all matches of an indefinite one (which may be empty).
    /// - Parameter document: what the root stands for.
    /// - Throws: `JSONPathEvaluationError` where a definite path leads nowhere.
    public func evaluate(_ document: JSON) throws(JSONPathEvaluationError) -> JSON {
        let value = isDefinite ? try definiteValue(in: document) : .array(matches(in: document, document: document))
        guard let function else { return value }
        return try function.apply(to: value, path: self, document: document)
    }

    /// All places that the path matches, in the document's order; none where it leads nowhere.
    public func matches(in document: JSON) -> [JSON] { matches(in: document, document: document) }

    func matches(in value: JSON, document: JSON) -> [JSON] {
        var current = [value]
        for segment in segments {
            var next: [JSON] = []
            for value in current { segment.append(from: value, document: document, to: &next) }
            current = next
            if current.isEmpty { break }
        }
        return current
    }

    private func definiteValue(in document: JSON) throws(JSONPathEvaluationError) -> JSON {
        var value = document
        for (place, segment) in segments.enumerated() {
            guard let next = segment.child(of: value) else { throw missing(at: place, in: value) }
            value = next
        }
        return value
    }

    private func missing(at place: Int, in value: JSON) -> JSONPathEvaluationError {
        let upTo = canonicalPrefix(place + 1)
        if case .member(let name) = segments[place], value.objectValue == nil {
            let found = value.isNull ? "null" : value.javaClass
            return JSONPathEvaluationError(
                "Expected to find an object with property ['\(name)'] in path \(canonicalPrefix(place)) but found "
                    + "'\(found)'. This is not a json object according to the JsonProvider: "
                    + "'com.jayway.jsonpath.spi.json.JacksonJsonNodeJsonProvider'."
            )
        }
        if place < segments.count - 1, case .member = segments[place] {
            return JSONPathEvaluationError("Missing property in path \(upTo)")
        }
        return JSONPathEvaluationError("No results for path: \(canonicalPrefix(segments.count))")
    }

    /// The first segments in brackets: `$['a'][0]`.
    private func canonicalPrefix(_ count: Int) -> String {
        segments.prefix(count).reduce(into: "$") { text, segment in
            switch segment {
            case .member(let name): text += "['\(name)']"
            case .index(let index): text += "[\(index)]"
            default: text += "[*]"
            }
        }
    }
}

extension JSON {
    fileprivate var javaClass: String {
        switch self {
        case .null: "null"
        case .bool: "com.fasterxml.jackson.databind.node.BooleanNode"
        case .integer: "com.fasterxml.jackson.databind.node.IntNode"
        case .double: "com.fasterxml.jackson.databind.node.DoubleNode"
        case .string: "com.fasterxml.jackson.databind.node.TextNode"
        case .array: "com.fasterxml.jackson.databind.node.ArrayNode"
        case .object: "com.fasterxml.jackson.databind.node.ObjectNode"
        }
    }
}

extension JSONPath.Segment {
    /// The one value that a definite segment leads to.
    func child(of value: JSON) -> JSON? {
        switch self {
        case .member(let name): value[name]
        case .index(let index): value.element(at: index)
        default: nil
        }
    }

    func append(from value: JSON, document: JSON, to matches: inout [JSON]) {
        switch self {
        case .member, .index:
            if let child = child(of: value) { matches.append(child) }
        case .members(let names):
            for name in names { if let child = value[name] { matches.append(child) } }
        case .indices(let indices):
            for index in indices { if let child = value.element(at: index) { matches.append(child) } }
        case .slice(let from, let to):
            if case .array(let elements) = value { matches.append(contentsOf: elements.slice(from, to)) }
        case .wildcard:
            matches.append(contentsOf: value.children)
        case .filter(let filter):
            let candidates = value.arrayValue ?? [value]
            matches.append(contentsOf: candidates.filter { filter.accepts($0, document: document) })
        case .descendants(let segment):
            segment.append(from: value, document: document, to: &matches)
            for child in value.children { append(from: child, document: document, to: &matches) }
        }
    }
}

extension JSON {
    fileprivate var children: [JSON] {
        switch self {
        case .array(let elements): elements
        case .object(let members): members.values
        default: []
        }
    }

    /// The element at an index that may count from the end.
    func element(at index: Int) -> JSON? {
        guard case .array(let elements) = self else { return nil }
        let position = index < 0 ? elements.count + index : index
        // Not with `?:`, which would take `nil` for the JSON null.
        guard elements.indices.contains(position) else { return nil }
        return elements[position]
    }
}

extension [JSON] {
    fileprivate func slice(_ from: Int?, _ to: Int?) -> ArraySlice<JSON> {
        let lower = Swift.max(0, from.map { $0 < 0 ? count + $0 : $0 } ?? 0)
        let upper = Swift.min(count, to.map { $0 < 0 ? count + $0 : $0 } ?? count)
        return lower < upper ? self[lower..<upper] : []
    }
}
