#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What is said of a cell that cannot be used.
enum CSVFailure {
    /// The text of a cell, cut where it is long.
    static func cell(_ base: UnsafePointer<UInt8>, from start: Int, end: Int) -> String {
        var stop = start
        while stop < end, ![0x2C, 0x0A, 0x0D].contains(base[stop]), stop - start < 80 { stop += 1 }
        while stop > start, base[stop - 1] == 0x20 || base[stop - 1] == 0x09 { stop -= 1 }
        return String(decoding: UnsafeBufferPointer(start: base + start, count: stop - start), as: UTF8.self)
    }

    /// The number of the line that `offset` is in, counted from 1.
    static func line(at offset: Int, in file: InputFile) throws(AlgorithmError) -> Int {
        let buffer = UnsafeMutablePointer<UInt8>.allocate(capacity: 1 << 16)
        defer { buffer.deallocate() }
        var (line, position) = (1, 0)
        var previous: UInt8 = 0
        while position < offset {
            let count = try file.read(at: position, min(1 << 16, offset - position), into: buffer)
            guard count > 0 else { break }
            for index in 0..<count {
                // A carriage return ends a line too, alone or together with the line feed behind it.
                if buffer[index] == 0x0A && previous != 0x0D || buffer[index] == 0x0D { line += 1 }
                previous = buffer[index]
            }
            position += count
        }
        return line
    }

    private static let missing: Set<String> = ["", "nan", "na", "n/a", "null", "none", "?"]

    static func badCell(_ text: String, _ place: InputPlace, _ channel: String) -> AlgorithmError {
        let head = "Unable to read data channel '\(channel)'."
        let word = text.filter { $0 != "\"" }.lowercased()
        if missing.contains(word) {
            let shown = text.isEmpty ? "is empty" : "is '\(text)'"
            return .client(
                "\(head) Found missing (NaN) values. Please remove any missing (NaN) values in the input data: "
                    + "\(place.description) \(shown)"
            )
        }
        let isNumber = Double(word) != nil && isQuotedWholly(text)
        if isNumber || ["inf", "infinity"].contains(word.drop { $0 == "-" || $0 == "+" }) {
            return .client(
                "\(head) Found infinite (Inf) or too large values. Please remove any infinite values in the "
                    + "input data: \(place.description) is '\(text)', which does not fit a 32-bit float"
            )
        }
        return .client(
            "\(head) Unable to parse csv: \(place.description): '\(text)' is not a number. \(mend(text, place))"
        )
    }

    /// Whether a quotation mark stands at both ends or at none.
    private static func isQuotedWholly(_ text: String) -> Bool { text.hasPrefix("\"") == text.hasSuffix("\"") }

    private static func mend(_ text: String, _ place: InputPlace) -> String {
        for (separator, name) in [(";", "semicolons"), ("\t", "tabs"), ("|", "bars")] {
            let parts = text.split(separator: separator)
            if parts.count > 1, parts.allSatisfy({ Double($0.filter { $0 != " " }) != nil }) {
                return "The cells are separated by \(name): write the file with commas, to_csv(path, sep=\",\")"
            }
        }
        if !isQuotedWholly(text) { return "The cell has a quotation mark at one end only" }
        if place.line == 1, text.contains(where: \.isLetter) {
            return "If line 1 is a header, remove it: write with to_csv(path, header=False, index=False), or cut it "
                + "with tail -n +2"
        }
        guard text.contains(where: \.isLetter) else {
            return "Write numbers with a point before the fraction and nothing between thousands, such as 1234.5"
        }
        return "Encode text as numbers before training"
    }
}
