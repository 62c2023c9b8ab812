import JSON
import JSONPath

extension DefinitionParser {
    // MARK: Data flow

    /// - Parameter isMap: whether `Parameters` shapes each item rather than the state's input.
    mutating func parseFlow(_ object: JSON.Object, isMap: Bool, at location: String) -> any DataFlow {
        if isJSONata { return parseJSONataFlow(object, at: location) }
        return JSONPathFlow(
            inputPath: parseSelection(object["InputPath"], at: "\(location)/InputPath"),
            parameters: isMap ? nil : object["Parameters"].map { parseTemplate($0, at: "\(location)/Parameters") },
            resultSelector: object["ResultSelector"].map { parseTemplate($0, at: "\(location)/ResultSelector") },
            resultPath: parseResultPath(object["ResultPath"], at: "\(location)/ResultPath"),
            outputPath: parseSelection(object["OutputPath"], at: "\(location)/OutputPath"),
            assign: parseAssign(object["Assign"], at: "\(location)/Assign")
        )
    }

    private mutating func parseSelection(_ value: JSON?, at location: String) -> JSONPathFlow.Selection {
        guard let value else { return .whole }
        if value.isNull { return .nothing }
        return parsePath(value, at: location).map(JSONPathFlow.Selection.path) ?? .whole
    }

    mutating func parseResultPath(_ value: JSON?, at location: String) -> ResultPath? {
        guard let value else { return nil }
        if value.isNull { return .discard }
        guard let path = parsePath(value, at: location) else { return nil }
        guard path.isReferencePath, path.root == .document else {
            fail("Value is not a Reference Path", at: location)
            return nil
        }
        return .place(path)
    }

    mutating func parseAssign(_ value: JSON?, at location: String) -> PayloadTemplate? {
        guard let value else { return nil }
        usesRecentLanguage = true
        guard case .object(let members) = value else {
            fail("Expected an object of variables", at: location)
            return nil
        }
        if members["states"] != nil || members["states.$"] != nil {
            fail("'states' is a reserved variable name", at: location)
        }
        return parseTemplate(value, at: location)
    }

    mutating func parsePath(_ value: JSON, at location: String) -> JSONPath? {
        guard let text = value.stringValue else {
            fail("Expected a JSONPath", at: location)
            return nil
        }
        do {
            let path = try JSONPath(text)
            refer(to: path.variables)
            return path
        } catch {
            fail("Value is not a valid JSONPath: \(error)", at: location)
            return nil
        }
    }

    // MARK: Templates and expressions

    mutating func parseTemplate(_ value: JSON, at location: String) -> PayloadTemplate {
        if isJSONata { return parseJSONataTemplate(value, field: place(at: location), at: location) }
        switch value {
        case .object(let members):
            var parsed: [PayloadTemplate.Member] = []
            for (name, value) in members {
                guard name.hasSuffix(".$") else {
                    let template = parseTemplate(value, at: location)
                    parsed.append(PayloadTemplate.Member(name: name, value: .template(template)))
                    continue
                }
                guard let text = value.stringValue, let expression = parseExpression(text) else {
                    fail(
                        "The value for the field '\(name)' must be a valid JSONPath or a valid intrinsic function call"
                            + explanation(value),
                        at: location
                    )
                    continue
                }
                refer(to: expression.variables)
                parsed.append(
                    PayloadTemplate.Member(name: String(name.dropLast(2)), value: .computed(expression, text: text))
                )
            }
            return parsed.allSatisfy(\.isConstant) ? .constant(value) : .object(parsed)
        case .array(let elements):
            var parsed: [PayloadTemplate] = []
            for element in elements { parsed.append(parseTemplate(element, at: location)) }
            return parsed.allSatisfy(\.isConstant) ? .constant(value) : .array(parsed)
        default: return .constant(value)
        }
    }

    private func parseExpression(_ text: String) -> (any Expression)? {
        if text.hasPrefix("$") { return try? JSONPath(text) }
        var parser = IntrinsicParser(text)
        return try? parser.parseWhole()
    }

    /// The reason, where it says more than AWS's sentence.
    private func explanation(_ value: JSON) -> String {
        guard let text = value.stringValue, text.hasPrefix("States.") else { return "" }
        var parser = IntrinsicParser(text)
        do {
            _ = try parser.parseWhole()
            return ""
        } catch {
            return " (\(error.message))"
        }
    }

    /// A text field and its counterpart that ends in `Path`.
    mutating func parseText(_ object: JSON.Object, _ field: String, at location: String) -> TextField? {
        if let value = object[field] {
            guard let text = value.stringValue else {
                fail("Expected a string", at: "\(location)/\(field)")
                return nil
            }
            if let expression = parseExpression(value, field: field, at: "\(location)/\(field)") {
                return .expression(expression)
            }
            return .literal(text)
        }
        guard let text = object["\(field)Path"]?.stringValue else { return nil }
        guard let expression = parseExpression(text) else {
            fail("Value is not a valid JSONPath or intrinsic function call", at: "\(location)/\(field)Path")
            return nil
        }
        refer(to: expression.variables)
        return .computed(expression, text: text, field: "\(field)Path")
    }

    // MARK: Numbers

    mutating func parseSeconds(_ object: JSON.Object, _ field: String, at location: String) -> SecondsField? {
        if let value = object["\(field)Path"] {
            return parsePath(value, at: "\(location)/\(field)Path").map { .path($0, field: "\(field)Path") }
        }
        guard let value = object[field] else { return nil }
        if let expression = parseExpression(value, field: field, at: "\(location)/\(field)") {
            return .expression(expression)
        }
        let lowest = field == "MaxConcurrency" ? 0 : 1
        guard let number = value.intValue, (lowest...99_999_999).contains(number) else {
            fail("Expected an integer between \(lowest) and 99999999", at: "\(location)/\(field)")
            return nil
        }
        return .literal(number)
    }

    mutating func parsePositiveInteger(_ value: JSON?, at location: String) -> Int? {
        guard let value else { return nil }
        guard let number = value.intValue, (1...99_999_999).contains(number) else {
            fail("Expected an integer between 1 and 99999999", at: location)
            return nil
        }
        return number
    }
}

extension PayloadTemplate {
    fileprivate var isConstant: Bool { if case .constant = self { true } else { false } }
}

extension PayloadTemplate.Member {
    fileprivate var isConstant: Bool { if case .template(.constant) = value { true } else { false } }
}
