/// `wildcard`: a text with `*` for any run of characters; `\*` and `\\` stand for themselves.
struct WildcardText: Sendable {
    /// What stands between the asterisks.
    private var segments: [[UInt8]] = [[]]

    /// - Throws: event-ruler's words, without a place.
    init(_ text: String) throws(EventPatternError) {
        // Places are counted with the quotation mark before the text.
        let bytes = Array(text.utf8)
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            let next = index + 1 < bytes.count ? bytes[index + 1] : nil
            switch byte {
            case UInt8(ascii: "*"):
                guard next != byte else {
                    throw EventPatternError(reason: "Consecutive wildcard characters at pos \(index + 1)")
                }
                segments.append([])
            case UInt8(ascii: "\\"):
                guard let next, next == UInt8(ascii: "*") || next == UInt8(ascii: "\\") else {
                    throw EventPatternError(reason: "Invalid escape character at pos \(index + 1)")
                }
                segments[segments.count - 1].append(next)
                index += 1
            default:
                segments[segments.count - 1].append(byte)
            }
            index += 1
        }
    }

    func matches(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard segments.count > 1 else { return bytes == segments[0] }
        let (first, last) = (segments[0], segments[segments.count - 1])
        guard bytes.count >= first.count + last.count, bytes.starts(with: first),
            bytes[(bytes.count - last.count)...].elementsEqual(last)
        else { return false }
        var rest = bytes[first.count..<(bytes.count - last.count)]
        for segment in segments[1..<(segments.count - 1)] where !segment.isEmpty {
            guard let found = Self.firstRange(of: segment, in: rest) else { return false }
            rest = rest[found...]
        }
        return true
    }

    /// Where the first occurrence ends.
    private static func firstRange(of segment: [UInt8], in bytes: ArraySlice<UInt8>) -> Int? {
        guard bytes.count >= segment.count else { return nil }
        return (bytes.startIndex...(bytes.endIndex - segment.count)).first { start in
            bytes[start..<(start + segment.count)].elementsEqual(segment)
        }.map { $0 + segment.count }
    }

    // MARK: Complexity

    /// In how many places of these patterns a matcher can be at once, at worst: what makes rules slow on AWS, and is
    /// therefore limited. Counted up to `limit`.
    static func complexity(_ patterns: [WildcardText], limit: Int) -> Int {
        let program = patterns.map(\.program)
        var seen: Set<Set<Place>> = []
        var waiting = [Set(program.indices.map { Place(pattern: $0, index: 0, inStar: false) })]
        var worst = 0
        while let places = waiting.popLast() {
            // Patterns whose states go on multiplying are as bad as those that have many at once.
            guard seen.count < 2000 else { return limit }
            var next: [UInt8: Set<Place>] = [:]
            let bytes = Set(places.compactMap { byte(at: $0.index, in: program[$0.pattern]) })
            for byte in bytes { next[byte] = step(places, byte, program) }
            for after in next.values where seen.insert(after).inserted {
                worst = max(worst, after.count)
                if worst >= limit { return limit }
                waiting.append(after)
            }
        }
        return worst
    }

    /// How far a matcher has come: `index` elements are behind it, and it stands inside the asterisk that is next.
    private struct Place: Hashable {
        var pattern: Int
        var index: Int
        var inStar: Bool
    }

    /// Bytes, with nil for an asterisk.
    private var program: [UInt8?] {
        segments.enumerated().flatMap { ($0.offset == 0 ? [] : [nil]) + $0.element.map(Optional.some) }
    }

    /// The byte that leads on, behind an asterisk if there is one.
    private static func byte(at index: Int, in program: [UInt8?]) -> UInt8? {
        guard index < program.count else { return nil }
        return program[index] ?? (index + 1 < program.count ? program[index + 1] : nil)
    }

    private static func step(_ places: Set<Place>, _ byte: UInt8, _ program: [[UInt8?]]) -> Set<Place> {
        var after: Set<Place> = []
        for place in places {
            let program = program[place.pattern]
            guard place.index < program.count else { continue }
            let isStar = program[place.index] == nil
            if isStar { after.insert(Place(pattern: place.pattern, index: place.index, inStar: true)) }
            if Self.byte(at: place.index, in: program) == byte {
                after.insert(Place(pattern: place.pattern, index: place.index + (isStar ? 2 : 1), inStar: false))
            }
        }
        return after
    }
}
