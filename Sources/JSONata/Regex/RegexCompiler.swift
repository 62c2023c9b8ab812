/// A step of a backtracking machine.
enum RegexInstruction: Sendable {
    case unit(UInt16)
    case any
    case set(Int)
    /// Goes to the first; to the second if that fails.
    case split(Int, Int)
    case jump(Int)
    /// Remembers the place in a slot.
    case save(Int)
    /// Forgets the groups caught in an earlier round.
    case clear(Range<Int>)
    /// Fails where a round has matched nothing since the slot was saved.
    case progress(Int)
    case start
    case end
    case wordBoundary(isNegated: Bool)
    case backReference(Int)
    /// What follows, up to the index, must match from here (or end here) without moving on.
    case look(isBehind: Bool, isNegated: Bool, next: Int)
    case match
}

struct RegexCompiler {
    private(set) var program: [RegexInstruction] = []
    private(set) var sets: [RegexSet] = []
    private(set) var slotCount: Int
    private let ignoresCase: Bool

    private static let maximumLength = 20_000

    init(groupCount: Int, ignoresCase: Bool) {
        slotCount = 2 * groupCount
        self.ignoresCase = ignoresCase
    }

    mutating func compile(_ node: RegexNode, source: String) throws(JSONataError) {
        emit(node)
        program.append(.match)
        guard program.count <= Self.maximumLength else { throw JSONataError("S0303", value: "/\(source)/") }
    }

    private mutating func emit(_ node: RegexNode) {
        guard program.count <= Self.maximumLength else { return }
        switch node {
        case .empty: break
        case .unit(let unit): program.append(.unit(ignoresCase ? Regex.folded(unit) : unit))
        case .any: program.append(.any)
        case .set(let set):
            program.append(.set(sets.count))
            sets.append(set)
        case .sequence(let nodes): for node in nodes { emit(node) }
        case .choice(let nodes): emitChoice(nodes)
        case .group(let number, let inner):
            program.append(.save(2 * number - 2))
            emit(inner)
            program.append(.save(2 * number - 1))
        case .repetition(let inner, let least, let most, let isLazy, let groups):
            emitRepetition(inner, least, most, isLazy, groups)
        case .start: program.append(.start)
        case .end: program.append(.end)
        case .wordBoundary(let isNegated): program.append(.wordBoundary(isNegated: isNegated))
        case .backReference(let number): program.append(.backReference(number))
        case .look(let inner, let isBehind, let isNegated):
            let place = program.count
            program.append(.match)
            emit(inner)
            program.append(.match)
            program[place] = .look(isBehind: isBehind, isNegated: isNegated, next: program.count)
        }
    }

    private mutating func emitChoice(_ nodes: [RegexNode]) {
        var ends: [Int] = []
        for (index, node) in nodes.enumerated() {
            guard index < nodes.count - 1 else {
                emit(node)
                break
            }
            let place = program.count
            program.append(.match)
            emit(node)
            ends.append(program.count)
            program.append(.match)
            program[place] = .split(place + 1, program.count)
        }
        for end in ends { program[end] = .jump(program.count) }
    }

    private mutating func emitRepetition(
        _ inner: RegexNode,
        _ least: Int,
        _ most: Int?,
        _ isLazy: Bool,
        _ groups: Range<Int>
    ) {
        for _ in 0..<min(least, Self.maximumLength) { emitRound(inner, groups) }
        guard let most else {
            let slot = slotCount
            slotCount += 1
            let place = program.count
            program.append(.match)
            program.append(.save(slot))
            emitRound(inner, groups)
            program.append(.progress(slot))
            program.append(.jump(place))
            program[place] = split(place + 1, program.count, isLazy)
            return
        }
        var places: [Int] = []
        for _ in 0..<min(most - least, Self.maximumLength) {
            places.append(program.count)
            program.append(.match)
            emitRound(inner, groups)
            if program.count > Self.maximumLength { break }
        }
        for place in places { program[place] = split(place + 1, program.count, isLazy) }
    }

    private mutating func emitRound(_ inner: RegexNode, _ groups: Range<Int>) {
        if !groups.isEmpty { program.append(.clear((2 * groups.lowerBound - 2)..<(2 * groups.upperBound - 2))) }
        emit(inner)
    }

    private func split(_ next: Int, _ after: Int, _ isLazy: Bool) -> RegexInstruction {
        isLazy ? .split(after, next) : .split(next, after)
    }
}
