/// Runs a regular expression by backtracking, on a stack of its own.
struct RegexMachine {
    private enum Undo {
        case branch(instruction: Int, position: Int)
        case slot(Int, Int)
    }

    private let regex: Regex
    private let text: [UInt16]
    private(set) var slots: [Int]
    private var stack: [Undo] = []
    private var steps = 0

    /// Enough for honest expressions on long texts, and over in a second or so for the others.
    private static let maximumSteps = 50_000_000

    init(regex: Regex, text: [UInt16]) {
        self.regex = regex
        self.text = text
        slots = Array(repeating: -1, count: regex.slotCount)
    }

    /// Where the match that starts at a place ends.
    mutating func run(from start: Int) throws(JSONataError) -> Int? {
        for index in slots.indices { slots[index] = -1 }
        stack.removeAll(keepingCapacity: true)
        return try run(0, start, mustEndAt: nil)
    }

    private mutating func run(_ first: Int, _ start: Int, mustEndAt end: Int?) throws(JSONataError) -> Int? {
        let floor = stack.count
        var instruction = first
        var position = start
        while true {
            steps += 1
            guard steps < Self.maximumSteps else { throw JSONataError("U1001") }
            let next: Int?
            switch regex.program[instruction] {
            case .match: if end == nil || end == position { return position } else { next = nil }
            case .jump(let target): next = target
            case .split(let preferred, let other):
                stack.append(.branch(instruction: other, position: position))
                next = preferred
            case .save(let slot):
                set(slot, position)
                next = instruction + 1
            case .clear(let range):
                for slot in range where slots[slot] >= 0 { set(slot, -1) }
                next = instruction + 1
            case .look(let isBehind, let isNegated, let after):
                next = try look(instruction + 1, position, isBehind) != isNegated ? after : nil
            case let test:
                next = step(test, &position) ? instruction + 1 : nil
            }
            if let next {
                instruction = next
            } else if let back = backtrack(to: floor) {
                (instruction, position) = back
            } else {
                return nil
            }
        }
    }

    private mutating func set(_ slot: Int, _ value: Int) {
        stack.append(.slot(slot, slots[slot]))
        slots[slot] = value
    }

    private mutating func backtrack(to floor: Int) -> (Int, Int)? {
        while stack.count > floor, let last = stack.popLast() {
            switch last {
            case .branch(let instruction, let position): return (instruction, position)
            case .slot(let slot, let value): slots[slot] = value
            }
        }
        return nil
    }

    private mutating func look(_ first: Int, _ position: Int, _ isBehind: Bool) throws(JSONataError) -> Bool {
        let floor = stack.count
        for start in stride(from: position, through: isBehind ? 0 : position, by: -1) {
            if try run(first, start, mustEndAt: isBehind ? position : nil) != nil {
                // No way back into it, but what it caught can still be taken back.
                let kept = stack[floor...].filter { if case .slot = $0 { true } else { false } }
                stack.removeSubrange(floor...)
                stack += kept
                return true
            }
        }
        return false
    }

    // MARK: Tests

    private func step(_ test: RegexInstruction, _ position: inout Int) -> Bool {
        switch test {
        case .unit(let unit):
            guard position < text.count, (regex.ignoresCase ? Regex.folded(text[position]) : text[position]) == unit
            else { return false }
            position += 1
            return true
        case .any:
            guard position < text.count, !Self.isLineEnd(text[position]) else { return false }
            position += 1
            return true
        case .set(let index):
            guard position < text.count, contains(regex.sets[index], text[position]) else { return false }
            position += 1
            return true
        case .progress(let slot): return slots[slot] != position
        case .start: return position == 0 || (regex.isMultiline && Self.isLineEnd(text[position - 1]))
        case .end: return position == text.count || (regex.isMultiline && Self.isLineEnd(text[position]))
        case .wordBoundary(let isNegated): return (isWord(position - 1) != isWord(position)) != isNegated
        case .backReference(let number): return repeatGroup(number, &position)
        default: return false
        }
    }

    private func contains(_ set: RegexSet, _ unit: UInt16) -> Bool {
        if !regex.ignoresCase { return set.contains(unit) != set.isNegated }
        let upper = Regex.folded(unit)
        var isIn = set.contains(unit) || set.contains(upper)
        if !isIn, upper < 0x80, (0x41...0x5A).contains(upper) { isIn = set.contains(upper + 0x20) }
        if !isIn, upper >= 0x80, let scalar = Unicode.Scalar(upper) {
            let lower = scalar.properties.lowercaseMapping.utf16
            isIn = lower.count == 1 && lower.first.map(set.contains) == true
        }
        return isIn != set.isNegated
    }

    private func repeatGroup(_ number: Int, _ position: inout Int) -> Bool {
        let low = slots[2 * number - 2]
        let high = slots[2 * number - 1]
        guard low >= 0, high >= low else { return true }
        guard position + high - low <= text.count else { return false }
        for offset in 0..<(high - low) {
            let (a, b) = (text[low + offset], text[position + offset])
            guard a == b || (regex.ignoresCase && Regex.folded(a) == Regex.folded(b)) else { return false }
        }
        position += high - low
        return true
    }

    private func isWord(_ position: Int) -> Bool {
        text.indices.contains(position) && RegexSet.word.contains(text[position])
    }

    private static func isLineEnd(_ unit: UInt16) -> Bool {
        unit == 0x0A || unit == 0x0D || unit == 0x2028 || unit == 0x2029
    }
}
