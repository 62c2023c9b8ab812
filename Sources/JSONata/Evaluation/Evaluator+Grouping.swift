extension Evaluator {
    /// The items that a key gathered.
    fileprivate struct Group {
        let key: String
        let pair: Int
        /// Of plain items: one alone stands for itself.
        var items: [Value]
        var isSingle = true
        var tuples: [Tuple] = []
    }

    /// An object of each distinct key and the value for the items that gave it.
    func evaluateGroup(_ grouping: Grouping, _ input: Value, _ frame: Frame) throws(JSONataError) -> Value {
        if case .tuples(let tuples) = input { return try evaluateGroup(grouping, tuples, frame) }
        if grouping.pairs.isEmpty { return .object(Members()) }
        guard case .array(let list) = input, !list.flags.contains(.outerWrapper) || list.count != 1 else {
            return try evaluateGroup(grouping, single: input, frame)
        }
        var groups: [Group] = []
        var places: [String: Int] = [:]
        let items = list.isEmpty ? [.undefined] : list.values
        for item in items {
            for (index, pair) in grouping.pairs.enumerated() {
                guard let key = try key(pair.key, item, frame, grouping) else { continue }
                guard let place = places[key] else {
                    places[key] = groups.count
                    groups.append(Group(key: key, pair: index, items: [item]))
                    continue
                }
                try requireSame(groups[place], index, grouping)
                groups[place].add(item)
            }
        }
        return try object(groups, grouping, frame)
    }

    private func evaluateGroup(_ grouping: Grouping, single: Value, _ frame: Frame) throws(JSONataError) -> Value {
        var groups: [Group] = []
        let item = single.isArray ? single.asList[0] : single
        for (index, pair) in grouping.pairs.enumerated() {
            guard let key = try key(pair.key, item, frame, grouping) else { continue }
            if let known = groups.first(where: { $0.key == key }) { try requireSame(known, index, grouping) }
            groups.append(Group(key: key, pair: index, items: [item]))
        }
        return try object(groups, grouping, frame)
    }

    private func evaluateGroup(
        _ grouping: Grouping,
        _ tuples: [Tuple],
        _ frame: Frame
    ) throws(JSONataError) -> Value {
        var groups: [Group] = []
        var places: [String: Int] = [:]
        for tuple in tuples {
            let scope = Frame(parent: frame, bindings: tuple.bindings)
            for (index, pair) in grouping.pairs.enumerated() {
                guard let key = try key(pair.key, tuple.context, scope, grouping) else { continue }
                if let place = places[key] {
                    try requireSame(groups[place], index, grouping)
                    groups[place].tuples.append(tuple)
                } else {
                    places[key] = groups.count
                    groups.append(Group(key: key, pair: index, items: [], tuples: [tuple]))
                }
            }
        }
        return try object(groups, grouping, frame)
    }

    private func key(
        _ node: Node,
        _ item: Value,
        _ frame: Frame,
        _ grouping: Grouping
    ) throws(JSONataError) -> String? {
        let value = try evaluate(node, item, frame)
        if value.isUndefined { return nil }
        guard case .string(let key) = value else {
            throw JSONataError("T1003", position: grouping.position, value: value.described)
        }
        return key
    }

    private func requireSame(_ group: Group, _ pair: Int, _ grouping: Grouping) throws(JSONataError) {
        guard group.pair == pair else {
            throw JSONataError("D1009", position: grouping.position, value: Text.quoted(group.key))
        }
    }

    private func object(_ groups: [Group], _ grouping: Grouping, _ frame: Frame) throws(JSONataError) -> Value {
        var entries: [(key: String, value: Value)] = []
        entries.reserveCapacity(groups.count)
        for group in groups {
            let value: Value
            let expression = grouping.pairs[group.pair].value
            if group.tuples.isEmpty {
                value = try evaluate(expression, group.context, frame)
            } else {
                let merged = Self.merged(group.tuples)
                let scope = Frame(parent: frame, bindings: merged.bindings)
                value = try evaluate(expression, merged.context, scope)
            }
            if !value.isUndefined { entries.append((group.key, value)) }
        }
        return .object(Members(unique: entries))
    }

    /// One tuple whose context and bindings are those of all.
    private static func merged(_ tuples: [Tuple]) -> Tuple {
        var merged = tuples[0]
        for tuple in tuples.dropFirst() {
            merged.context = Sequences.append(merged.context, tuple.context)
            for binding in tuple.bindings {
                let known = merged.bindings.first { $0.symbol == binding.symbol }?.value ?? .undefined
                merged.bind(binding.symbol, Sequences.append(known, binding.value))
            }
        }
        return merged
    }
}

extension Evaluator.Group {
    fileprivate mutating func add(_ item: Value) {
        if isSingle, let first = items.first {
            if first.isUndefined { items = [] }
            if case .array(let list) = first { items = list.values }
        }
        isSingle = false
        if case .array(let list) = item { list.appendElements(to: &items) } else { items.append(item) }
    }

    fileprivate var context: Value { isSingle ? items.first ?? .undefined : .list(items) }
}

/// What several parts do with arrays.
enum Sequences {
    /// Both as one array; what is not there adds nothing.
    static func append(_ left: Value, _ right: Value) -> Value {
        if left.isUndefined { return right }
        if right.isUndefined { return left }
        var values = left.asList.values
        right.asList.appendElements(to: &values)
        return .list(values)
    }
}
