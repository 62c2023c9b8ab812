/// A compiled regular expression in ECMAScript's syntax, over UTF-16 units.
struct Regex: Sendable {
    /// As it is written, without slashes.
    let source: String
    let program: [RegexInstruction]
    let sets: [RegexSet]
    let groupCount: Int
    /// How many places a match remembers: two a group, and one a repetition that may match nothing.
    let slotCount: Int
    let ignoresCase: Bool
    let isMultiline: Bool

    /// - Throws: S0303, at the place given.
    init(_ pattern: String, flags: String, position: Int? = nil) throws(JSONataError) {
        var parser = RegexParser(pattern)
        do {
            let node = try parser.parse()
            var compiler = RegexCompiler(groupCount: parser.groupCount, ignoresCase: flags.contains("i"))
            try compiler.compile(node, source: pattern)
            source = pattern
            program = compiler.program
            sets = compiler.sets
            groupCount = parser.groupCount
            slotCount = compiler.slotCount
        } catch {
            var error = error
            error.position = position
            throw error
        }
        ignoresCase = flags.contains("i")
        isMultiline = flags.contains("m")
    }

    struct Match {
        var range: Range<Int>
        /// What each group caught, nil for those that took no part.
        var groups: [Range<Int>?]
    }

    /// The first match that starts at a place or after it.
    /// - Throws: U1001 where matching takes far too many steps.
    func firstMatch(in text: [UInt16], from start: Int) throws(JSONataError) -> Match? {
        guard start <= text.count else { return nil }
        var machine = RegexMachine(regex: self, text: text)
        for position in start...text.count {
            if let first = literalStart, position >= text.count || text[position] != first { continue }
            if let end = try machine.run(from: position) {
                let groups = (0..<groupCount).map { group -> Range<Int>? in
                    let low = machine.slots[2 * group]
                    let high = machine.slots[2 * group + 1]
                    return low >= 0 && high >= low ? low..<high : nil
                }
                return Match(range: position..<end, groups: groups)
            }
        }
        return nil
    }

    /// The unit that every match starts with, if there is one.
    private var literalStart: UInt16? {
        if !ignoresCase, case .unit(let unit)? = program.first { unit } else { nil }
    }

    /// The one unit that stands for all cases of it.
    static func folded(_ unit: UInt16) -> UInt16 {
        if unit < 0x80 { return (0x61...0x7A).contains(unit) ? unit - 0x20 : unit }
        guard let scalar = Unicode.Scalar(unit) else { return unit }
        let upper = scalar.properties.uppercaseMapping.utf16
        guard upper.count == 1, let first = upper.first, first >= 0x80 else { return unit }
        return first
    }
}
