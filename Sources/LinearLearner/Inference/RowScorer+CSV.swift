extension RowScorer {
    /// Reads lines of features, without labels and header.
    mutating func addCSV(_ bytes: UnsafeBufferPointer<UInt8>) throws(InferenceError) {
        guard let base = bytes.baseAddress else { return }
        let end = bytes.count
        let row = UnsafeScratch(featureCount)
        let scales = NumberScales()
        var features: [Float] = []
        var position = end >= 3 && base[0] == 0xEF && base[1] == 0xBB && base[2] == 0xBF ? 3 : 0
        var line = 0
        while position < end {
            line += 1
            if let next = Self.readPlainLine(base + position, base + end, scales.base, row.base, featureCount) {
                position = next - base
                add(UnsafeBufferPointer(start: row.base, count: featureCount))
                continue
            }
            features.removeAll(keepingCapacity: true)
            try Self.readLine(base, &position, end: end, line, &features)
            if features.isEmpty { continue }
            guard features.count == featureCount else {
                throw .wrongWidth(features.count, featureCount, "line \(line)")
            }
            features.withUnsafeBufferPointer { add($0) }
        }
    }

    /// Reads a line of so many plain numbers, which nearly all are.
    /// - Returns: Where the next line begins; nil where there is anything else.
    @inline(__always)
    private static func readPlainLine(
        _ start: UnsafePointer<UInt8>,
        _ end: UnsafePointer<UInt8>,
        _ scales: UnsafePointer<Double>,
        _ row: UnsafeMutablePointer<Float>,
        _ count: Int
    ) -> UnsafePointer<UInt8>? {
        var cell = start
        var value = 0.0
        for column in 0..<count {
            // A request has no room behind its end that could be read.
            let isNumber =
                end - cell >= 16
                ? NumberScanner.scanCell(&cell, end, scales, &value) : NumberScanner.scanLongCell(&cell, end, &value)
            guard isNumber else { return nil }
            row[column] = Float(value)
            guard column < count - 1 else { break }
            guard cell < end, cell.pointee == UInt8(ascii: ",") else { return nil }
            cell += 1
        }
        if cell < end, cell.pointee == 0x0D { cell += 1 }
        guard cell < end else { return cell }
        return cell.pointee == 0x0A ? cell + 1 : nil
    }

    /// Reads one line and its end; a blank line has no features.
    private static func readLine(
        _ base: UnsafePointer<UInt8>,
        _ position: inout Int,
        end: Int,
        _ line: Int,
        _ features: inout [Float]
    ) throws(InferenceError) {
        while true {
            let cell = position
            skipSpaces(base, &position, end: end)
            let isQuoted = position < end && base[position] == UInt8(ascii: "\"")
            if isQuoted { position += 1 }
            var value = NumberScanner.scan(base, &position, end: end)
            if isQuoted {
                if position < end, base[position] == UInt8(ascii: "\"") { position += 1 } else { value = nil }
            }
            skipSpaces(base, &position, end: end)
            let isAtEnd = position >= end || base[position] == 0x0A || base[position] == 0x0D
            if isAtEnd, value == nil, !isQuoted, features.isEmpty, isBlank(base, cell..<position) {
                skipLineEnd(base, &position, end: end)
                return
            }
            guard let value, isAtEnd || base[position] == UInt8(ascii: ",") else {
                let text = UnsafeBufferPointer(start: base + cell, count: end - cell)
                    .prefix { $0 != UInt8(ascii: ",") && $0 != 0x0A && $0 != 0x0D }
                let shown = String(decoding: text.prefix(40), as: UTF8.self)
                throw .unreadable(
                    "Unable to parse csv: line \(line), column \(features.count + 1): '\(shown)' is not a number"
                )
            }
            features.append(Float(value))
            guard !isAtEnd else { break }
            position += 1
        }
        skipLineEnd(base, &position, end: end)
    }

    private static func isBlank(_ base: UnsafePointer<UInt8>, _ range: Range<Int>) -> Bool {
        range.allSatisfy { base[$0] == 0x20 || base[$0] == 0x09 }
    }

    private static func skipSpaces(_ base: UnsafePointer<UInt8>, _ position: inout Int, end: Int) {
        while position < end, base[position] == 0x20 || base[position] == 0x09 { position += 1 }
    }

    private static func skipLineEnd(_ base: UnsafePointer<UInt8>, _ position: inout Int, end: Int) {
        if position < end, base[position] == 0x0D { position += 1 }
        if position < end, base[position] == 0x0A { position += 1 }
    }
}
