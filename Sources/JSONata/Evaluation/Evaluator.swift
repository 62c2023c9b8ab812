internal import JSON

/// One evaluation of a program.
final class Evaluator {
    let environment: JSONataEnvironment
    let bindings: [String: JSON]
    var symbols: Symbols
    /// What a name means that no scope binds, once it has been asked for.
    private var globals: [Value?]
    /// Pictures that have been read in this evaluation, by their text.
    var datePictures: [String: DatePicture] = [:]
    private var depth = 0
    /// Calls under way: a native function that calls back nests without an evaluation around it.
    private var calls = 0
    private var steps = 0

    private static let stepsBetweenChecks = 256

    init(program: JSONata, bindings: [String: JSON], environment: JSONataEnvironment) {
        self.environment = environment
        self.bindings = bindings
        symbols = program.symbols
        globals = Array(repeating: nil, count: symbols.names.count)
    }

    // MARK: Variables

    func lookup(_ symbol: Symbol, _ frame: Frame) -> Value { frame.lookup(symbol) ?? global(symbol) }

    private func global(_ symbol: Symbol) -> Value {
        while symbol >= globals.count { globals.append(nil) }
        if let known = globals[symbol] { return known }
        let name = symbols.names[symbol]
        let value: Value =
            if let binding = bindings[name] {
                Value(binding)
            } else if let function = environment.library[name] {
                .function(Function(.native(function)))
            } else {
                .undefined
            }
        globals[symbol] = value
        return value
    }

    // MARK: Limits

    private func enter() throws(JSONataError) {
        steps += 1
        guard depth <= environment.maximumDepth else { throw JSONataError("U1001") }
        if steps % Self.stepsBetweenChecks == 0, environment.mustStop() { throw JSONataError("U1001") }
    }

    func enterCall() throws(JSONataError) {
        calls += 1
        guard calls <= environment.maximumDepth else { throw JSONataError("U1001") }
    }

    func leaveCall() { calls -= 1 }

    // MARK: Evaluation

    func evaluate(_ node: Node, _ input: Value, _ frame: Frame) throws(JSONataError) -> Value {
        depth += 1
        defer { depth -= 1 }
        try enter()
        var result = try evaluateKind(node, input, frame)
        for case .filter(let predicate) in node.predicates { result = try filter(predicate, result, frame) }
        if let group = node.group {
            if case .path = node.kind {} else { result = try evaluateGroup(group, result, frame) }
        }
        guard case .array(var list) = result, list.isSequence else { return result }
        if list.isEmpty { return .undefined }
        if node.keepsArray, !list.flags.contains(.keepsSingleton) {
            list.flags.insert(.keepsSingleton)
            return .array(list)
        }
        return list.count == 1 && !list.flags.contains(.keepsSingleton) ? list[0] : result
    }

    private func evaluateKind(_ node: Node, _ input: Value, _ frame: Frame) throws(JSONataError) -> Value {
        switch node.kind {
        case .path: return try evaluatePath(node, input, frame)
        case .name(let name): return Self.member(name, of: input)
        case .string(let text): return .string(text)
        case .number(let value): return .number(value)
        case .bool(let value): return .bool(value)
        case .null: return .null
        case .context: return Self.context(input)
        case .variable(let symbol): return lookup(symbol, frame)
        case .parent(let slot): return lookup(slot.label, frame)
        case .binary(let symbol, let left, let right):
            return try evaluateBinary(node, symbol, left, right, input, frame)
        case .call(let call): return try evaluateCall(call, input, frame)
        case .condition(let test, let then, let otherwise):
            return try evaluateCondition(test, then, otherwise, input, frame)
        case .block(let expressions, let makesFrame):
            return try evaluateBlock(expressions, input, makesFrame ? Frame(parent: frame) : frame)
        case .binding(let symbol, let expression):
            let value = try evaluate(expression, input, frame)
            frame.bind(symbol, value)
            return value
        default: return try evaluateOther(node, input, frame)
        }
    }

    private func evaluateCondition(
        _ test: Node,
        _ then: Node,
        _ otherwise: Node?,
        _ input: Value,
        _ frame: Frame
    ) throws(JSONataError) -> Value {
        if try evaluate(test, input, frame).isTruthy() { return try evaluate(then, input, frame) }
        guard let otherwise else { return .undefined }
        return try evaluate(otherwise, input, frame)
    }

