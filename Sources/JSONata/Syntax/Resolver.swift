/// Turns what was written into what is evaluated: dots into paths, predicates into stages, `%` into labels, calls in
/// tail position into tail calls.
struct Resolver {
    var symbols: Symbols
    /// The slot of each `%`, by its number.
    var ancestry: [Node] = []
    /// For each block being resolved: whether something in it binds a variable.
    private var scopesBind: [Bool] = [false]

    init(symbols: Symbols) { self.symbols = symbols }

    mutating func resolve(program: Syntax) throws(JSONataError) -> Node {
        let node = try resolve(program)
        guard !node.isParent, node.seekingParent.isEmpty else { throw JSONataError("S0217", position: node.position) }
        return node
    }

    mutating func resolve(_ syntax: Syntax) throws(JSONataError) -> Node {
        let node = try resolveForm(syntax)
        if syntax.keepsArray { node.keepsArray = true }
        return node
    }

    private mutating func resolveForm(_ syntax: Syntax) throws(JSONataError) -> Node {
        let position = syntax.position
        switch syntax.form {
        case .name(let name), .word(let name):
            return path(of: Node(.name(name), position), keepsArray: syntax.keepsArray)
        case .string(let text): return Node(.string(text), position)
        case .number(let value): return Node(.number(value), position)
        case .bool(let value): return Node(.bool(value), position)
        case .null: return Node(.null, position)
        case .variable(""): return Node(.context, position)
        case .variable(let name): return Node(.variable(symbols.intern(name)), position)
        case .regex(let regex): return Node(.regex(regex), position)
        case .placeholder: return Node(.placeholder, position)
        case .wildcard: return Node(.wildcard, position)
        case .descendants: return Node(.descendants, position)
        case .parent: return parent(position)
        case .end: throw JSONataError("S0207", position: position, token: "(end)")
        case .negation(let inner): return try negation(inner, position)
        case .array(let items): return try array(items, position)
        case .object(let pairs): return try object(pairs, position)
        case .call, .partial: return try call(syntax)
        case .lambda(let parameters, let signature, let body):
            return try lambda(parameters, signature, body, position)
        case .condition(let test, let then, let otherwise): return try condition(test, then, otherwise, position)
        case .block(let expressions): return try block(expressions, position)
        case .transform(let pattern, let update, let delete):
            return Node(
                .transform(
                    TransformForm(
                        pattern: try resolve(pattern),
                        update: try resolve(update),
                        delete: try resolve(optional: delete)
                    )
                ),
                position
            )
        case .group(let left, let pairs): return try group(left, pairs, position)
        case .sort(let left, let terms): return try sort(left, terms, position)
        case .binary(let symbol, let left, let right): return try binary(symbol, left, right, syntax)
        }
    }

    private mutating func resolve(optional syntax: Syntax?) throws(JSONataError) -> Node? {
        guard let syntax else { return nil }
        return try resolve(syntax)
    }

    // MARK: Operands

    private func path(of step: Node, keepsArray: Bool = false) -> Node {
        let path = Node(.path, step.position)
        path.steps = [step]
        path.keepsSingletonArray = keepsArray
        step.keepsArray = keepsArray
        countPlainPrefix(path)
        return path
    }

    private mutating func parent(_ position: Int) -> Node {
        let number = ancestry.count
        let slot = AncestorSlot(label: symbols.intern("!\(number)"), number: number)
        let node = Node(.parent(slot), position)
        ancestry.append(node)
        return node
    }

    private mutating func negation(_ inner: Syntax, _ position: Int) throws(JSONataError) -> Node {
        let operand = try resolve(inner)
        if case .number(let value) = operand.kind {
            operand.kind = .number(-value)
            return operand
        }
        let node = Node(.negation(operand), position)
        adopt(operand, into: node)
        return node
    }

    private mutating func array(_ items: [Syntax], _ position: Int) throws(JSONataError) -> Node {
        var nodes: [Node] = []
        for item in items { nodes.append(try resolve(item)) }
        let node = Node(.array(nodes), position)
        for part in nodes { adopt(part, into: node) }
        return node
    }

    private mutating func grouping(_ pairs: [SyntaxPair], _ position: Int) throws(JSONataError) -> Grouping {
        var grouping = Grouping(pairs: [], position: position)
        for pair in pairs { grouping.pairs.append((try resolve(pair.key), try resolve(pair.value))) }
        return grouping
    }

    private mutating func object(_ pairs: [SyntaxPair], _ position: Int) throws(JSONataError) -> Node {
        let grouping = try grouping(pairs, position)
        let node = Node(.object(grouping), position)
        for pair in grouping.pairs {
            adopt(pair.key, into: node)
            adopt(pair.value, into: node)
        }
        return node
    }

