/// Reads an expression by operator precedence (Pratt's method), as the reference implementation does.
struct Parser {
    private var lexer: Lexer
    private var token: Token
    private var depth = 0

    private static let maximumDepth = 128
    /// How many operations may follow each other, each the left side of the next.
    private static let maximumLength = 1000

    private static let precedence: [String: Int] = [
        ".": 75, "[": 80, "{": 70, "(": 80, "@": 80, "#": 80, "?": 20, "+": 50, "-": 50, "*": 60, "/": 60, "%": 60,
        "=": 40, "<": 40, ">": 40, "^": 40, ":=": 10, "!=": 40, "<=": 40, ">=": 40, "~>": 40, "and": 30, "or": 25,
        "in": 40, "&": 50,
    ]

    private init(_ text: String) {
        lexer = Lexer(text)
        token = Token(kind: .end, position: 0)
    }

    static func parse(_ text: String) throws(JSONataError) -> Syntax {
        var parser = Parser(text)
        try parser.advance()
        let syntax = try parser.expression(0)
        if case .end = parser.token.kind { return syntax }
        throw JSONataError("S0201", position: parser.token.position, token: parser.token.text)
    }

    // MARK: Walking

    private mutating func advance(afterOperand: Bool = false) throws(JSONataError) {
        token = try lexer.next(afterOperand: afterOperand)
        if case .operator(let symbol) = token.kind, symbol == "!" || symbol == "~" {
            throw JSONataError("S0204", position: token.position, token: symbol)
        }
    }

    private mutating func expect(_ symbol: String, afterOperand: Bool = false) throws(JSONataError) {
        guard token.isOperator(symbol) else {
            if case .end = token.kind {
                throw JSONataError("S0203", position: token.position, token: token.text, value: "\"\(symbol)\"")
            }
            throw JSONataError("S0202", position: token.position, token: token.text, value: "\"\(symbol)\"")
        }
        try advance(afterOperand: afterOperand)
    }

    private mutating func take(_ symbol: String) throws(JSONataError) -> Bool {
        guard token.isOperator(symbol) else { return false }
        try advance()
        return true
    }

    private var bindingPower: Int {
        if case .operator(let symbol) = token.kind { Self.precedence[symbol] ?? 0 } else { 0 }
    }

    private mutating func expression(_ power: Int) throws(JSONataError) -> Syntax {
        depth += 1
        guard depth <= Self.maximumDepth else { throw JSONataError("U1001", position: token.position) }
        defer { depth -= 1 }
        var current = token
        try advance(afterOperand: true)
        var left = try operand(current)
        var length = depth
        while power < bindingPower {
            length += 1
            guard length <= Self.maximumLength else { throw JSONataError("U1001", position: token.position) }
            current = token
            try advance()
            left = try operation(current, left)
        }
        return left
    }

    // MARK: Operands

    private mutating func operand(_ token: Token) throws(JSONataError) -> Syntax {
        let form: Syntax.Form
        switch token.kind {
        case .name(let text): form = .name(text)
        case .variable(let text): form = .variable(text)
        case .string(let text): form = .string(text)
        case .number(let value): form = .number(value)
        case .bool(let value): form = .bool(value)
        case .null: form = .null
        case .regex(let regex): form = .regex(regex)
        case .end: form = .end
        case .operator(let symbol): form = try prefix(symbol, token)
        }
        return Syntax(form, token.position)
    }

    private mutating func prefix(_ symbol: String, _ token: Token) throws(JSONataError) -> Syntax.Form {
        switch symbol {
        case "and", "or", "in": return .word(symbol)
        case "-": return .negation(try expression(70))
        case "*": return .wildcard
        case "**": return .descendants
        case "%": return .parent
        case "(": return .block(try blockExpressions())
        case "[": return .array(try arrayItems())
        case "{": return .object(try pairs())
        case "|": return try transform()
        default: throw JSONataError("S0211", position: token.position, token: symbol)
        }
    }

    private mutating func blockExpressions() throws(JSONataError) -> [Syntax] {
        var expressions: [Syntax] = []
        while !token.isOperator(")") {
            expressions.append(try expression(0))
            guard try take(";") else { break }
        }
        try expect(")", afterOperand: true)
        return expressions
    }

    private mutating func arrayItems() throws(JSONataError) -> [Syntax] {
        var items: [Syntax] = []
        if !token.isOperator("]") {
            repeat {
                let item = try expression(0)
                let position = token.position
                if try take("..") {
                    items.append(Syntax(.binary("..", item, try expression(0)), position))
                } else {
                    items.append(item)
                }
            } while try take(",")
        }
        try expect("]", afterOperand: true)
        return items
    }

