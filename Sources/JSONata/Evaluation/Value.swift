internal import JSON

/// A value during an evaluation: JSON, or one of the things that exist only then.
enum Value {
    /// Nothing; not the same as `null`.
    case undefined
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array(List)
    /// An object of the input, as it came.
    case record(JSON.Object)
    /// An object that the expression made.
    case object(Members)
    case function(Function)
    /// What a path with bindings hands to the path around it.
    case tuples([Tuple])

    static var emptyString: Value { .string("") }

    init(_ json: JSON) {
        switch json {
        case .null: self = .null
        case .bool(let value): self = .bool(value)
        case .integer(let value): self = .number(Double(value))
        case .double(let value): self = .number(value)
        case .string(let value): self = .string(value)
        case .array(let elements): self = .array(List(.json(elements)))
        case .object(let members): self = .record(members)
        }
    }

    static func list(_ elements: [Value]) -> Value { .array(List(.values(elements))) }

    static func sequence(_ elements: [Value]) -> Value { .array(List(.values(elements), .sequence)) }

    var isUndefined: Bool { if case .undefined = self { true } else { false } }

    var isArray: Bool { if case .array = self { true } else { false } }

    /// This array's elements, or this alone.
    var asList: List { if case .array(let list) = self { list } else { List(.values([self])) } }
}

/// An array, and how it came about.
struct List {
    enum Elements {
        case values([Value])
        /// Of the input, as they came.
        case json([JSON])
        /// Consecutive integers.
        case range(Int, count: Int)
    }

    struct Flags: OptionSet {
        let rawValue: UInt8
        /// Results gathered by a path: one alone stands for itself, none is undefined.
        static let sequence = Flags(rawValue: 1)
        /// A sequence that stays an array when it has one element.
        static let keepsSingleton = Flags(rawValue: 2)
        /// Made by an array constructor in a path: one item, not to be flattened.
        static let cons = Flags(rawValue: 4)
        /// The input array, wrapped so that it is one context item.
        static let outerWrapper = Flags(rawValue: 8)
    }

    var elements: Elements
    var flags: Flags

    init(_ elements: Elements, _ flags: Flags = []) {
        self.elements = elements
        self.flags = flags
    }

    var count: Int {
        switch elements {
        case .values(let values): values.count
        case .json(let values): values.count
        case .range(_, let count): count
        }
    }

    var isEmpty: Bool { count == 0 }

    subscript(index: Int) -> Value {
        switch elements {
        case .values(let values): values[index]
        case .json(let values): Value(values[index])
        case .range(let first, _): .number(Double(first + index))
        }
    }

    /// All elements, evaluated.
    var values: [Value] {
        switch elements {
        case .values(let values): return values
        case .json(let values): return values.map { Value($0) }
        case .range(let first, let count): return (0..<count).map { .number(Double(first + $0)) }
        }
    }

    func appendElements(to output: inout [Value]) {
        switch elements {
        case .values(let values): output.append(contentsOf: values)
        case .json(let values): for value in values { output.append(Value(value)) }
        case .range(let first, let count): for index in 0..<count { output.append(.number(Double(first + index))) }
        }
    }

    var isSequence: Bool { flags.contains(.sequence) }
}

/// An object that an expression made: its members in the order in which they were set.
final class Members {
    private(set) var entries: [(key: String, value: Value)]
    private var places: [String: Int]?

    private static let indexedFrom = 12

    init() { entries = [] }

    init(unique entries: [(key: String, value: Value)]) { self.entries = entries }

    subscript(key: String) -> Value? {
        get { place(of: key).map { entries[$0].value } }
        set {
            if let place = place(of: key) {
                if let newValue { entries[place].value = newValue } else { remove(at: place) }
            } else if let newValue {
                places?[key] = entries.count
                entries.append((key, newValue))
            }
        }
    }

    private func place(of key: String) -> Int? {
        if entries.count < Self.indexedFrom { return entries.firstIndex { $0.key == key } }
        if let places { return places[key] }
        let fresh = Dictionary(entries.enumerated().map { ($1.key, $0) }, uniquingKeysWith: { first, _ in first })
        places = fresh
        return fresh[key]
    }

    private func remove(at place: Int) {
        entries.remove(at: place)
        places = nil
    }
}

/// An item of a path with the variables bound along the way.
struct Tuple {
    var context: Value
    var bindings: [Binding]

    mutating func bind(_ symbol: Symbol, _ value: Value) {
        if let place = bindings.firstIndex(where: { $0.symbol == symbol }) {
            bindings[place].value = value
        } else {
            bindings.append(Binding(symbol: symbol, value: value))
        }
    }
}

struct Binding {
    var symbol: Symbol
    var value: Value
}
