/// Finding and replacing: `$contains`, `$match`, `$replace`, `$split`, with texts, regular expressions or functions.
enum PatternFunctions {
    static let all: [NativeFunction] = [
        .make("contains", "<s-(sf):b>", arity: 2) { (arguments, site) throws(JSONataError) in
            guard let text = arguments.string(0) else { return .undefined }
            if let function = arguments.function(1) {
                var matches = Matches(function, text, site)
                return .bool(try matches.next() != nil)
            }
            return .bool(TextSearch.range(of: arguments.string(1) ?? "undefined", in: text) != nil)
        },
        .make("match", "<s-f<s:o>n?:a<o>>", arity: 3) { (arguments, site) throws(JSONataError) in
            guard let text = arguments.string(0), let function = arguments.function(1) else { return .undefined }
            return try match(text, function, try limit(arguments, 2, "D3040"), site)
        },
        .make("replace", "<s-(sf)(sf)n?:s>", arity: 4) { (arguments, site) throws(JSONataError) in
            guard let text = arguments.string(0) else { return .undefined }
            if let pattern = arguments.string(1), pattern.isEmpty {
                throw JSONataError("D3010", value: "\"\"", index: 2)
            }
            return .string(try replace(text, arguments, try limit(arguments, 3, "D3011"), site))
        },
        .make("split", "<s-(sf)n?:a<s>>", arity: 3) { (arguments, site) throws(JSONataError) in
            guard let text = arguments.string(0) else { return .undefined }
            return .list(try split(text, arguments, try limit(arguments, 2, "D3020"), site))
        },
    ]

    /// How many matches at most; all where it is left out.
    private static func limit(_ arguments: Arguments, _ index: Int, _ code: String) throws(JSONataError) -> Int {
        guard let limit = arguments.number(index) else { return .max }
        guard limit >= 0 else { throw JSONataError(code, value: NumberText.text(limit), index: index + 1) }
        return limit >= 1e15 ? .max : Int(limit.rounded(.up))
    }

    private static func match(
        _ text: String,
        _ function: Function,
        _ limit: Int,
        _ site: NativeFunction.Site
    ) throws(JSONataError) -> Value {
        var found: [Value] = []
        var matches = Matches(function, text, site)
        while found.count < limit, let match = try matches.next() {
            found.append(
                .object(
                    Members(unique: [
                        ("match", .string(match.match)), ("index", .number(Double(match.start))),
                        ("groups", .list(match.groups)),
                    ])
                )
            )
        }
        return .sequence(found)
    }

    private static func split(
        _ text: String,
        _ arguments: Arguments,
        _ limit: Int,
        _ site: NativeFunction.Site
    ) throws(JSONataError) -> [Value] {
        guard limit > 0 else { return [] }
        guard let function = arguments.function(1) else {
            return split(text, separator: arguments.string(1), limit).map { .string($0) }
        }
        let units = Array(text.utf16)
        var parts: [Value] = []
        var start = 0
        var matches = Matches(function, text, site)
        while parts.count < limit, let match = try matches.next() {
            parts.append(.string(slice(units, start, match.start)))
            start = match.end
        }
        if parts.count < limit { parts.append(.string(slice(units, start, units.count))) }
        return parts
    }

    private static func split(_ text: String, separator: String?, _ limit: Int) -> [String] {
        guard let separator else { return [text] }
        if separator.isEmpty { return text.unicodeScalars.prefix(limit).map { String($0) } }
        var parts: [String] = []
        var start = text.startIndex
        while let range = TextSearch.range(of: separator, in: text, from: start) {
            parts.append(String(text[start..<range.lowerBound]))
            start = range.upperBound
        }
        parts.append(String(text[start...]))
        return Array(parts.prefix(limit))
    }

    private static func slice(_ units: [UInt16], _ start: Int, _ end: Int) -> String {
        let low = min(max(0, start), units.count)
        let high = min(max(low, end), units.count)
        return String(decoding: units[low..<high], as: UTF16.self)
    }

    // MARK: Replacing

    private static func replace(
        _ text: String,
        _ arguments: Arguments,
        _ limit: Int,
        _ site: NativeFunction.Site
    ) throws(JSONataError) -> String {
        guard let pattern = arguments.function(1) else {
            return replace(text, arguments.string(1) ?? "undefined", arguments.string(2) ?? "undefined", limit)
        }
        let units = Array(text.utf16)
        var result = ""
        var position = 0
        var count = 0
        var matches = Matches(pattern, text, site)
        while count < limit, let match = try matches.next() {
            result += slice(units, position, match.start)
            if let function = arguments.function(2) {
                let replacement = try site.call(function, [match.value])
                guard case .string(let text) = replacement else {
                    throw JSONataError("D3012", value: replacement.described)
                }
                result += text
            } else {
                result += filled(arguments.string(2) ?? "undefined", match)
            }
            position = match.start + match.match.utf16.count
            count += 1
        }
        return result + slice(units, position, units.count)
    }

    private static func replace(_ text: String, _ pattern: String, _ replacement: String, _ limit: Int) -> String {
        var result = ""
        var position = text.startIndex
        var count = 0
        while count < limit, let range = TextSearch.range(of: pattern, in: text, from: position) {
            result += text[position..<range.lowerBound]
            result += replacement
            position = range.upperBound
            count += 1
        }
        return result + text[position...]
    }

    /// A replacement with `$0`, `$1`… filled in: as many digits as there can be groups.
    private static func filled(_ replacement: String, _ match: TextMatch) -> String {
        let units = Array(replacement.utf8)
        var output: [UInt8] = []
        var position = 0
        while position < units.count {
            guard units[position] == UInt8(ascii: "$") else {
                output.append(units[position])
                position += 1
                continue
            }
            position += 1
            if position < units.count, units[position] == UInt8(ascii: "$") {
                output.append(units[position])
                position += 1
            } else if position < units.count, units[position] == UInt8(ascii: "0") {
                output += match.match.utf8
                position += 1
            } else if let (group, length) = reference(units[position...], match.groups.count) {
                if (1...max(1, match.groups.count)).contains(group), group <= match.groups.count,
                    case .string(let text) = match.groups[group - 1]
                {
                    output += text.utf8
                }
                position += length
            } else {
                output.append(UInt8(ascii: "$"))
            }
        }
        return String(decoding: output, as: UTF8.self)
    }

    private static func reference(_ units: ArraySlice<UInt8>, _ groups: Int) -> (Int, Int)? {
        func number(_ digits: Int) -> (Int, Int)? {
            let text = units.prefix(digits).prefix { (0x30...0x39).contains($0) }
            return Int(String(decoding: text, as: UTF8.self)).map { ($0, String($0).utf8.count) }
        }
        let most = String(max(1, groups)).count
        guard let found = number(most) else { return nil }
        return most > 1 && found.0 > groups ? number(most - 1) : found
    }
}
