extension Evaluator {
    /// A step of a path that carries bindings along.
    func tupleStep(
        _ step: Node,
        _ items: List,
        _ tuples: [Tuple]?,
        _ frame: Frame
    ) throws(JSONataError) -> [Tuple] {
        var result: [Tuple]
        if case .sort(let terms) = step.kind {
            result = try sortedTuples(terms, step, items, tuples, frame)
        } else {
            result = []
            let sources = tuples ?? items.values.map { Tuple(context: $0, bindings: []) }
            for source in sources {
                let scope = Frame(parent: frame, bindings: source.bindings)
                try extend(source, with: try evaluate(step, source.context, scope), step, into: &result)
            }
        }
        for stage in step.stages {
            switch stage {
            case .filter(let predicate): result = try filter(predicate, result, frame)
            case .index(let symbol):
                for index in result.indices { result[index].bind(symbol, .number(Double(index))) }
            }
        }
        return result
    }

    private func extend(
        _ source: Tuple,
        with found: Value,
        _ step: Node,
        into result: inout [Tuple]
    ) throws(JSONataError) {
        if case .tuples(let inner) = found {
            for tuple in inner {
                var merged = source
                merged.context = tuple.context
                for binding in tuple.bindings { merged.bind(binding.symbol, binding.value) }
                result.append(merged)
            }
            return
        }
        if found.isUndefined { return }
        let list = found.asList
        for index in 0..<list.count {
            var tuple = source
            if let focus = step.focus {
                tuple.bind(focus, list[index])
            } else {
                tuple.context = list[index]
            }
            if let symbol = step.index { tuple.bind(symbol, .number(Double(index))) }
            if let ancestor = step.ancestor { tuple.bind(ancestor.label, source.context) }
            result.append(tuple)
        }
    }

    private func sortedTuples(
        _ terms: [SortTerm],
        _ step: Node,
        _ items: List,
        _ tuples: [Tuple]?,
        _ frame: Frame
    ) throws(JSONataError) -> [Tuple] {
        if let tuples {
            let scopes = tuples.map { (context: $0.context, frame: Frame(parent: frame, bindings: $0.bindings)) }
            return try order(scopes, terms, step).map { tuples[$0] }
        }
        let sorted = try sort(terms, step, items, frame).asList
        return (0..<sorted.count).map { index in
            var tuple = Tuple(context: sorted[index], bindings: [])
            if let symbol = step.index { tuple.bind(symbol, .number(Double(index))) }
            return tuple
        }
    }

    // MARK: Sorting

    func sort(_ terms: [SortTerm], _ node: Node, _ items: List, _ frame: Frame) throws(JSONataError) -> Value {
        guard items.count > 1 else { return .array(items) }
        let values = items.values
        let scopes = values.map { (context: $0, frame: frame) }
        return .list(try order(scopes, terms, node).map { values[$0] })
    }

    /// The order in which the terms put the items. A term is evaluated once an item, and only when it decides.
    private func order(
        _ scopes: [(context: Value, frame: Frame)],
        _ terms: [SortTerm],
        _ node: Node
    ) throws(JSONataError) -> [Int] {
        var keys = Array(repeating: [Value?](repeating: nil, count: scopes.count), count: terms.count)
        func key(_ term: Int, _ item: Int) throws(JSONataError) -> Value {
            if let known = keys[term][item] { return known }
            let value = try evaluate(terms[term].expression, scopes[item].context, scopes[item].frame)
            keys[term][item] = value
            return value
        }
        return try MergeSort.sorted(Array(scopes.indices)) { (left, right) throws(JSONataError) in
            for term in terms.indices {
                let comparison = try Self.compare(try key(term, left), try key(term, right), node)
                if comparison.sign == 0 { continue }
                let isReversed = terms[term].isDescending && comparison.isReversible
                return (isReversed ? -comparison.sign : comparison.sign) == 1
            }
            return false
        }
    }

    /// What is not there goes last, whatever the direction.
    private static func compare(
        _ left: Value,
        _ right: Value,
        _ node: Node
    ) throws(JSONataError) -> (sign: Int, isReversible: Bool) {
        switch (left, right) {
        case (.undefined, .undefined): return (0, false)
        case (.undefined, _): return (1, false)
        case (_, .undefined): return (-1, false)
        case (.number(let a), .number(let b)): return (a == b ? 0 : a < b ? -1 : 1, true)
        case (.string(let a), .string(let b)): return (Value.areSame(a, b) ? 0 : Value.precedes(a, b) ? -1 : 1, true)
        case (.number, .string), (.string, .number):
            throw JSONataError("T2007", position: node.position, value: left.described, value2: right.described)
        case (.number, _), (.string, _): throw JSONataError("T2008", position: node.position, value: right.described)
        default: throw JSONataError("T2008", position: node.position, value: left.described)
        }
    }
}

/// A stable sort whose comparison may throw.
enum MergeSort {
    /// - Parameter isAfter: Whether the first must come after the second.
    static func sorted<Element>(
        _ elements: [Element],
        _ isAfter: (Element, Element) throws(JSONataError) -> Bool
    ) throws(JSONataError) -> [Element] {
        var source = elements
        var width = 1
        while width < source.count {
            var merged: [Element] = []
            merged.reserveCapacity(source.count)
            var start = 0
            while start < source.count {
                let middle = min(start + width, source.count)
                let end = min(start + 2 * width, source.count)
                var left = start
                var right = middle
                while left < middle, right < end {
                    if try isAfter(source[left], source[right]) {
                        merged.append(source[right])
                        right += 1
                    } else {
                        merged.append(source[left])
                        left += 1
                    }
                }
                merged += source[left..<middle]
                merged += source[right..<end]
                start = end
            }
            source = merged
            width *= 2
        }
        return source
    }
}
