/// An expression as it is written: what the parser reads, before paths and ancestors are resolved.
final class Syntax {
    indirect enum Form {
        case name(String)
        case string(String)
        case number(Double)
        case bool(Bool)
        case null
        case variable(String)
        case regex(Regex)
        /// `and`, `or`, `in` standing where a name does.
        case word(String)
        /// The `?` of a partial application.
        case placeholder
        case wildcard
        case descendants
        case parent
        case end
        case binary(String, Syntax, Syntax)
        case negation(Syntax)
        case array([Syntax])
        case object([SyntaxPair])
        case group(Syntax, [SyntaxPair])
        case sort(Syntax, [SyntaxTerm])
        case call(Syntax, [Syntax])
        case partial(Syntax, [Syntax])
        case lambda([String], Signature?, Syntax)
        case condition(Syntax, Syntax, Syntax?)
        case block([Syntax])
        case transform(pattern: Syntax, update: Syntax, delete: Syntax?)
    }

    let form: Form
    /// The byte at which it starts, or at which its operator stands.
    let position: Int
    /// Followed by `[]`: its result stays an array.
    var keepsArray = false

    init(_ form: Form, _ position: Int) {
        self.form = form
        self.position = position
    }
}

struct SyntaxPair {
    var key: Syntax
    var value: Syntax
}

struct SyntaxTerm {
    var expression: Syntax
    var isDescending: Bool
}
