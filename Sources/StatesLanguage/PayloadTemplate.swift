import JSON
import JSONPath

/// A JSON value in which members named `x.$` are computed (`Parameters`, `ResultSelector`, `ItemSelector`, `Assign`).
indirect enum PayloadTemplate: Sendable {
    case constant(JSON)
    case object([Member])
    case array([PayloadTemplate])
    /// A text in `{% %}`.
    case expression(JSONataExpression)

    struct Member: Sendable {
        var name: String
        var value: Value
    }

    enum Value: Sendable {
        case template(PayloadTemplate)
        /// The member's value is this expression's; `text` is how it was written.
        case computed(any Expression, text: String)
    }

    func evaluate(in scope: inout Scope) throws(ExpressionFailure) -> JSON {
        switch self {
        case .constant(let value): return value
        case .expression(let expression): return try expression.evaluate(in: &scope)
        case .array(let elements):
            var values: [JSON] = []
            for element in elements { values.append(try element.evaluate(in: &scope)) }
            return .array(values)
        case .object(let members):
            var object = JSON.Object()
            for member in members { object[member.name] = try member.evaluate(in: &scope) }
            return .object(object)
        }
    }
}

extension PayloadTemplate.Member {
    fileprivate func evaluate(in scope: inout Scope) throws(ExpressionFailure) -> JSON {
        switch value {
        case .template(let template): return try template.evaluate(in: &scope)
        case .computed(let expression, let text):
            return try expression.evaluate(in: &scope, text: text, field: "\(name).$")
        }
    }
}

extension Expression {
    /// The value, or a failure that names the field and the input as AWS does.
    func evaluate(in scope: inout Scope, text: String, field: String) throws(ExpressionFailure) -> JSON {
        guard let path = self as? JSONPath else { return try evaluate(in: &scope) }
        do {
            return try path.value(in: scope, document: scope.input)
        } catch {
            if case .variable(let name) = path.root, scope.variables[name] == nil {
                throw ExpressionFailure("Variable '\(name)' referenced by the field '\(field)' is not assigned")
            }
            let searched = path.root == .context ? scope.context.json : scope.input
            throw ExpressionFailure(
                "The JSONPath '\(text)' specified for the field '\(field)' could not be found in the input '\(searched)'"
            )
        }
    }
}
