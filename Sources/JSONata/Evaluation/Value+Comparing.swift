internal import JSON

extension Value {
    /// Deep equality; what is not there equals nothing.
    static func areEqual(_ left: Value, _ right: Value) -> Bool {
        switch (left, right) {
        case (.null, .null): return true
        case (.bool(let a), .bool(let b)): return a == b
        case (.number(let a), .number(let b)): return a == b
        case (.string(let a), .string(let b)): return areSame(a, b)
        case (.array(let a), .array(let b)):
            return a.count == b.count && (0..<a.count).allSatisfy { areEqual(a[$0], b[$0]) }
        case (.record(let a), .record(let b)): return a == b
        case (.function(let a), .function(let b)): return a === b
        case (.undefined, .undefined): return true
        default:
            guard let keys = left.keys, let others = right.keys, keys.count == others.count else { return false }
            return keys.allSatisfy { key in
                guard let a = left.member(key), let b = right.member(key) else { return false }
                return areEqual(a, b)
            }
        }
    }

    /// The same scalars: Swift's `==` also takes equivalent spellings of a character for the same.
    static func areSame(_ left: String, _ right: String) -> Bool {
        left == right && left.utf8.elementsEqual(right.utf8)
    }

    /// In the order of UTF-16 units, as JavaScript compares.
    static func precedes(_ left: String, _ right: String) -> Bool {
        var others = right.utf8.makeIterator()
        for a in left.utf8 {
            guard let b = others.next() else { return false }
            guard a != b else { continue }
            if a >= 0xEE, b >= 0xEE, (a >= 0xF0) != (b >= 0xF0) { return b < a }
            return a < b
        }
        return others.next() != nil
    }

    /// The names of an object's members; nil for anything else.
    var keys: [String]? {
        switch self {
        case .record(let members): members.keys
        case .object(let members): members.entries.map(\.key)
        default: nil
        }
    }

    /// An object's member.
    func member(_ key: String) -> Value? {
        switch self {
        case .record(let members): members[key].map { Value($0) }
        case .object(let members): members[key]
        default: nil
        }
    }

    /// An object's members; none for anything else.
    var entries: [(key: String, value: Value)] {
        switch self {
        case .record(let members): members.map { ($0.key, Value($0.value)) }
        case .object(let members): members.entries
        default: []
        }
    }

    /// Whether it counts as true; a number must be finite.
    func isTruthy() throws(JSONataError) -> Bool {
        switch self {
        case .undefined, .null, .function, .tuples: return false
        case .bool(let value): return value
        case .string(let value): return !value.isEmpty
        case .number: return try finiteNumber() ?? 0 != 0
        case .record(let members): return !members.isEmpty
        case .object(let members): return !members.entries.isEmpty
        case .array(let list):
            for index in 0..<list.count where try list[index].isTruthy() { return true }
            return false
        }
    }

    /// The number, if it is one.
    /// - Throws: D1001 where it is infinite.
    func finiteNumber() throws(JSONataError) -> Double? {
        guard case .number(let value) = self, !value.isNaN else { return nil }
        guard value.isFinite else { throw JSONataError("D1001", value: "null") }
        return value
    }

    /// For error messages.
    var described: String {
        isUndefined
            ? "undefined"
            : (try? Text.string(self)).map { text in
                if case .string = self { Text.quoted(text) } else { text }
            } ?? "null"
    }
}