    private func evaluateBlock(_ expressions: [Node], _ input: Value, _ frame: Frame) throws(JSONataError) -> Value {
        var result = Value.undefined
        for expression in expressions { result = try evaluate(expression, input, frame) }
        return result
    }

    private func evaluateOther(_ node: Node, _ input: Value, _ frame: Frame) throws(JSONataError) -> Value {
        switch node.kind {
        case .negation(let operand): return try negate(try evaluate(operand, input, frame), node)
        case .array(let items): return try evaluateArray(node, items, input, frame)
        case .object(let grouping): return try evaluateGroup(grouping, input, frame)
        case .wildcard: return Self.wildcard(input)
        case .descendants: return Self.descendants(input)
        case .regex(let regex): return .function(Function(.regex(regex)))
        case .lambda(let form): return .function(Function(.lambda(form, input: input, frame: frame)))
        case .tailCall(let call): return .function(Function(.tailCall(call, input: input, frame: frame)))
        case .partial(let call): return try evaluatePartial(call, input, frame)
        case .application(let left, let right): return try evaluateApplication(node, left, right, input, frame)
        case .transform(let form): return .function(Function(.transform(form, frame: frame)))
        case .sort(let terms): return try sort(terms, node, input.asList, frame)
        default: return .undefined
        }
    }

    static func context(_ input: Value) -> Value {
        if case .array(let list) = input, list.flags.contains(.outerWrapper), !list.isEmpty { return list[0] }
        return input
    }

    /// The member of an object, or those of an array's objects.
    static func member(_ name: String, of input: Value) -> Value {
        switch input {
        case .record(let members): return members[name].map { Value($0) } ?? .undefined
        case .object(let members): return members[name] ?? .undefined
        case .array(let list):
            var found: [Value] = []
            for index in 0..<list.count {
                let value = member(name, of: list[index])
                if case .array(let inner) = value {
                    inner.appendElements(to: &found)
                } else if !value.isUndefined {
                    found.append(value)
                }
            }
            return .sequence(found)
        default: return .undefined
        }
    }

    private func evaluateArray(
        _ node: Node,
        _ items: [Node],
        _ input: Value,
        _ frame: Frame
    ) throws(JSONataError) -> Value {
        let flags: List.Flags = node.isConsArray ? .cons : []
        var elements: [Value] = []
        elements.reserveCapacity(items.count)
        for item in items {
            let value = try evaluate(item, input, frame)
            if case .array = item.kind {
                elements.append(value)
            } else if case .array(let list) = value {
                // A lone range stays the pair of its bounds.
                if items.count == 1, case .range = list.elements { return .array(List(list.elements, flags)) }
                list.appendElements(to: &elements)
            } else if !value.isUndefined {
                elements.append(value)
            }
        }
        return .array(List(.values(elements), flags))
    }

    private static func wildcard(_ input: Value) -> Value {
        var found: [Value] = []
        var flags = List.Flags.sequence
        func add(_ value: Value) {
            if case .array = value {
                flatten(value, into: &found)
                flags = []
            } else {
                found.append(value)
            }
        }
        let input = context(input)
        if case .array(let list) = input {
            for index in 0..<list.count { add(list[index]) }
        } else {
            for entry in input.entries { add(entry.value) }
        }
        return .array(List(.values(found), flags))
    }

    private static func flatten(_ value: Value, into output: inout [Value]) {
        guard case .array(let list) = value else { return output.append(value) }
        for index in 0..<list.count { flatten(list[index], into: &output) }
    }

    private static func descendants(_ input: Value) -> Value {
        guard !input.isUndefined else { return .undefined }
        var found: [Value] = []
        collectDescendants(input, into: &found)
        return found.count == 1 ? found[0] : .sequence(found)
    }

    private static func collectDescendants(_ value: Value, into output: inout [Value]) {
        if case .array(let list) = value {
            for index in 0..<list.count { collectDescendants(list[index], into: &output) }
        } else {
            output.append(value)
            for entry in value.entries { collectDescendants(entry.value, into: &output) }
        }
    }
}
