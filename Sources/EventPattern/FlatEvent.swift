public import JSON

/// An event as patterns look at it: the values of its leaves by their paths (`detail.state`).
public struct FlatEvent: Sendable {
    struct Field: Sendable {
        var value: JSON
        var membership: ArrayMembership
    }

    private var fields: [String: [Field]] = [:]

    public init(_ event: JSON) {
        var arrays = 0
        flatten(event, path: "", ArrayMembership(), &arrays)
    }

    subscript(path: String) -> [Field] { fields[path] ?? [] }

    private mutating func flatten(_ value: JSON, path: String, _ membership: ArrayMembership, _ arrays: inout Int) {
        switch value {
        case .object(let members):
            for (name, member) in members {
                flatten(member, path: path.isEmpty ? name : "\(path).\(name)", membership, &arrays)
            }
        case .array(let elements):
            let array = arrays
            arrays += 1
            for (index, element) in elements.enumerated() {
                flatten(element, path: path, membership.entering(element, array, index), &arrays)
            }
        default:
            fields[path, default: []].append(Field(value: value, membership: membership))
        }
    }
}

/// Which element of which array of the event a field is in, where that element is an object or an array.
struct ArrayMembership: Sendable, Hashable {
    private var elements: [Int: Int] = [:]

    fileprivate func entering(_ element: JSON, _ array: Int, _ index: Int) -> ArrayMembership {
        switch element {
        case .object, .array:
            var inner = self
            inner.elements[array] = index
            return inner
        default: return self
        }
    }

    /// Both, or nil where they are in different elements of the same array.
    func joined(with other: ArrayMembership) -> ArrayMembership? {
        guard !other.elements.isEmpty else { return self }
        var joined = self
        for (array, index) in other.elements {
            guard joined.elements.updateValue(index, forKey: array) ?? index == index else { return nil }
        }
        return joined
    }
}
