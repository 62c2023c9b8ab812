import JSON

extension StateMachine {
    /// STANDARD and EXPRESS machines differ in which tasks they may hold.
    public enum Kind: String, Sendable {
        case standard = "STANDARD"
        case express = "EXPRESS"
    }

    /// Parses a definition.
    /// - Throws: `InvalidDefinition` with all that is wrong with it.
    public init(parsing text: String, kind: Kind = .standard) throws(InvalidDefinition) {
        let root: JSON
        do {
            root = try JSON(parsing: text)
        } catch {
            throw InvalidDefinition(diagnostics: [Self.diagnostic(notJSON: text, error)])
        }
        guard case .object(let object) = root else {
            throw InvalidDefinition(diagnostics: [
                Diagnostic("SCHEMA_VALIDATION_FAILED", "Definition must be a valid JSON object", at: nil)
            ])
        }
        var parser = DefinitionParser(kind: kind)
        let machine = parser.parseMachine(object)
        guard let machine, parser.diagnostics.isEmpty else {
            if let reason = parser.refusal {
                throw InvalidDefinition(refused: reason, diagnostics: parser.diagnostics, definition: text)
            }
            throw InvalidDefinition(diagnostics: parser.diagnostics)
        }
        self = machine
    }

    /// The processor of the distributed Map state of that name, as a machine: what the state's child executions run.
    public func processor(ofMap name: String) -> StateMachine? {
        graph.distributedProcessor(name).map { StateMachine(graph: $0) }
    }

    /// In the words of the JSON parser that AWS uses, as far as the failure is one of its plain ones.
    private static func diagnostic(notJSON text: String, _ error: JSONParsingError) -> Diagnostic {
        let token = text.drop { $0.isWhitespace }.prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "$" }
        guard text.contains(where: { !$0.isWhitespace }) else {
            return Diagnostic("SCHEMA_VALIDATION_FAILED", "Definition must be a valid JSON object", at: nil)
        }
        if let first = token.first, first.isLetter {
            let column = text.distance(from: text.startIndex, to: token.endIndex) + 1
            let place = "[Source: (String)\"\(text)\"; line: 1, column: \(column)]"
            let message =
                "Unrecognized token '\(token)': was expecting (JSON String, Number, Array, Object or token 'null', "
                + "'true' or 'false')\n at \(place)"
            return Diagnostic("INVALID_JSON_DESCRIPTION", message, at: place)
        }
        let place = "[Source: (String); line: \(error.line), column: \(error.column)]"
        return Diagnostic("INVALID_JSON_DESCRIPTION", "\(error.message)\n at \(place)", at: place)
    }
}

extension StateGraph {
    fileprivate func distributedProcessor(_ name: String) -> StateGraph? {
        for state in states {
            var inner: [StateGraph] = []
            switch state.kind {
            case .map(let definition):
                if state.name == name, definition.distributed != nil { return definition.processor }
                inner = [definition.processor]
            case .parallel(let graphs): inner = graphs
            default: continue
            }
            for graph in inner {
                if let found = graph.distributedProcessor(name) { return found }
            }
        }
        return nil
    }
}
