import OrderedCollections

/// The members of a JSON object, in the order in which they were written.
///
/// Setting a member that is there keeps its place; a new one goes to the end.
public struct JSONObject: Sendable {
    private var members: OrderedDictionary<String, JSON>

    public init() { members = [:] }

    /// The members given; of two with one name the later wins.
    public init(_ members: some Sequence<(String, JSON)>) {
        self.members = OrderedDictionary(members, uniquingKeysWith: { $1 })
    }

    /// The members that have a value: the usual shape of an AWS answer with optional members.
    public static func compact(_ members: KeyValuePairs<String, JSON?>) -> JSONObject {
        var object = JSONObject()
        for (key, value) in members { if let value { object[key] = value } }
        return object
    }

    public subscript(key: String) -> JSON? {
        get { members[key] }
        _modify { yield &members[key] }
    }

    public subscript(key: String, default value: @autoclosure () -> JSON) -> JSON {
        get { members[key] ?? value() }
        _modify { yield &members[key, default: value()] }
    }

    public var keys: [String] { Array(members.keys) }

    public var values: [JSON] { Array(members.values) }

    @discardableResult
    public mutating func removeValue(forKey key: String) -> JSON? { members.removeValue(forKey: key) }

    /// Takes over the other's members; of two with one name the other's wins.
    public mutating func merge(_ other: JSONObject) {
        members.merge(other.members, uniquingKeysWith: { $1 })
    }

    /// This object with the other's members taken over.
    public func merging(_ other: JSONObject) -> JSONObject {
        var merged = self
        merged.merge(other)
        return merged
    }

    public func mapValues<Failure: Error>(_ transform: (JSON) throws(Failure) -> JSON) throws(Failure) -> JSONObject {
        var mapped = JSONObject()
        for (key, value) in members.elements { mapped[key] = try transform(value) }
        return mapped
    }
}

extension JSONObject: RandomAccessCollection {
    public var startIndex: Int { 0 }
    public var endIndex: Int { members.count }

    public subscript(position: Int) -> (key: String, value: JSON) {
        let element = members.elements[position]
        return (element.key, element.value)
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, JSON)...) { self.init(elements) }
}

extension JSONObject: Hashable {
    /// Equal by members, whatever their order.
    public static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.count == right.count && left.allSatisfy { right[$0.key] == $0.value }
    }

    public func hash(into hasher: inout Hasher) {
        var sum = 0
        for (key, value) in members.elements { sum ^= key.hashValue &+ value.hashValue &* 31 }
        hasher.combine(sum)
    }
}
