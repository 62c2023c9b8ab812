import JSON
import JSONata

extension DefinitionParser {
    // MARK: Data flow

    mutating func parseJSONataFlow(_ object: JSON.Object, at location: String) -> JSONataFlow {
        JSONataFlow(
            arguments: object["Arguments"].map { parseTemplate($0, at: "\(location)/Arguments") },
            output: object["Output"].map { parseTemplate($0, at: "\(location)/Output") },
            assign: parseAssign(object["Assign"], at: "\(location)/Assign")
        )
    }

    /// A value in which texts in `{% %}` are computed.
    /// - Parameter field: its place within the state.
    mutating func parseJSONataTemplate(_ value: JSON, field: String, at location: String) -> PayloadTemplate {
        switch value {
        case .string:
            return parseExpression(value, field: field, at: location).map(PayloadTemplate.expression)
                ?? .constant(value)
        case .object(let members):
            var parsed: [PayloadTemplate.Member] = []
            var isConstant = true
            for (name, member) in members {
                let template = parseJSONataTemplate(member, field: "\(field)/\(name)", at: "\(location)/\(name)")
                if case .constant = template {} else { isConstant = false }
                parsed.append(PayloadTemplate.Member(name: name, value: .template(template)))
            }
            return isConstant ? .constant(value) : .object(parsed)
        case .array(let elements):
            var parsed: [PayloadTemplate] = []
            var isConstant = true
            for (index, element) in elements.enumerated() {
                let template = parseJSONataTemplate(
                    element,
                    field: "\(field)[\(index)]",
                    at: "\(location)[\(index)]"
                )
                if case .constant = template {} else { isConstant = false }
                parsed.append(template)
            }
            return isConstant ? .constant(value) : .array(parsed)
        default: return .constant(value)
        }
    }

    /// The expression that a field's value is; nil where it is a plain value.
    mutating func parseExpression(_ value: JSON?, field: String, at location: String) -> JSONataExpression? {
        guard isJSONata, let text = value?.stringValue, JSONataExpression.isExpression(text) else { return nil }
        do {
            let expression = try JSONataExpression(text, field: field)
            refer(to: expression.variables)
            return expression
        } catch {
            fail("The JSONata expression is not valid: \(error)", at: location)
            return nil
        }
    }

    // MARK: Choice

    mutating func parseCondition(_ object: JSON.Object, _ index: Int, at location: String) -> (any Condition)? {
        checkFields(object, ["Condition", "Next", "Assign", "Output", "Comment"], at: location)
        let place = "\(location)/Condition"
        guard let value = object["Condition"] else {
            fail("These fields are required: [Condition]", at: location)
            return nil
        }
        if let constant = value.boolValue { return JSONataCondition.constant(constant) }
        let field = "Choices[\(index)]/Condition"
        if let expression = parseExpression(value, field: field, at: place) {
            return JSONataCondition.expression(expression)
        }
        fail("Expected a boolean or a JSONata expression", at: place)
        return nil
    }
}
