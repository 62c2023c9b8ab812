import JSON
import JSONata
import Synchronization

/// A text in `{% %}`: an expression of JSONata, compiled once.
struct JSONataExpression: Sendable, Expression {
    /// As it stands between the marks.
    let text: String
    /// The field's place within its state: `Output/result`.
    let field: String
    /// The workflow variables that it may refer to.
    let variables: [String]
    private let compiled: JSONata
    private let usesContext: Bool
    private let needsChance: Bool

    /// Whether a text is written as an expression.
    static func isExpression(_ text: String) -> Bool { text.hasPrefix("{%") && text.hasSuffix("%}") && text.count >= 4 }

    /// - Parameter marked: the text with its marks.
    /// - Throws: `JSONataError` where it is no expression.
    init(_ marked: String, field: String) throws(JSONataError) {
        let inner = marked.dropFirst(2).dropLast(2)
        let trimmed = inner.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed()
        text = String(trimmed)
        self.field = field
        compiled = try JSONata(text)
        variables = JSONataNames.variables(in: text)
        usesContext = text.contains("context") || text.contains("$states[") || JSONataNames.hasBareStates(text)
        needsChance = text.contains("$uuid") || text.contains("$random")
    }

    func evaluate(in scope: inout Scope) throws(ExpressionFailure) -> JSON {
        var bindings = scope.variables
        bindings["states"] = states(scope)
        let outcome: JSONata.Outcome
        do {
            outcome = try evaluate(bindings, &scope)
        } catch {
            throw failure("threw an error during evaluation. \(error)")
        }
        switch outcome {
        case .value(let value): return value
        case .undefined: throw failure("returned nothing (undefined).")
        case .function: throw failure("returned an unsupported result type.")
        }
    }

    private func evaluate(_ bindings: [String: JSON], _ scope: inout Scope) throws(JSONataError) -> JSONata.Outcome {
        guard needsChance else {
            let environment = JSONataEnvironment(library: StepFunctionsLibrary.plain, milliseconds: Int64(scope.now))
            return try compiled.evaluate(nil, bindings: bindings, environment: environment)
        }
        let chance = Chance(scope.random)
        defer { scope.random = chance.generator }
        let environment = JSONataEnvironment(
            library: try StepFunctionsLibrary.library(chance),
            milliseconds: Int64(scope.now),
            random: { chance.fraction() }
        )
        return try compiled.evaluate(nil, bindings: bindings, environment: environment)
    }

    /// `$states`.
    private func states(_ scope: Scope) -> JSON {
        var states: JSON.Object = ["input": scope.raw]
        if usesContext { states["context"] = scope.context.json }
        if let result = scope.result { states["result"] = result }
        if let error = scope.errorOutput { states["errorOutput"] = error }
        return .object(states)
    }

    // MARK: Results of one type

    func boolean(in scope: inout Scope) throws(ExpressionFailure) -> Bool {
        let value = try evaluate(in: &scope)
        guard let boolean = value.boolValue else { throw unexpected(value, wanted: "boolean") }
        return boolean
    }

    func string(in scope: inout Scope) throws(ExpressionFailure) -> String {
        let value = try evaluate(in: &scope)
        guard let string = value.stringValue else { throw unexpected(value, wanted: "string") }
        return string
    }

    func number(in scope: inout Scope) throws(ExpressionFailure) -> Double {
        let value = try evaluate(in: &scope)
        guard let number = value.doubleValue else { throw unexpected(value, wanted: "number") }
        return number
    }

    func integer(in scope: inout Scope) throws(ExpressionFailure) -> Int {
        let value = try evaluate(in: &scope)
        guard let integer = value.intValue else { throw unexpected(value, wanted: "integer") }
        return integer
    }

    func array(in scope: inout Scope) throws(ExpressionFailure) -> [JSON] {
        let value = try evaluate(in: &scope)
        guard let array = value.arrayValue else { throw unexpected(value, wanted: "array") }
        return array
    }

    func unexpected(_ value: JSON, wanted: String) -> ExpressionFailure {
        failure(
            "returned an unexpected result type. Expected '\(wanted)', but was '\(value.typeName)' for value: "
                + value.serialized()
        )
    }

    private func failure(_ message: String) -> ExpressionFailure {
        var failure = ExpressionFailure(
            "The JSONata expression '\(text)' specified for the field '\(field)' \(message)",
            error: StatesError.queryEvaluationError
        )
        failure.location = field
        return failure
    }
}

extension JSON {
    /// JSONata's name of the value's type.
    fileprivate var typeName: String {
        switch self {
        case .null: "null"
        case .bool: "boolean"
        case .integer, .double: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }
}

/// The execution's chance, lent to one evaluation.
final class Chance: Sendable {
    private let state: Mutex<SeededGenerator>

    init(_ generator: SeededGenerator) { state = Mutex(generator) }

    var generator: SeededGenerator { state.withLock { $0 } }

    /// From 0 up to, not including, 1.
    func fraction() -> Double { state.withLock { Double.random(in: 0..<1, using: &$0) } }

    func uuid() -> String { state.withLock { IntrinsicFunction.uuid(&$0) } }
}

/// Finds names in an expression without taking it apart wholly: texts, comments and functions' names are passed over.
enum JSONataNames {
    /// The variables that are neither bound by the expression itself nor functions that it calls.
    static func variables(in text: String) -> [String] {
        var found: [String] = []
        var bound: Set<String> = ["states"]
        scan(text) { name, rest in
            let following = rest.drop { $0.isWhitespace }
            if following.hasPrefix(":=") { bound.insert(name) }
            if !following.hasPrefix("("), !name.isEmpty, !found.contains(name) { found.append(name) }
        }
        return found.filter { !bound.contains($0) }
    }

    /// Whether `$states` is used as a whole.
    static func hasBareStates(_ text: String) -> Bool {
        var isBare = false
        scan(text) { name, rest in
            if name == "states", !rest.drop(while: { $0.isWhitespace }).hasPrefix(".") { isBare = true }
        }
        return isBare
    }

    private static func scan(_ text: String, _ body: (String, Substring) -> Void) {
        var rest = text[...]
        while let character = rest.first {
            rest.removeFirst()
            switch character {
            case "\"", "'", "`":
                while let inner = rest.popFirst(), inner != character {
                    if inner == "\\" { _ = rest.popFirst() }
                }
            case "$":
                let name = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
                rest = rest[name.endIndex...]
                body(String(name), rest)
            default: break
            }
        }
    }
}
