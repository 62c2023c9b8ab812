public import JSON

/// Where a document that is to become an operation's input does not have that input's form.
public struct TemplateMismatch: Error, Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        /// A structure has no member of that name; these it has.
        case unknownMember(String, known: [String])
        case expectsObject
        case expectsArray
        case expectsScalar
    }

    public var kind: Kind
    /// `/AlgorithmSpecification/TrainingImage`.
    public var path: String
}

extension OperationModel {
    /// The first place where `template` is not formed as the operation's input; nil where it is.
    ///
    /// Only forms are compared, not constraints, and members may be missing: they can be added later.
    /// - Parameter isOpaque: Values that stand for anything, such as references.
    public func mismatch(of template: JSON, isOpaque: (JSON) -> Bool) -> TemplateMismatch? {
        guard let input else { return nil }
        return mismatch(of: template, with: shapes[input], at: "", isOpaque)
    }

    private func mismatch(
        of value: JSON,
        with shape: Shape,
        at path: String,
        _ isOpaque: (JSON) -> Bool
    ) -> TemplateMismatch? {
        if value.isNull || isOpaque(value) { return nil }
        switch shape.kind {
        case .structure:
            guard let members = value.objectValue else { return TemplateMismatch(kind: .expectsObject, path: path) }
            for (name, value) in members {
                guard let member = shape.member(name) else {
                    let known = shape.members.map(\.name)
                    return TemplateMismatch(kind: .unknownMember(name, known: known), path: path)
                }
                if let found = mismatch(of: value, with: shapes[member], at: "\(path)/\(name)", isOpaque) {
                    return found
                }
            }
            return nil
        case .map:
            guard let members = value.objectValue else { return TemplateMismatch(kind: .expectsObject, path: path) }
            guard let element = shape.value else { return nil }
            for (name, value) in members {
                if let found = mismatch(of: value, with: shapes[element], at: "\(path)/\(name)", isOpaque) {
                    return found
                }
            }
            return nil
        case .list:
            guard let elements = value.arrayValue else { return TemplateMismatch(kind: .expectsArray, path: path) }
            guard let element = shape.element else { return nil }
            for (index, value) in elements.enumerated() {
                if let found = mismatch(of: value, with: shapes[element], at: "\(path)/\(index)", isOpaque) {
                    return found
                }
            }
            return nil
        default:
            let isScalar = value.objectValue == nil && value.arrayValue == nil
            return isScalar ? nil : TemplateMismatch(kind: .expectsScalar, path: path)
        }
    }

    /// The value with numbers and truth values written as texts wherever the input takes texts.
    public func withTexts(_ value: JSON) -> JSON {
        guard let input else { return value }
        return withTexts(value, shapes[input])
    }

    private func withTexts(_ value: JSON, _ shape: Shape) -> JSON {
        switch (shape.kind, value) {
        case (.structure, .object(let members)):
            var written = JSON.Object()
            for (name, value) in members {
                written[name] = shape.member(name).map { withTexts(value, shapes[$0]) } ?? value
            }
            return .object(written)
        case (.map, .object(let members)):
            guard let element = shape.value else { return value }
            return .object(members.mapValues { withTexts($0, shapes[element]) })
        case (.list, .array(let elements)):
            guard let element = shape.element else { return value }
            return .array(elements.map { withTexts($0, shapes[element]) })
        case (.string, .integer), (.string, .double), (.string, .bool): return .string(value.serialized())
        default: return value
        }
    }
}
