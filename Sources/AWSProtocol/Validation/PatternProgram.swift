/// A compiled regular expression: a tree matched by backtracking, with a memory of what has failed, which keeps
/// nested repetitions from taking exponential time.
///
/// Understood is what AWS's models use: classes, groups, alternatives, repetition, anchors, `\b`, look-ahead and
/// look-behind. The whole text must match.
struct PatternProgram: Sendable {
    indirect enum Node: Sendable {
        case empty
        case set(ScalarSet)
        case sequence([Node])
        case alternatives([Node])
        /// The identifier is what failures are remembered by; without one they are not.
        case repetition(Node, atLeast: Int, atMost: Int, id: Int?)
        case textStart
        case textEnd
        case wordBoundary
        case look(Node, ahead: Bool, negative: Bool)
    }

    private let root: Node?

    init(_ text: String) {
        var parser = PatternParser(text)
        root = parser.parse()
    }

    /// Whether the expression was understood.
    var isUnderstood: Bool { root != nil }

    func matches(_ text: String) -> Bool {
        guard let root else { return true }
        let scalars = Array(text.unicodeScalars)
        // Most patterns are one repeated class: those need neither continuations nor memory.
        if case .repetition(.set(let set), let atLeast, let atMost, _) = root {
            return scalars.count >= atLeast && scalars.count <= atMost && scalars.allSatisfy(set.contains)
        }
        var matcher = PatternMatcher(scalars: scalars)
        return matcher.match(root, at: 0) { _, end in end == scalars.count }
    }
}

/// Walks the tree; what follows a node is handed on as a continuation.
private struct PatternMatcher {
    typealias Continuation = (inout PatternMatcher, Int) -> Bool

    struct Failure: Hashable {
        var id: Int
        var count: Int
        var position: Int
    }

    let scalars: [Unicode.Scalar]
    private var failures: Set<Failure> = []

    init(scalars: [Unicode.Scalar]) { self.scalars = scalars }

    mutating func match(_ node: PatternProgram.Node, at position: Int, _ next: Continuation) -> Bool {
        switch node {
        case .empty: return next(&self, position)
        case .set(let set):
            guard position < scalars.count, set.contains(scalars[position]) else { return false }
            return next(&self, position + 1)
        case .sequence(let nodes): return match(nodes[...], at: position, next)
        case .alternatives(let nodes):
            for node in nodes where match(node, at: position, next) { return true }
            return false
        case .repetition(.set(let set), let atLeast, let atMost, _):
            return matchRun(of: set, atLeast, atMost, at: position, next)
        case .repetition(let node, let atLeast, let atMost, let id):
            return matchRepetition(of: node, atLeast, atMost, id, 0, at: position, next)
        case .textStart: return position == 0 && next(&self, position)
        case .textEnd: return position == scalars.count && next(&self, position)
        case .wordBoundary: return isWord(position - 1) != isWord(position) && next(&self, position)
        case .look(let node, let ahead, let negative):
            let found = ahead ? matchesAhead(node, position) : matchesBehind(node, position)
            return found != negative && next(&self, position)
        }
    }

    private mutating func match(
        _ nodes: ArraySlice<PatternProgram.Node>,
        at position: Int,
        _ next: Continuation
    ) -> Bool {
        guard let first = nodes.first else { return next(&self, position) }
        return match(first, at: position) { matcher, end in matcher.match(nodes.dropFirst(), at: end, next) }
    }

    /// A repeated class: as many as there are, then fewer.
    private mutating func matchRun(
        of set: ScalarSet,
        _ atLeast: Int,
        _ atMost: Int,
        at position: Int,
        _ next: Continuation
    ) -> Bool {
        var end = position
        while end < scalars.count, end - position < atMost, set.contains(scalars[end]) { end += 1 }
        while end - position >= atLeast {
            if next(&self, end) { return true }
            end -= 1
        }
        return false
    }

    private mutating func matchRepetition(
        of node: PatternProgram.Node,
        _ atLeast: Int,
        _ atMost: Int,
        _ id: Int?,
        _ count: Int,
        at position: Int,
        _ next: Continuation
    ) -> Bool {
        // Beyond the least count, an unbounded repetition's future does not depend on how often it has matched.
        let failure = id.map {
            Failure(id: $0, count: atMost == .max ? min(count, atLeast) : count, position: position)
        }
        if let failure, failures.contains(failure) { return false }
        if count < atMost {
            let found = match(node, at: position) { matcher, end in
                guard end > position || count < atLeast else { return false }
                return matcher.matchRepetition(of: node, atLeast, atMost, id, count + 1, at: end, next)
            }
            if found { return true }
        }
        if count >= atLeast, next(&self, position) { return true }
        if let failure { failures.insert(failure) }
        return false
    }

    private func matchesAhead(_ node: PatternProgram.Node, _ position: Int) -> Bool {
        var matcher = PatternMatcher(scalars: scalars)
        return matcher.match(node, at: position) { _, _ in true }
    }

    private func matchesBehind(_ node: PatternProgram.Node, _ position: Int) -> Bool {
        (0...position).contains { start in
            var matcher = PatternMatcher(scalars: scalars)
            return matcher.match(node, at: start) { _, end in end == position }
        }
    }

    private func isWord(_ position: Int) -> Bool {
        scalars.indices.contains(position) && ScalarSet.word.contains(scalars[position])
    }
}
