public import JSON

/// An event as patterns look at it: the values of its leaves by their paths (`detail.state`).
public struct FlatEvent: Sendable {
    struct Field: Sendable {
        var value: JSON
        var membership: ArrayMembership
    }

    private var fields: [String: [Field]] = [:]
    /// The arrays in whose elements the fields of a path are.
    private var arraysByPath: [String: Set<Int>] = [:]
    /// Whether any field is in an object or an array that is an array's element.
    private(set) var hasElements = false

    public init(_ event: JSON) {
        var arrays = 0
        flatten(event, path: "", ArrayMembership(), &arrays)
    }

    subscript(path: String) -> [Field] { fields[path] ?? [] }

    func arrays(at path: String) -> Set<Int> { arraysByPath[path] ?? [] }

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
            guard !membership.arrays.isEmpty else { return }
            hasElements = true
            arraysByPath[path, default: []].formUnion(membership.arrays)
        }
    }
}

/// Which element of which array of the event a field is in, where that element is an object or an array.
struct ArrayMembership: Sendable, Hashable {
    private var elements: [Int: Int] = [:]

    var arrays: Set<Int> { Set(elements.keys) }

    fileprivate func entering(_ element: JSON, _ array: Int, _ index: Int) -> ArrayMembership {
        switch element {
        case .object, .array:
            var inner = self
            inner.elements[array] = index
            return inner
        default: return self
        }
    }

    /// Both, where they are in the same elements.
    func joined(with other: ArrayMembership) -> ArrayMembership {
        var joined = self
        joined.elements.merge(other.elements) { own, _ in own }
        return joined
    }

    /// What it says of these arrays.
    func restricted(to arrays: Set<Int>) -> ArrayMembership {
        var restricted = self
        restricted.elements = elements.filter { arrays.contains($0.key) }
        return restricted
    }
}

/// The fields of one path, found by the elements that they are in, so that an event with long arrays costs no more than
/// its length.
struct ConsistentFields {
    struct Candidate {
        var membership: ArrayMembership
        var isMatch: Bool
    }

    /// The fields that are in elements of the same arrays.
    private struct Group {
        var arrays: Set<Int>
        var candidates: [Candidate]
        /// By what they say of arrays that have been asked for.
        var found: [Set<Int>: [ArrayMembership: [Candidate]]] = [:]
    }

    private var groups: [Group]

    init(_ fields: [FlatEvent.Field], where matches: (JSON) -> Bool) {
        groups = Dictionary(grouping: fields) { $0.membership.arrays }.map { arrays, fields in
            Group(
                arrays: arrays,
                candidates: fields.map { Candidate(membership: $0.membership, isMatch: matches($0.value)) }
            )
        }
    }

    /// Those that are in no other element of an array than `membership`.
    mutating func fields(with membership: ArrayMembership) -> [Candidate] {
        let asked = membership.arrays
        return groups.indices.flatMap { index in
            let shared = groups[index].arrays.intersection(asked)
            if groups[index].found[shared] == nil {
                groups[index].found[shared] = Dictionary(grouping: groups[index].candidates) {
                    $0.membership.restricted(to: shared)
                }
            }
            return groups[index].found[shared]?[membership.restricted(to: shared)] ?? []
        }
    }
}
