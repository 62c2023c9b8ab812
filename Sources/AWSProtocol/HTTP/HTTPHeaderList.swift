/// The headers of a request or an answer, in order; names are looked up without regard to case.
public struct HTTPHeaderList: Sendable, Equatable, ExpressibleByDictionaryLiteral {
    public struct Field: Sendable, Equatable {
        public var name: String
        public var value: String
    }

    public private(set) var fields: [Field] = []

    public init() {}

    public init(_ fields: some Sequence<(name: String, value: String)>) {
        self.fields = fields.map { Field(name: $0.name, value: $0.value) }
    }

    public init(dictionaryLiteral elements: (String, String)...) {
        fields = elements.map { Field(name: $0.0, value: $0.1) }
    }

    /// The first value under that name. Setting replaces all of them.
    public subscript(name: String) -> String? {
        get { fields.first { Self.isEqual($0.name, name) }?.value }
        set {
            guard let newValue else { return fields.removeAll { Self.isEqual($0.name, name) } }
            guard let place = fields.firstIndex(where: { Self.isEqual($0.name, name) }) else {
                return fields.append(Field(name: name, value: newValue))
            }
            fields[place].value = newValue
            if fields.dropFirst(place + 1).contains(where: { Self.isEqual($0.name, name) }) {
                let kept = fields[...place]
                fields = kept + fields.dropFirst(place + 1).filter { !Self.isEqual($0.name, name) }
            }
        }
    }

    /// All values under that name.
    public func values(_ name: String) -> [String] {
        fields.filter { Self.isEqual($0.name, name) }.map(\.value)
    }

    public func contains(_ name: String) -> Bool { fields.contains { Self.isEqual($0.name, name) } }

    /// Adds a field after the others, whether or not the name is there.
    public mutating func append(_ name: String, _ value: String) { fields.append(Field(name: name, value: value)) }

    /// Compares ASCII without regard to case.
    static func isEqual(_ left: String, _ right: String) -> Bool {
        // Names come in lower case and are looked up so, nearly always.
        if left == right { return true }
        let left = left.utf8
        let right = right.utf8
        guard left.count == right.count else { return false }
        for (a, b) in zip(left, right) where a != b {
            guard a ^ b == 0x20, (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(a | 0x20) else { return false }
        }
        return true
    }
}
