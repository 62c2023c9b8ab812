extension Resolver {
    /// `left.right`
    mutating func step(_ left: Syntax, _ right: Syntax) throws(JSONataError) -> Node {
        let first = try resolve(left)
        let path = asPath(first)
        if case .parent(let slot) = first.kind { path.seekingParent = [slot] }
        let rest = try resolve(right)
        if case .path = rest.kind {
            path.steps += rest.steps
        } else {
            rest.stages += rest.predicates
            rest.predicates = []
            path.steps.append(rest)
        }
        for step in path.steps {
            switch step.kind {
            case .number(let value):
                throw JSONataError("S0213", position: step.position, value: NumberText.text(value))
            case .bool(let value): throw JSONataError("S0213", position: step.position, value: "\(value)")
            case .null: throw JSONataError("S0213", position: step.position, value: "null")
            case .string(let text): step.kind = .name(text)
            default: break
            }
            if step.keepsArray { path.keepsSingletonArray = true }
        }
        for end in [path.steps.first, path.steps.last] {
            if let end, case .array = end.kind { end.isConsArray = true }
        }
        try resolveAncestry(path)
        countPlainPrefix(path)
        return path
    }

    private func asPath(_ node: Node) -> Node {
        if case .path = node.kind { return node }
        let path = Node(.path, node.position)
        path.steps = [node]
        return path
    }

    private func lastStep(_ node: Node) -> Node {
        if case .path = node.kind, let last = node.steps.last { return last }
        return node
    }

    /// `left[right]`
    mutating func predicate(_ left: Syntax, _ right: Syntax, _ position: Int) throws(JSONataError) -> Node {
        let node = try resolve(left)
        let step = lastStep(node)
        guard step.group == nil else { throw JSONataError("S0209", position: position) }
        let predicate = try resolve(right)
        if !predicate.seekingParent.isEmpty {
            for slot in predicate.seekingParent {
                if slot.level == 1 { try seekParent(step, slot) } else { slot.level -= 1 }
            }
            adopt(predicate, into: step)
        }
        if case .path = node.kind {
            step.stages.append(.filter(predicate))
            countPlainPrefix(node)
        } else {
            step.predicates.append(.filter(predicate))
        }
        return node
    }

    /// `left^(terms)`
    mutating func sort(_ left: Syntax, _ terms: [SyntaxTerm], _ position: Int) throws(JSONataError) -> Node {
        let path = asPath(try resolve(left))
        var resolved: [SortTerm] = []
        for term in terms {
            resolved.append(SortTerm(expression: try resolve(term.expression), isDescending: term.isDescending))
        }
        let step = Node(.sort(resolved), position)
        for term in resolved { adopt(term.expression, into: step) }
        path.steps.append(step)
        try resolveAncestry(path)
        countPlainPrefix(path)
        return path
    }

    /// `left@$name`
    mutating func focus(
        _ left: Syntax,
        _ right: Syntax,
        _ position: Int,
        keepsArray: Bool
    ) throws(JSONataError) -> Node {
        guard case .variable(let name) = right.form else { throw JSONataError("S0214", position: right.position) }
        let node = try resolve(left)
        let step = lastStep(node)
        guard step.stages.isEmpty, step.predicates.isEmpty else { throw JSONataError("S0215", position: position) }
        if case .sort = step.kind { throw JSONataError("S0216", position: position) }
        step.focus = symbols.intern(name)
        if keepsArray { step.keepsArray = true }
        step.isTuple = true
        if case .path = node.kind { countPlainPrefix(node) }
        return node
    }

    /// `left#$name`
    mutating func index(_ left: Syntax, _ right: Syntax) throws(JSONataError) -> Node {
        guard case .variable(let name) = right.form else { throw JSONataError("S0214", position: right.position) }
        let node = try resolve(left)
        let step = lastStep(node)
        let path = asPath(node)
        step.stages += step.predicates
        step.predicates = []
        let symbol = symbols.intern(name)
        if step.stages.isEmpty { step.index = symbol } else { step.stages.append(.index(symbol)) }
        step.isTuple = true
        countPlainPrefix(path)
        return path
    }

    func countPlainPrefix(_ path: Node) {
        path.plainPrefix = path.steps.prefix(while: \.isPlainStep).count
    }

    // MARK: Ancestors

    /// What `child` still seeks, `node` seeks too.
    func adopt(_ child: Node, into node: Node) {
        node.seekingParent += child.seekingParent
        if case .parent(let slot) = child.kind { node.seekingParent.append(slot) }
    }

    private func resolveAncestry(_ path: Node) throws(JSONataError) {
        guard let last = path.steps.last else { return }
        var slots = last.seekingParent
        if case .parent(let slot) = last.kind { slots.append(slot) }
        for slot in slots {
            var index = path.steps.count - 2
            while slot.level > 0 {
                guard index >= 0 else {
                    path.seekingParent.append(slot)
                    break
                }
                var step = path.steps[index]
                index -= 1
                while index >= 0, step.focus != nil, path.steps[index].focus != nil {
                    step = path.steps[index]
                    index -= 1
                }
                try seekParent(step, slot)
            }
        }
    }

    private func seekParent(_ node: Node, _ slot: AncestorSlot) throws(JSONataError) {
        switch node.kind {
        case .name, .wildcard:
            slot.level -= 1
            guard slot.level == 0 else { return }
            if let known = node.ancestor, case .parent(let own) = ancestry[slot.number].kind {
                own.label = known.label
            }
            node.ancestor = slot
            node.isTuple = true
        case .parent: slot.level += 1
        case .block(let expressions, _):
            guard let last = expressions.last else { return }
            node.isTuple = true
            try seekParent(last, slot)
        case .path:
            node.isTuple = true
            var index = node.steps.count - 1
            repeat {
                try seekParent(node.steps[index], slot)
                index -= 1
            } while slot.level > 0 && index >= 0
            countPlainPrefix(node)
        default: throw JSONataError("S0217", position: node.position)
        }
    }
}
