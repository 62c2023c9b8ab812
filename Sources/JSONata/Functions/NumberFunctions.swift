/// Numbers: [numeric functions](https://docs.jsonata.org/numeric-functions).
enum NumberFunctions {
    static let all: [NativeFunction] = [
        .make("number", "<(nsb)-:n>") { (arguments, _) throws(JSONataError) in try number(arguments[0]) },
        .make("abs", "<n-:n>") { (arguments, _) throws(JSONataError) in mapped(arguments) { abs($0) } },
        .make("floor", "<n-:n>") { (arguments, _) throws(JSONataError) in mapped(arguments) { $0.rounded(.down) } },
        .make("ceil", "<n-:n>") { (arguments, _) throws(JSONataError) in mapped(arguments) { $0.rounded(.up) } },
        .make("round", "<n-n?:n>", arity: 2) { (arguments, _) throws(JSONataError) in
            let decimals = Int(min(max(arguments.number(1) ?? 0, -400), 400))
            return mapped(arguments) { NumberText.rounded($0, decimals: decimals) }
        },
        .make("sqrt", "<n-:n>") { (arguments, _) throws(JSONataError) in
            if let value = arguments.number(0), value < 0 {
                throw JSONataError("D3060", value: NumberText.text(value), index: 1)
            }
            return mapped(arguments) { $0.squareRoot() }
        },
        .make("power", "<n-n:n>", arity: 2) { (arguments, _) throws(JSONataError) in
            guard let base = arguments.number(0) else { return .undefined }
            let exponent = arguments.number(1) ?? .nan
            let result = NumberText.power(base, exponent)
            guard result.isFinite else {
                throw JSONataError(
                    "D3061",
                    value: NumberText.text(base),
                    value2: NumberText.text(exponent),
                    index: 1
                )
            }
            return .number(result)
        },
        .make("random", "<:n>", arity: 0) { (_, site) throws(JSONataError) in
            .number(site.evaluator.environment.random())
        },
        .make("formatBase", "<n-n?:s>", arity: 2) { (arguments, _) throws(JSONataError) in
            guard let value = arguments.number(0) else { return .undefined }
            let radix = NumberText.rounded(arguments.number(1) ?? 10)
            guard (2...36).contains(radix) else { throw JSONataError("D3100", value: NumberText.text(radix)) }
            guard let integer = Int(exactly: NumberText.rounded(value)) else { return .string(NumberText.text(value)) }
            return .string(String(integer, radix: Int(radix)))
        },
        .make("formatNumber", "<n-so?:s>", arity: 3) { (arguments, _) throws(JSONataError) in
            guard let value = arguments.number(0) else { return .undefined }
            let symbols = NumberSymbols(options: arguments[2])
            let picture = try NumberPicture(arguments.string(1) ?? "", symbols: symbols)
            return .string(picture.format(value))
        },
        .make("formatInteger", "<n-s:s>", arity: 2) { (arguments, _) throws(JSONataError) in
            guard let value = arguments.number(0) else { return .undefined }
            return .string(try IntegerPicture(arguments.string(1) ?? "").format(value.rounded(.down)))
        },
        .make("parseInteger", "<s-s:n>", arity: 2) { (arguments, _) throws(JSONataError) in
            guard let text = arguments.string(0) else { return .undefined }
            let value = try IntegerPicture(arguments.string(1) ?? "").parse(text)
            return value.map { .number($0) } ?? .number(.nan)
        },
    ]

    private static func mapped(_ arguments: Arguments, _ body: (Double) -> Double) -> Value {
        arguments.number(0).map { .number(body($0)) } ?? .undefined
    }

    private static func number(_ value: Value) throws(JSONataError) -> Value {
        switch value {
        case .undefined, .number: return value
        case .bool(let flag): return .number(flag ? 1 : 0)
        case .string(let text): if let number = parsed(text) { return .number(number) }
        default: break
        }
        throw JSONataError("D3030", value: value.described, index: 1)
    }

    /// A JSON number (zeros may lead), or an integer in hexadecimal, octal or binary.
    private static func parsed(_ text: String) -> Double? {
        let prefixes: [(String, Int)] = [("0x", 16), ("0o", 8), ("0b", 2)]
        for (prefix, radix) in prefixes where text.lowercased().hasPrefix(prefix) {
            var value = 0.0
            for character in text.dropFirst(2) {
                guard let digit = character.hexDigitValue, digit < radix, character.isASCII else { return nil }
                value = value * Double(radix) + Double(digit)
            }
            return text.utf8.count > 2 ? value : nil
        }
        guard isDecimal(Array(text.utf8)), let value = Double(text), value.isFinite else { return nil }
        return value
    }

    private static func isDecimal(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        func takeDigits() -> Bool {
            let digits = rest.prefix { (0x30...0x39).contains($0) }
            rest = rest.dropFirst(digits.count)
            return !digits.isEmpty
        }
        if rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
        guard takeDigits() else { return false }
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            guard takeDigits() else { return false }
        }
        if let letter = rest.first, letter | 0x20 == UInt8(ascii: "e") {
            rest = rest.dropFirst()
            if let sign = rest.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { rest = rest.dropFirst() }
            guard takeDigits() else { return false }
        }
        return rest.isEmpty
    }
}
