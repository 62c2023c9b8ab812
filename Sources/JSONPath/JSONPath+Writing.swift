public import JSON

extension JSONPath {
    /// The document with `value` put at this path, members on the way made where they are missing.
    ///
    /// This is what `ResultPath` does.
    /// - Throws: `JSONPathEvaluationError` where the path leads through something that is no object, or to an index that
    ///   is not there.
    public func setting(_ value: JSON, in document: JSON) throws(JSONPathEvaluationError) -> JSON {
        try place(value, in: document, at: segments[...])
    }

    private func place(
        _ value: JSON,
        in target: JSON,
        at rest: ArraySlice<Segment>
    ) throws(JSONPathEvaluationError) -> JSON {
        guard let segment = rest.first else { return value }
        switch segment {
        case .member(let name):
            guard case .object(var members) = target else {
                throw JSONPathEvaluationError("Unable to apply ReferencePath \(text) to input \(target)")
            }
            let inner = members[name] ?? .object([:])
            members[name] = try place(value, in: inner, at: rest.dropFirst())
            return .object(members)
        case .index(let index):
            guard case .array(var elements) = target, elements.indices.contains(index) else {
                throw JSONPathEvaluationError("Unable to apply ReferencePath \(text) to input \(target)")
            }
            elements[index] = try place(value, in: elements[index], at: rest.dropFirst())
            return .array(elements)
        default:
            throw JSONPathEvaluationError("\(text) is no reference path")
        }
    }
}
