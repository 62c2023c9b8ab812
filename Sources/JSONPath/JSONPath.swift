import JSON

/// A compiled JSONPath, in the dialect of Amazon States Language (Jayway's, with `$$` and `$variable` as further roots).
///
///     let path = try JSONPath("$.items[?(@.price < 10)].name")
///     let names = try path.evaluate(document)
///
/// A path is compiled once and can be evaluated on any number of documents.
/// See <https://docs.aws.amazon.com/step-functions/latest/dg/amazon-states-language-paths.html>.
public struct JSONPath: Sendable, Hashable {
    /// What the path starts from.
    public enum Root: Sendable, Hashable {
        /// `$`: the document.
        case document
        /// `$$`: the context object.
        case context
        /// `$name`: a variable.
        case variable(String)
        /// `@`: the element that a filter looks at.
        case current
    }

    /// The path as it was written.
    public let text: String
    public let root: Root
    let segments: [Segment]
    let function: Function?

    /// Compiles a path.
    /// - Throws: `JSONPathSyntaxError` with the place where the text is no path.
    public init(_ text: String) throws(JSONPathSyntaxError) {
        var parser = JSONPathParser(text)
        self = try parser.parseWhole()
    }

    init(text: String, root: Root, segments: [Segment], function: Function?) {
        self.text = text
        self.root = root
        self.segments = segments
        self.function = function
    }

    /// Whether the path names at most one place. An indefinite path evaluates to the array of its matches.
    public var isDefinite: Bool { segments.allSatisfy(\.isDefinite) }

    /// Whether the path can name a place to write to: member names and indices only.
    public var isReferencePath: Bool {
        function == nil && segments.allSatisfy { $0.isDefinite }
    }

    /// Whether the path is the root alone.
    public var isRoot: Bool { segments.isEmpty && function == nil }
}

extension JSONPath {
    /// One step of a path.
    enum Segment: Sendable, Hashable {
        case member(String)
        case members([String])
        case index(Int)
        case indices([Int])
        case slice(Int?, Int?)
        case wildcard
        case filter(Filter)
        /// `..`: what follows is tried on the value and on everything inside it.
        indirect case descendants(Segment)

        var isDefinite: Bool {
            switch self {
            case .member, .index: true
            default: false
            }
        }
    }

    /// A function at a path's end: `$.items.length()`.
    struct Function: Sendable, Hashable {
        enum Name: String, Sendable {
            case length, size, min, max, avg, stddev, sum, keys, first, last, index, concat, append
        }

        var name: Name
        var arguments: [Operand]
    }

    /// What a filter compares, or what a function is given.
    indirect enum Operand: Sendable, Hashable {
        case literal(JSON)
        case path(JSONPath)
        case pattern(RegularExpression)
    }

    /// `/pattern/flags`.
    struct RegularExpression: Sendable, Hashable {
        var pattern: String
        var ignoresCase: Bool
    }

    /// The condition inside `[?( )]`.
    indirect enum Filter: Sendable, Hashable {
        case and(Filter, Filter)
        case or(Filter, Filter)
        case not(Filter)
        case exists(JSONPath)
        case comparison(Operand, Comparison, Operand)
    }

    enum Comparison: String, Sendable, CaseIterable {
        case equal = "=="
        case notEqual = "!="
        case lessOrEqual = "<="
        case greaterOrEqual = ">="
        case less = "<"
        case greater = ">"
        case matches = "=~"
        case isIn = "in"
        case isNotIn = "nin"
        case subsetOf = "subsetof"
        case anyOf = "anyof"
        case noneOf = "noneof"
        case contains
        case size
        case empty
    }
}

extension JSONPath: CustomStringConvertible {
    public var description: String { text }
}

/// Why a text is no JSONPath, and where.
public struct JSONPathSyntaxError: Error, Hashable, Sendable, CustomStringConvertible {
    public var message: String
    /// Counted from 0, in UTF-8 bytes.
    public var offset: Int

    public init(message: String, offset: Int) {
        self.message = message
        self.offset = offset
    }

    public var description: String { "\(message) at position \(offset)" }
}

/// Why a path has no value in a document, in the words AWS uses: `No results for path: $['a']`.
public struct JSONPathEvaluationError: Error, Hashable, Sendable, CustomStringConvertible {
    public var message: String

    public init(_ message: String) { self.message = message }

    public var description: String { message }
}
