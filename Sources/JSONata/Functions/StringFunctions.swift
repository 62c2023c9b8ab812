/// Text: [string functions](https://docs.jsonata.org/string-functions).
enum StringFunctions {
    static let all: [NativeFunction] = [
        .make("string", "<x-b?:s>") { (arguments, _) throws(JSONataError) in
            if arguments[0].isUndefined { return .undefined }
            return .string(try Text.string(arguments[0], isPretty: try arguments[1].isTruthy()))
        },
        .make("length", "<s-:n>") { (arguments, _) throws(JSONataError) in
            mapped(arguments) { .number(Double($0.unicodeScalars.count)) }
        },
        .make("substring", "<s-nn?:s>", arity: 3) { (arguments, _) throws(JSONataError) in substring(arguments) },
        .make("substringBefore", "<s-s:s>", arity: 2) { (arguments, _) throws(JSONataError) in
            mapped(arguments) { text in
                let found = TextSearch.range(of: arguments.string(1) ?? "undefined", in: text)
                return .string(found.map { String(text[..<$0.lowerBound]) } ?? text)
            }
        },
        .make("substringAfter", "<s-s:s>", arity: 2) { (arguments, _) throws(JSONataError) in
            mapped(arguments) { text in
                let found = TextSearch.range(of: arguments.string(1) ?? "undefined", in: text)
                return .string(found.map { String(text[$0.upperBound...]) } ?? text)
            }
        },
        .make("lowercase", "<s-:s>") { (arguments, _) throws(JSONataError) in
            mapped(arguments) { .string($0.lowercased()) }
        },
        .make("uppercase", "<s-:s>") { (arguments, _) throws(JSONataError) in
            mapped(arguments) { .string($0.uppercased()) }
        },
        .make("trim", "<s-:s>") { (arguments, _) throws(JSONataError) in mapped(arguments) { .string(trimmed($0)) } },
        .make("pad", "<s-ns?:s>", arity: 3) { (arguments, _) throws(JSONataError) in
            mapped(arguments) { .string(padded($0, arguments.number(1) ?? 0, arguments.string(2) ?? "")) }
        },
        .make("join", "<a<s>s?:s>", arity: 2) { (arguments, _) throws(JSONataError) in
            guard let list = arguments.list(0) else { return .undefined }
            var parts: [String] = []
            for index in 0..<list.count { if case .string(let text) = list[index] { parts.append(text) } }
            return .string(parts.joined(separator: arguments.string(1) ?? ""))
        },
    ]

    static func mapped(_ arguments: Arguments, _ body: (String) -> Value) -> Value {
        arguments.string(0).map(body) ?? .undefined
    }

    private static func substring(_ arguments: Arguments) -> Value {
        guard let text = arguments.string(0) else { return .undefined }
        let scalars = Array(text.unicodeScalars)
        let count = Double(scalars.count)
        var start = arguments.number(1) ?? 0
        if count + start < 0 { start = 0 }
        var end = count
        if let length = arguments.number(2) {
            if length <= 0 { return .emptyString }
            end = start >= 0 ? start + length : count + start + length
        }
        let low = place(start, scalars.count)
        let high = place(end, scalars.count)
        guard low < high else { return .emptyString }
        var result = String.UnicodeScalarView()
        result.append(contentsOf: scalars[low..<high])
        return .string(String(result))
    }

    /// As JavaScript's `slice` reads a place: cut off, from the end where it is negative, within bounds.
    static func place(_ position: Double, _ count: Int) -> Int {
        if position.isNaN { return 0 }
        let whole = min(max(position.rounded(.towardZero), -1e9), 1e9)
        return whole < 0 ? max(0, count + Int(whole)) : min(Int(whole), count)
    }

    private static func trimmed(_ text: String) -> String {
        let blanks: Set<UInt8> = [0x20, 0x09, 0x0A, 0x0D]
        var output: [UInt8] = []
        for byte in text.utf8 {
            if !blanks.contains(byte) {
                output.append(byte)
            } else if output.last != 0x20 {
                output.append(0x20)
            }
        }
        if output.first == 0x20 { output.removeFirst() }
        if output.last == 0x20 { output.removeLast() }
        return String(decoding: output, as: UTF8.self)
    }

    /// The longest text that padding makes.
    private static let maximumWidth = 10_000_000

    private static func padded(_ text: String, _ width: Double, _ characters: String) -> String {
        let filler = Array((characters.isEmpty ? " " : characters).unicodeScalars)
        let wanted = Int(min(abs(width).rounded(.towardZero), Double(maximumWidth)))
        let missing = wanted - text.unicodeScalars.count
        guard missing > 0 else { return text }
        var padding = String.UnicodeScalarView()
        for index in 0..<missing { padding.append(filler[index % filler.count]) }
        return width > 0 ? text + String(padding) : String(padding) + text
    }
}

/// Finding a text in another, scalar by scalar.
enum TextSearch {
    static func range(
        of wanted: String,
        in text: String,
        from start: String.Index? = nil
    ) -> Range<String.Index>? {
        var start = start ?? text.startIndex
        let needle = Array(wanted.utf8)
        let utf8 = text.utf8
        guard let first = needle.first else { return start..<start }
        while let candidate = utf8[start...].firstIndex(of: first) {
            if utf8[candidate...].starts(with: needle) {
                return candidate..<utf8.index(candidate, offsetBy: needle.count)
            }
            start = utf8.index(after: candidate)
        }
        return nil
    }
}