    private mutating func pairs() throws(JSONataError) -> [SyntaxPair] {
        var pairs: [SyntaxPair] = []
        if !token.isOperator("}") {
            repeat {
                let key = try expression(0)
                try expect(":")
                pairs.append(SyntaxPair(key: key, value: try expression(0)))
            } while try take(",")
        }
        try expect("}", afterOperand: true)
        return pairs
    }

    private mutating func transform() throws(JSONataError) -> Syntax.Form {
        let pattern = try expression(0)
        try expect("|")
        let update = try expression(0)
        let delete = try take(",") ? try expression(0) : nil
        try expect("|")
        return .transform(pattern: pattern, update: update, delete: delete)
    }

    // MARK: Operations

    private mutating func operation(_ token: Token, _ left: Syntax) throws(JSONataError) -> Syntax {
        guard case .operator(let symbol) = token.kind else { return left }
        let form: Syntax.Form
        switch symbol {
        case "(": form = try call(left)
        case "[":
            if self.token.isOperator("]") {
                try advance(afterOperand: true)
                markKeepingArray(left)
                return left
            }
            form = .binary("[", left, try expression(0))
            try expect("]", afterOperand: true)
        case "{": form = .group(left, try pairs())
        case "^": form = .sort(left, try sortTerms())
        case "?":
            let then = try expression(0)
            form = .condition(left, then, try take(":") ? try expression(0) : nil)
        case ":=":
            guard case .variable = left.form else {
                throw JSONataError("S0212", position: left.position, token: Self.word(of: left))
            }
            form = .binary(":=", left, try expression(9))
        case "@", "#":
            let right = try expression(80)
            guard case .variable = right.form else {
                throw JSONataError("S0214", position: right.position, token: symbol)
            }
            form = .binary(symbol, left, right)
        default: form = .binary(symbol, left, try expression(Self.precedence[symbol] ?? 0))
        }
        return Syntax(form, token.position)
    }

    private func markKeepingArray(_ syntax: Syntax) {
        var step = syntax
        while case .binary("[", let inner, _) = step.form { step = inner }
        step.keepsArray = true
    }

    private mutating func sortTerms() throws(JSONataError) -> [SyntaxTerm] {
        try expect("(")
        var terms: [SyntaxTerm] = []
        repeat {
            let isDescending = try take(">")
            if !isDescending { _ = try take("<") }
            terms.append(SyntaxTerm(expression: try expression(0), isDescending: isDescending))
        } while try take(",")
        try expect(")")
        return terms
    }

    private mutating func call(_ procedure: Syntax) throws(JSONataError) -> Syntax.Form {
        var arguments: [Syntax] = []
        var isPartial = false
        if !token.isOperator(")") {
            repeat {
                let position = token.position
                if try take("?") {
                    isPartial = true
                    arguments.append(Syntax(.placeholder, position))
                } else {
                    arguments.append(try expression(0))
                }
            } while try take(",")
        }
        try expect(")", afterOperand: true)
        if case .name(let name) = procedure.form, name == "function" || name == "λ" { return try lambda(arguments) }
        return isPartial ? .partial(procedure, arguments) : .call(procedure, arguments)
    }

    private mutating func lambda(_ arguments: [Syntax]) throws(JSONataError) -> Syntax.Form {
        var parameters: [String] = []
        for (index, argument) in arguments.enumerated() {
            guard case .variable(let name) = argument.form else {
                throw JSONataError(
                    "S0208",
                    position: argument.position,
                    token: Self.word(of: argument),
                    value: "\(index + 1)"
                )
            }
            parameters.append(name)
        }
        let signature = token.isOperator("<") ? try lambdaSignature() : nil
        try expect("{")
        let body = try expression(0)
        try expect("}")
        return .lambda(parameters, signature, body)
    }

    private mutating func lambdaSignature() throws(JSONataError) -> Signature {
        let position = token.position
        var text = "<"
        var nesting = 1
        while nesting > 0, !token.isOperator("{") {
            if case .end = token.kind { break }
            try advance()
            if token.isOperator(">") { nesting -= 1 }
            if token.isOperator("<") { nesting += 1 }
            text += token.text
        }
        try expect(">")
        do {
            return try Signature(text)
        } catch {
            var error = error
            error.position = position + (error.position ?? 0)
            throw error
        }
    }

    private static func word(of syntax: Syntax) -> String? {
        switch syntax.form {
        case .name(let text), .string(let text), .word(let text): text
        case .number(let value): NumberText.text(value)
        case .binary(let symbol, _, _): symbol
        case .bool(let value): value ? "true" : "false"
        default: nil
        }
    }
}
