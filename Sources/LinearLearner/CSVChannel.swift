#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Reads a channel of CSV files: no header, the label first, numbers only.
struct CSVChannel {
    private let channel: String
    private let labelRule: LabelRule
    private var rows: [Float] = []
    private var width = 0
    private var widthPlace: InputPlace?
    private var badLabel: (place: InputPlace, text: String)?

    /// - Throws: `AlgorithmError` of kind `client` at the first cell that cannot be used.
    static func read(
        _ name: String,
        _ files: [TrainingChannel.File],
        labelRule: LabelRule
    ) throws(AlgorithmError) -> Dataset {
        var reader = CSVChannel(name, labelRule)
        for file in files { try reader.read(file) }
        return try reader.finish(files)
    }

    private init(_ channel: String, _ labelRule: LabelRule) {
        self.channel = channel
        self.labelRule = labelRule
    }

    private mutating func read(_ file: TrainingChannel.File) throws(AlgorithmError) {
        let bytes = try InputBytes(file)
        let buffer = bytes.buffer
        guard let base = buffer.baseAddress else { return }
        let end = buffer.count
        // A byte-order mark says nothing about the numbers.
        var position = end >= 3 && base[0] == 0xEF && base[1] == 0xBB && base[2] == 0xBF ? 3 : 0
        var line = 0
        while position < end {
            line += 1
            try readLine(base, &position, end: end, InputPlace(file: file.name, line: line, column: 1))
        }
    }

    private mutating func readLine(
        _ base: UnsafePointer<UInt8>,
        _ position: inout Int,
        end: Int,
        _ place: InputPlace
    ) throws(AlgorithmError) {
        let rowStart = rows.count
        var column = 0
        while true {
            column += 1
            skipSpaces(base, &position, end: end)
            let cellStart = position
            let isQuoted = position < end && base[position] == UInt8(ascii: "\"")
            if isQuoted { position += 1 }
            let value = NumberScanner.scan(base, &position, end: end)
            if isQuoted, position < end, base[position] == UInt8(ascii: "\"") { position += 1 }
            skipSpaces(base, &position, end: end)
            let isAtEnd = position >= end || base[position] == 0x0A || base[position] == 0x0D
            if isAtEnd, column == 1, position == cellStart {
                skipLineEnd(base, &position, end: end)
                return
            }
            guard let value, isAtEnd || base[position] == UInt8(ascii: ","),
                abs(value) <= Double(Float.greatestFiniteMagnitude)
            else {
                var place = place
                place.column = column
                throw badCell(Self.cell(base, from: cellStart, end: end), place)
            }
            rows.append(Float(value))
            if column == 1, badLabel == nil, !labelRule.allows(Float(value)) {
                badLabel = (place, Self.cell(base, from: cellStart, end: end))
            }
            if isAtEnd { break }
            position += 1
        }
        skipLineEnd(base, &position, end: end)
        try checkWidth(rows.count - rowStart, place)
    }

    private mutating func checkWidth(_ count: Int, _ place: InputPlace) throws(AlgorithmError) {
        if width == 0 {
            guard count >= 2 else {
                throw .client(
                    "Unable to read data channel '\(channel)'. \(place.file), line \(place.line) has only one column: "
                        + "the label must be followed by at least one feature, separated by commas"
                )
            }
            width = count
            widthPlace = place
        }
        guard count == width, let first = widthPlace else {
            let first = widthPlace.map { "\($0.file), line \($0.line)" } ?? "the first line"
            throw .client(
                "Unable to read data channel '\(channel)'. \(place.file), line \(place.line) has \(count) columns, but "
                    + "\(first) has \(width). Every line needs the same number of columns"
            )
        }
        _ = first
    }

    private func finish(_ files: [TrainingChannel.File]) throws(AlgorithmError) -> Dataset {
        guard !rows.isEmpty else {
            let names = files.map(\.name).joined(separator: ", ")
            throw .client(
                "Unable to read data channel '\(channel)'. "
                    + (files.isEmpty ? "It has no files" : "There are no rows in \(names)")
            )
        }
        if let badLabel { throw LabelDiagnosis(rows, width, labelRule).error(badLabel.place, badLabel.text) }
        return Dataset(rows: rows, width: width)
    }

    // MARK: Cells

    @inline(__always)
    private func skipSpaces(_ base: UnsafePointer<UInt8>, _ position: inout Int, end: Int) {
        while position < end, base[position] == 0x20 || base[position] == 0x09 { position += 1 }
    }

    @inline(__always)
    private func skipLineEnd(_ base: UnsafePointer<UInt8>, _ position: inout Int, end: Int) {
        if position < end, base[position] == 0x0D { position += 1 }
        if position < end, base[position] == 0x0A { position += 1 }
    }

    private static func cell(_ base: UnsafePointer<UInt8>, from start: Int, end: Int) -> String {
        var stop = start
        while stop < end, ![0x2C, 0x0A, 0x0D].contains(base[stop]), stop - start < 80 { stop += 1 }
        while stop > start, base[stop - 1] == 0x20 || base[stop - 1] == 0x09 { stop -= 1 }
        return String(decoding: UnsafeBufferPointer(start: base + start, count: stop - start), as: UTF8.self)
    }

    private static let missing: Set<String> = ["", "nan", "na", "n/a", "null", "none", "?"]

    private func badCell(_ text: String, _ place: InputPlace) -> AlgorithmError {
        let head = "Unable to read data channel '\(channel)'."
        let word = text.filter { $0 != "\"" }.lowercased()
        if Self.missing.contains(word) {
            let shown = text.isEmpty ? "is empty" : "is '\(text)'"
            return .client(
                "\(head) Found missing (NaN) values. Please remove any missing (NaN) values in the input data: "
                    + "\(place.description) \(shown)"
            )
        }
        if ["inf", "infinity"].contains(word.drop { $0 == "-" || $0 == "+" }) || Double(word) != nil {
            return .client(
                "\(head) Found infinite (Inf) or too large values. Please remove any infinite values in the "
                    + "input data: "
                    + "\(place.description) is '\(text)', which does not fit a 32-bit float"
            )
        }
        let mend =
            place.line == 1
            ? "If line 1 is a header, remove it: write with to_csv(path, header=False, index=False), or cut it "
                + "with tail -n +2"
            : "Encode text as numbers before training"
        return .client("\(head) Unable to parse csv: \(place.description): '\(text)' is not a number. \(mend)")
    }
}

/// The bytes of an input file, mapped into memory.
private final class InputBytes {
    let buffer: UnsafeBufferPointer<UInt8>
    private let size: Int

    init(_ file: TrainingChannel.File) throws(AlgorithmError) {
        let descriptor = open(file.path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure(file) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Self.failure(file) }
        size = Int(status.st_size)
        guard size > 0 else {
            buffer = UnsafeBufferPointer(start: nil, count: 0)
            return
        }
        guard let address = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), address != MAP_FAILED else {
            throw Self.failure(file)
        }
        buffer = UnsafeBufferPointer(start: address.assumingMemoryBound(to: UInt8.self), count: size)
    }

    deinit { if let base = buffer.baseAddress { munmap(UnsafeMutableRawPointer(mutating: base), size) } }

    private static func failure(_ file: TrainingChannel.File) -> AlgorithmError {
        AlgorithmError(.algorithm, "Cannot read \(file.name): \(String(cString: strerror(errno)))")
    }
}
