import JSON

/// The data fields of a state in JSONata mode.
struct JSONataFlow: DataFlow {
    var arguments: PayloadTemplate?
    var output: PayloadTemplate?
    var assign: PayloadTemplate?

    var isPlain: Bool { arguments == nil && output == nil && assign == nil }

    func effectiveInput(_ raw: Document, _ scope: inout Scope) -> Document { raw }

    func arguments(_ effective: Document, _ scope: inout Scope) throws(ExpressionFailure) -> Document {
        guard let arguments else { return effective }
        return Document(try arguments.evaluate(in: &scope))
    }

    func selected(_ result: Document, _ scope: inout Scope) -> Document {
        scope.result = result.value
        return result
    }

    func output(raw: Document, result: Document, _ scope: inout Scope) throws(ExpressionFailure) -> Document {
        guard let output else { return result }
        return Document(try output.evaluate(in: &scope))
    }

    func passedThrough(_ effective: Document, _ scope: inout Scope) throws(ExpressionFailure) -> Document {
        try output(raw: effective, result: effective, &scope)
    }

    func chosen(_ effective: Document, _ scope: inout Scope) -> Document { effective }

    func assignments(_ scope: inout Scope) throws(ExpressionFailure) -> [String: JSON] {
        guard let assign, case .object(let members) = try assign.evaluate(in: &scope) else { return [:] }
        return Dictionary(members: members)
    }
}

/// The condition of a choice in JSONata mode.
enum JSONataCondition: Condition {
    case constant(Bool)
    case expression(JSONataExpression)

    func holds(in scope: inout Scope) throws(ExpressionFailure) -> Bool {
        switch self {
        case .constant(let value): value
        case .expression(let expression): try expression.boolean(in: &scope)
        }
    }
}
