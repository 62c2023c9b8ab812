/// Values as text.
enum Text {
    /// What `$string` makes of a value.
    /// - Throws: D3001 for infinity and NaN.
    static func string(_ value: Value, isPretty: Bool = false) throws(JSONataError) -> String {
        switch value {
        case .string(let text): return text
        case .function: return ""
        case .number(let number):
            guard number.isFinite else { throw JSONataError("D3001", value: "null") }
            return NumberText.text(NumberText.roundedForText(number))
        case .bool(let flag): return flag ? "true" : "false"
        case .null, .undefined: return "null"
        default:
            var output: [UInt8] = []
            try write(Evaluator.context(value), to: &output, isPretty: isPretty, level: 0)
            return String(decoding: output, as: UTF8.self)
        }
    }

    /// As a JSON string.
    static func quoted(_ text: String) -> String {
        var output: [UInt8] = []
        writeString(text, to: &output)
        return String(decoding: output, as: UTF8.self)
    }

    private static func write(
        _ value: Value,
        to output: inout [UInt8],
        isPretty: Bool,
        level: Int
    ) throws(JSONataError) {
        switch value {
        case .string(let text): writeString(text, to: &output)
        case .function: output += "\"\"".utf8
        case .array(let list):
            output.append(UInt8(ascii: "["))
            for index in 0..<list.count {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                if isPretty { breakLine(&output, level + 1) }
                try write(list[index], to: &output, isPretty: isPretty, level: level + 1)
            }
            if isPretty, !list.isEmpty { breakLine(&output, level) }
            output.append(UInt8(ascii: "]"))
        case .record, .object:
            output.append(UInt8(ascii: "{"))
            var isFirst = true
            for entry in value.entries where !entry.value.isUndefined {
                if !isFirst { output.append(UInt8(ascii: ",")) }
                isFirst = false
                if isPretty { breakLine(&output, level + 1) }
                writeString(entry.key, to: &output)
                output += (isPretty ? ": " : ":").utf8
                try write(entry.value, to: &output, isPretty: isPretty, level: level + 1)
            }
            if isPretty, !isFirst { breakLine(&output, level) }
            output.append(UInt8(ascii: "}"))
        case .number(let number):
            // Inside a document, what is no number is written as null.
            guard number.isNaN || number.isFinite else { throw JSONataError("D1001", value: "null") }
            output += number.isNaN ? "null".utf8 : try string(value).utf8
        default: output += try string(value).utf8
        }
    }

    private static func breakLine(_ output: inout [UInt8], _ level: Int) {
        output.append(0x0A)
        output.append(contentsOf: repeatElement(0x20, count: level * 2))
    }

    private static func writeString(_ text: String, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case 0x22, 0x5C: output += [UInt8(ascii: "\\"), byte]
            case 0x08: output += "\\b".utf8
            case 0x09: output += "\\t".utf8
            case 0x0A: output += "\\n".utf8
            case 0x0C: output += "\\f".utf8
            case 0x0D: output += "\\r".utf8
            case ..<0x20:
                let digits = Array("0123456789abcdef".utf8)
                output += "\\u00".utf8
                output += [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            default: output.append(byte)
            }
        }
        output.append(UInt8(ascii: "\""))
    }
}
