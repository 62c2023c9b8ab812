import JSON
import JSONPath

/// The data fields of a state in JSONPath mode.
struct JSONPathFlow: DataFlow {
    /// A path, or nothing at all (`null`: the empty object).
    enum Selection: Sendable {
        case whole
        case path(JSONPath)
        case nothing
    }

    var inputPath = Selection.whole
    var parameters: PayloadTemplate?
    var resultSelector: PayloadTemplate?
    var resultPath: ResultPath?
    var outputPath = Selection.whole
    var assign: PayloadTemplate?

    var isPlain: Bool {
        guard case .whole = inputPath, case .whole = outputPath else { return false }
        return parameters == nil && resultSelector == nil && resultPath == nil && assign == nil
    }

    func effectiveInput(_ raw: Document, _ scope: inout Scope) throws(ExpressionFailure) -> Document {
        try inputPath.select(from: raw, scope)
    }

    func arguments(_ effective: Document, _ scope: inout Scope) throws(ExpressionFailure) -> Document {
        guard let parameters else { return effective }
        return Document(try parameters.evaluate(in: &scope))
    }

    func selected(_ result: Document, _ scope: inout Scope) throws(ExpressionFailure) -> Document {
        guard let resultSelector else { return result }
        return Document(try resultSelector.evaluate(in: &scope))
    }

    func output(raw: Document, result: Document, _ scope: inout Scope) throws(ExpressionFailure) -> Document {
        try outputPath.select(from: try (resultPath ?? .whole).combine(raw: raw, result: result), scope)
    }

    func passedThrough(_ effective: Document, _ scope: inout Scope) throws(ExpressionFailure) -> Document {
        try outputPath.select(from: effective, scope)
    }

    func assignments(_ scope: inout Scope) throws(ExpressionFailure) -> [String: JSON] {
        guard let assign, case .object(let members) = try assign.evaluate(in: &scope) else { return [:] }
        return Dictionary(members.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
    }
}

extension JSONPathFlow.Selection {
    fileprivate func select(from document: Document, _ scope: Scope) throws(ExpressionFailure) -> Document {
        switch self {
        case .whole: return document
        case .nothing: return .emptyObject
        case .path(let path):
            if path.root == .document, path.isRoot { return document }
            do {
                return Document(try path.value(in: scope, document: document.value))
            } catch {
                throw ExpressionFailure("Invalid path '\(path.text)' : \(error.message)")
            }
        }
    }
}

extension ResultPath {
    static let whole = ResultPath.place(JSONPath.document)

    /// The raw input with the result put in its place.
    func combine(raw: Document, result: Document) throws(ExpressionFailure) -> Document {
        switch self {
        case .discard: return raw
        case .place(let path):
            if path.isRoot { return result }
            do {
                return Document(try path.setting(result.value, in: raw.value))
            } catch {
                throw ExpressionFailure(error.message, error: "States.ResultPathMatchFailure")
            }
        }
    }
}

extension JSONPath {
    /// `$`.
    static let document: JSONPath = {
        guard let path = try? JSONPath("$") else { preconditionFailure("'$' is a path") }
        return path
    }()

    /// The value of this path, whose root may be the document, the context object or a variable.
    func value(in scope: Scope, document: JSON) throws(JSONPathEvaluationError) -> JSON {
        switch root {
        case .document, .current: return try evaluate(document)
        case .context: return try evaluate(scope.context.json)
        case .variable(let name):
            guard let variable = scope.variables[name] else {
                throw JSONPathEvaluationError("Variable '\(name)' is not assigned")
            }
            return try evaluate(variable)
        }
    }
}

extension JSONPath: Expression {
    var variables: [String] { if case .variable(let name) = root { [name] } else { [] } }

    /// The path's value, `$` standing for the scope's input.
    func evaluate(in scope: inout Scope) throws(ExpressionFailure) -> JSON {
        do {
            return try value(in: scope, document: scope.input)
        } catch {
            throw ExpressionFailure("Invalid path '\(text)' : \(error.message)")
        }
    }
}