    private mutating func call(_ syntax: Syntax) throws(JSONataError) -> Node {
        let procedure: Syntax
        let arguments: [Syntax]
        let isPartial: Bool
        switch syntax.form {
        case .call(let callee, let values): (procedure, arguments, isPartial) = (callee, values, false)
        case .partial(let callee, let values): (procedure, arguments, isPartial) = (callee, values, true)
        default: return try resolve(syntax)
        }
        var nodes: [Node] = []
        for argument in arguments { nodes.append(try resolve(argument)) }
        let callee = try resolve(procedure)
        let name: String? =
            switch procedure.form {
            case .name(let name), .variable(let name): name
            default: nil
            }
        if name == "eval" { scopesBind[scopesBind.count - 1] = true }
        let call = Call(procedure: callee, arguments: nodes, position: syntax.position, name: name)
        let node = Node(isPartial ? .partial(call) : .call(call), syntax.position)
        for argument in nodes { adopt(argument, into: node) }
        return node
    }

    private mutating func lambda(
        _ parameters: [String],
        _ signature: Signature?,
        _ body: Syntax,
        _ position: Int
    ) throws(JSONataError) -> Node {
        scopesBind.append(false)
        defer { scopesBind.removeLast() }
        var numbers: [Symbol] = []
        for parameter in parameters { numbers.append(symbols.intern(parameter)) }
        let resolved = Self.tailCalling(try resolve(body))
        return Node(.lambda(LambdaForm(parameters: numbers, signature: signature, body: resolved)), position)
    }

    private mutating func condition(
        _ test: Syntax,
        _ then: Syntax,
        _ otherwise: Syntax?,
        _ position: Int
    ) throws(JSONataError) -> Node {
        let parts = (try resolve(test), try resolve(then), try resolve(optional: otherwise))
        let node = Node(.condition(parts.0, parts.1, parts.2), position)
        adopt(parts.0, into: node)
        adopt(parts.1, into: node)
        if let last = parts.2 { adopt(last, into: node) }
        return node
    }

    private mutating func block(_ expressions: [Syntax], _ position: Int) throws(JSONataError) -> Node {
        scopesBind.append(false)
        var nodes: [Node] = []
        for expression in expressions { nodes.append(try resolve(expression)) }
        let node = Node(.block(nodes, makesFrame: scopesBind.removeLast()), position)
        for part in nodes {
            adopt(part, into: node)
            if part.isConsArray || part.steps.first?.isConsArray == true { node.isConsArray = true }
        }
        return node
    }

    /// Calls that end a function's body need not keep its frame.
    private static func tailCalling(_ node: Node) -> Node {
        switch node.kind {
        case .call(let call) where node.predicates.isEmpty:
            return Node(.tailCall(call), node.position)
        case .condition(let test, let then, let otherwise):
            node.kind = .condition(test, tailCalling(then), otherwise.map(tailCalling))
        case .block(var nodes, let makesFrame):
            if let last = nodes.popLast() { nodes.append(tailCalling(last)) }
            node.kind = .block(nodes, makesFrame: makesFrame)
        default: break
        }
        return node
    }

    // MARK: Operations

    private mutating func binary(
        _ symbol: String,
        _ left: Syntax,
        _ right: Syntax,
        _ syntax: Syntax
    ) throws(JSONataError) -> Node {
        let position = syntax.position
        switch symbol {
        case ".": return try step(left, right)
        case "[": return try predicate(left, right, position)
        case "@": return try focus(left, right, position, keepsArray: syntax.keepsArray)
        case "#": return try index(left, right)
        case ":=": return try binding(left, right, position)
        case "~>":
            let parts = (try resolve(left), try resolve(right))
            let node = Node(.application(parts.0, parts.1), position)
            node.keepsArray = parts.0.keepsArray || parts.1.keepsArray
            return node
        default:
            guard let `operator` = Operator(rawValue: symbol) else {
                throw JSONataError("S0204", position: position, token: symbol)
            }
            let parts = (try resolve(left), try resolve(right))
            let node = Node(.binary(`operator`, parts.0, parts.1), position)
            adopt(parts.0, into: node)
            adopt(parts.1, into: node)
            return node
        }
    }

    private mutating func binding(_ left: Syntax, _ right: Syntax, _ position: Int) throws(JSONataError) -> Node {
        guard case .variable(let name) = left.form else { throw JSONataError("S0212", position: left.position) }
        scopesBind[scopesBind.count - 1] = true
        let value = try resolve(right)
        let node = Node(.binding(symbols.intern(name), value), position)
        adopt(value, into: node)
        return node
    }

    private mutating func group(
        _ left: Syntax,
        _ pairs: [SyntaxPair],
        _ position: Int
    ) throws(JSONataError) -> Node {
        let node = try resolve(left)
        guard node.group == nil else { throw JSONataError("S0210", position: position) }
        node.group = try grouping(pairs, position)
        return node
    }
}
