public import JSON

/// A compiled expression of the [JSONata](https://docs.jsonata.org) query and transformation language, version 2.0.
///
/// Compile once, evaluate as often as you like, from any thread:
///
/// ```swift
/// let total = try JSONata("$sum(orders.(price * quantity))")
/// let outcome = try total.evaluate(document)
/// ```
///
/// Evaluation does no I/O and knows no clock: time, random numbers and limits come from the `JSONataEnvironment`.
public struct JSONata: Sendable {
    /// What an evaluation came to.
    public enum Outcome: Hashable, Sendable {
        /// Nothing; not the same as `null`.
        case undefined
        case value(JSON)
        /// A function or something that contains one, which JSON cannot say.
        case function
    }

    /// The expression as it was written.
    public let text: String
    let root: Node
    let symbols: Symbols

    /// Compiles an expression.
    /// - Throws: `JSONataError` with a code `S…` and the place.
    public init(_ text: String) throws(JSONataError) {
        do {
            let compiled = try Self.compile(text, symbols: Symbols())
            self.text = text
            root = compiled.root
            symbols = compiled.symbols
        } catch {
            throw Self.placed(error, in: text)
        }
    }

    static func compile(_ text: String, symbols: Symbols) throws(JSONataError) -> (root: Node, symbols: Symbols) {
        var resolver = Resolver(symbols: symbols)
        let root = try resolver.resolve(program: try Parser.parse(text))
        return (root, resolver.symbols)
    }

    /// Evaluates the expression.
    /// - Parameters:
    ///   - input: The context item, `$` and `$$`; nil where there is none.
    ///   - bindings: Variables, by their names without `$`.
    ///   - environment: Functions, time, randomness and limits.
    /// - Throws: `JSONataError` with a code `T…`, `D…`, that of `$error` and `$assert`, or `U1001` for a limit.
    public func evaluate(
        _ input: JSON? = nil,
        bindings: [String: JSON] = [:],
        environment: JSONataEnvironment = JSONataEnvironment()
    ) throws(JSONataError) -> Outcome {
        let evaluator = Evaluator(program: self, bindings: bindings, environment: environment)
        let raw = input.map { Value($0) } ?? .undefined
        let frame = Frame(parent: nil, bindings: [Binding(symbol: Symbols.root, value: raw)])
        let context = raw.isArray ? .array(List(.values([raw]), [.sequence, .outerWrapper])) : raw
        do {
            let result = try evaluator.evaluate(root, context, frame)
            if result.isUndefined { return .undefined }
            return result.json(function: nil).map { .value($0) } ?? .function
        } catch {
            throw Self.placed(error, in: text)
        }
    }

    /// Places are bytes inside and UTF-16 units outside.
    private static func placed(_ error: JSONataError, in text: String) -> JSONataError {
        guard let position = error.position else { return error }
        var error = error
        let end = text.utf8.index(text.startIndex, offsetBy: position, limitedBy: text.endIndex) ?? text.endIndex
        error.position = text.utf16.distance(from: text.startIndex, to: end)
        return error
    }
}
