import JSON

/// The type of a member of a request or an answer, with its constraints and its form on the wire.
final class Shape: Sendable {
    enum Kind: String, Sendable {
        case structure, list, map, string, blob, boolean, integer, long, float, double, timestamp
    }

    let kind: Kind
    /// Structures only: the element's name where this is a document's root.
    let name: String
    /// Structures only, in the model's order.
    let members: [Member]
    /// Structures only: places in `members` by AWS's name.
    let memberIndex: [String: Int]
    /// Structures only: the members that must be given.
    let required: [Member]
    /// Structures only: the member that is the HTTP payload.
    let payload: Member?
    /// Structures only: exactly one member may be set.
    let isUnion: Bool
    /// Lists only.
    let element: Member?
    /// Maps only.
    let key: Member?
    /// Maps only.
    let value: Member?
    /// Lists and maps whose elements stand in the parent without one of their own around them.
    let isFlattened: Bool
    /// The least length, count or value.
    let minimum: Double?
    /// The greatest length, count or value.
    let maximum: Double?
    let pattern: Pattern?
    let enumeration: Enumeration?
    let timestampFormat: TimestampFormat?
    let namespace: XMLNamespace?
    /// Structures only: whether a member stands outside the document, in the URI or a header.
    let hasBoundMembers: Bool

    /// Reads a shape as `Tools/models/derive.py` writes it.
    init(_ facts: JSON) {
        kind = facts["type"]?.stringValue.flatMap(Kind.init) ?? .string
        name = facts["name"]?.stringValue ?? ""
        let members = (facts["members"]?.objectValue ?? [:]).map { Member($0.key, $0.value) }
        let memberIndex = Dictionary(uniqueKeysWithValues: members.enumerated().map { ($1.name, $0) })
        self.members = members
        self.memberIndex = memberIndex
        required = facts.strings("required").compactMap { memberIndex[$0].map { members[$0] } }
        payload = facts["payload"]?.stringValue.flatMap { memberIndex[$0] }.map { members[$0] }
        isUnion = facts["union"]?.boolValue ?? false
        element = facts["member"].map { Member("", $0) }
        key = facts["key"].map { Member("", $0) }
        value = facts["value"].map { Member("", $0) }
        isFlattened = facts["flattened"]?.boolValue ?? false
        minimum = facts["min"]?.doubleValue
        maximum = facts["max"]?.doubleValue
        pattern = facts["pattern"]?.stringValue.map(Pattern.init)
        enumeration = facts["enum"].map { _ in Enumeration(facts.strings("enum")) }
        timestampFormat = facts["format"]?.stringValue.flatMap(TimestampFormat.init)
        namespace = XMLNamespace(facts["namespace"])
        hasBoundMembers = members.contains { $0.location != .document }
    }

    func member(_ name: String) -> Member? { memberIndex[name].map { members[$0] } }
}

/// A use of a shape: a structure's member, a list's element, a map's key or value.
final class Member: Sendable {
    enum Location: String, Sendable {
        /// In the document that is the body.
        case document
        case uri, query, header, headers, status
    }

    /// AWS's name for it; empty for elements.
    let name: String
    /// The place of its shape in the table.
    let shape: Int
    let location: Location
    /// Its name on the wire, where that differs.
    let locationName: String?
    let isFlattened: Bool
    let isAttribute: Bool
    let isIdempotencyToken: Bool
    let namespace: XMLNamespace?
    let timestampFormat: TimestampFormat?

    var wireName: String { locationName ?? name }

    /// Reads a reference as `Tools/models/derive.py` writes it: a place, or an object with traits.
    init(_ name: String, _ facts: JSON) {
        self.name = name
        shape = facts.intValue ?? facts["shape"]?.intValue ?? 0
        location = facts["in"]?.stringValue.flatMap(Location.init) ?? .document
        locationName = facts["as"]?.stringValue
        isFlattened = facts["flattened"]?.boolValue ?? false
        isAttribute = facts["xmlAttribute"]?.boolValue ?? false
        isIdempotencyToken = facts["idempotencyToken"]?.boolValue ?? false
        timestampFormat = facts["format"]?.stringValue.flatMap(TimestampFormat.init)
        namespace = XMLNamespace(facts["namespace"])
    }
}

struct XMLNamespace: Sendable {
    var uri: String
    var prefix: String?

    /// `"uri"` or `["uri", "prefix"]`.
    init?(_ facts: JSON?) {
        guard let uri = facts?.stringValue ?? facts?[0]?.stringValue else { return nil }
        self.uri = uri
        prefix = facts?[1]?.stringValue
    }
}

/// How a moment is written.
enum TimestampFormat: String, Sendable {
    case iso8601, unixTimestamp, rfc822
}

/// The values that a string may have.
struct Enumeration: Sendable {
    /// In the model's order, as AWS lists them in its message.
    var values: [String]
    private let set: Set<String>

    init(_ values: [String]) {
        self.values = values
        set = Set(values)
    }

    func contains(_ value: String) -> Bool { set.contains(value) }
}

/// The shapes of a service. They refer to each other by place, since they may be recursive.
final class ShapeTable: Sendable {
    private let shapes: [Shape]

    init(_ shapes: [Shape]) { self.shapes = shapes }

    subscript(place: Int) -> Shape { shapes[place] }

    subscript(member: Member) -> Shape { shapes[member.shape] }
}

extension JSON {
    func strings(_ key: String) -> [String] { self[key]?.arrayValue?.compactMap(\.stringValue) ?? [] }
}
