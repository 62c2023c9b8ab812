extension Evaluator {
    /// Walks a path, each step on every item that the one before found.
    func evaluatePath(_ node: Node, _ input: Value, _ frame: Frame) throws(JSONataError) -> Value {
        var items: List
        let start: Int
        switch try walkPlainPrefix(node, input, frame) {
        case .done(let value): return value
        case .list(let list, let next): (items, start) = (list, next)
        }
        var found = Value.array(items)
        var tuples: [Tuple]?
        var carriesBindings = false
        if start > 0, items.isEmpty { return try finish(node, found, nil, frame) }
        for index in start..<node.steps.count {
            let step = node.steps[index]
            carriesBindings = carriesBindings || step.isTuple
            if index == 0, step.isConsArray {
                found = try evaluate(step, .array(items), frame)
            } else if carriesBindings {
                tuples = try tupleStep(step, items, tuples, frame)
                continue
            } else {
                found = .array(try self.step(step, items, isLast: index == node.steps.count - 1, frame))
            }
            guard case .array(let list) = found, !list.isEmpty else { break }
            items = list
        }
        return try finish(node, found, tuples, frame)
    }

    private func finish(
        _ node: Node,
        _ found: Value,
        _ tuples: [Tuple]?,
        _ frame: Frame
    ) throws(JSONataError) -> Value {
        var result = found
        if let tuples { result = node.isTuple ? .tuples(tuples) : .sequence(tuples.map(\.context)) }
        if node.keepsSingletonArray, case .array(var list) = result {
            if list.flags.contains(.cons), !list.isSequence { list = List(.values([result]), .sequence) }
            list.flags.insert(.keepsSingleton)
            result = .array(list)
        }
        guard let group = node.group else { return result }
        return try evaluateGroup(group, tuples.map { .tuples($0) } ?? result, frame)
    }

    // MARK: The fast way

    private enum Prefix {
        case done(Value)
        /// Go on with these items at that step.
        case list(List, Int)
    }

    /// As long as steps are plain names and values are objects, nothing need be gathered.
    private func walkPlainPrefix(_ node: Node, _ input: Value, _ frame: Frame) throws(JSONataError) -> Prefix {
        let startsWithVariable: Bool =
            switch node.steps[0].kind {
            case .variable, .context: true
            default: false
            }
        if case .array(let list) = input, !startsWithVariable { return .list(list, 0) }
        guard node.plainPrefix > 0 else { return .list(List(.values([input]), .sequence), 0) }
        var value = input
        for index in 0..<node.plainPrefix {
            switch node.steps[index].kind {
            case .name(let name): value = Self.member(name, of: value)
            case .variable(let symbol): value = lookup(symbol, frame)
            default: value = Self.context(value)
            }
            if case .array(let list) = value { return plainArray(list, node, index) }
            if value.isUndefined { break }
        }
        if node.plainPrefix < node.steps.count, !value.isUndefined {
            return .list(List(.values([value]), .sequence), node.plainPrefix)
        }
        if node.group != nil || (node.keepsSingletonArray && !value.isUndefined) {
            let found: [Value] = value.isUndefined ? [] : [value]
            return .done(try finish(node, .sequence(found), nil, frame))
        }
        return .done(value)
    }

    /// Goes on after a plain step that found an array.
    private func plainArray(_ list: List, _ node: Node, _ index: Int) -> Prefix {
        if index == node.steps.count - 1, !list.isSequence { return .list(list, index + 1) }
        let isOneItem = list.flags.contains(.cons)
        return .list(isOneItem ? List(.values([.array(list)]), .sequence) : List(list.elements, .sequence), index + 1)
    }

    // MARK: Steps

    /// Evaluates a step on each item and gathers what it finds, one level flattened.
    private func step(_ step: Node, _ items: List, isLast: Bool, _ frame: Frame) throws(JSONataError) -> List {
        if case .sort(let terms) = step.kind {
            var result = try sort(terms, step, items, frame)
            for case .filter(let predicate) in step.stages { result = try filter(predicate, result, frame) }
            return result.asList
        }
        var first: Value?
        var count = 0
        var found: [Value] = []
        for index in 0..<items.count {
            var value = try evaluate(step, items[index], frame)
            for case .filter(let predicate) in step.stages { value = try filter(predicate, value, frame) }
            if value.isUndefined { continue }
            count += 1
            if count == 1 {
                first = value
            } else {
                if let value = first { Self.gather(value, into: &found) }
                first = nil
                Self.gather(value, into: &found)
            }
        }
        if let first {
            if isLast, case .array(let list) = first, !list.isSequence { return list }
            Self.gather(first, into: &found)
        }
        return List(.values(found), .sequence)
    }

    private static func gather(_ value: Value, into output: inout [Value]) {
        if case .array(let list) = value, !list.flags.contains(.cons) {
            list.appendElements(to: &output)
        } else {
            output.append(value)
        }
    }

    // MARK: Predicates

    func filter(_ predicate: Node, _ input: Value, _ frame: Frame) throws(JSONataError) -> Value {
        if case .tuples(let tuples) = input { return .tuples(try filter(predicate, tuples, frame)) }
        if input.isUndefined, case .number = predicate.kind { return .sequence([]) }
        let items = input.asList
        if case .number(let value) = predicate.kind {
            guard let place = Self.place(value, in: items.count) else { return .sequence([]) }
            let item = items[place]
            return item.isArray ? item : item.isUndefined ? .sequence([]) : .sequence([item])
        }
        var kept: [Value] = []
        for index in 0..<items.count {
            let item = items[index]
            let verdict = try evaluate(predicate, item, frame)
            for _ in 0..<(try times(verdict, index, items.count)) { kept.append(item) }
        }
        return .sequence(kept)
    }

    func filter(_ predicate: Node, _ tuples: [Tuple], _ frame: Frame) throws(JSONataError) -> [Tuple] {
        if case .number(let value) = predicate.kind {
            return Self.place(value, in: tuples.count).map { [tuples[$0]] } ?? []
        }
        var kept: [Tuple] = []
        for (index, tuple) in tuples.enumerated() {
            let scope = Frame(parent: frame, bindings: tuple.bindings)
            let verdict = try evaluate(predicate, tuple.context, scope)
            for _ in 0..<(try times(verdict, index, tuples.count)) { kept.append(tuple) }
        }
        return kept
    }

    /// A predicate's number, from the end where it is negative, as a place.
    private static func place(_ value: Double, in count: Int) -> Int? {
        guard var index = Int(exactly: value.rounded(.down)) else { return nil }
        if index < 0 { index += count }
        return (0..<count).contains(index) ? index : nil
    }

    /// How often the item at an index is kept: numbers say which, anything else whether.
    private func times(_ verdict: Value, _ index: Int, _ count: Int) throws(JSONataError) -> Int {
        switch verdict {
        case .bool(let value): return value ? 1 : 0
        case .number:
            if let value = try verdict.finiteNumber() { return Self.place(value, in: count) == index ? 1 : 0 }
            return 0
        case .array(let list):
            var times = 0
            for position in 0..<list.count {
                guard let value = try list[position].finiteNumber() else { return try verdict.isTruthy() ? 1 : 0 }
                if Self.place(value, in: count) == index { times += 1 }
            }
            return times
        default: return try verdict.isTruthy() ? 1 : 0
        }
    }
}
