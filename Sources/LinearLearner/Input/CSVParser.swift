#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Reads rows from chunks of CSV files: no header, the label first, numbers only.
struct CSVParser {
    private let channel: InputDescription
    private let files: [InputFile]
    private let buffer = ChunkBuffer()
    private var chunk = FileChunk(file: 0, range: 0..<0)
    private var position = 0
    /// One row, where rows are kept sparse.
    private let scratch: UnsafeScratch
    private let table: CellTable
    private let scales = NumberScales()

    /// - Parameter scaler: Applied to each feature while it is read.
    init(_ channel: InputDescription, _ files: [InputFile], _ scaler: Scaler) {
        self.channel = channel
        self.files = files
        scratch = UnsafeScratch(channel.layout.columnCount)
        table = CellTable(scaler)
    }

    mutating func open(_ chunk: FileChunk) throws(AlgorithmError) {
        self.chunk = chunk
        try buffer.read(chunk, files)
        position = 0
        if chunk.range.lowerBound == 0 { skipByteOrderMark() }
    }

    private mutating func skipByteOrderMark() {
        let bytes = buffer.bytes
        if buffer.count >= 3, bytes[0] == 0xEF, bytes[1] == 0xBB, bytes[2] == 0xBF { position = 3 }
    }

    /// Appends at most `limit` rows to a block.
    /// - Returns: Whether there may be more.
    /// - Throws: `AlgorithmError` of kind `client` at the first cell that cannot be used.
    mutating func read(_ limit: Int, into block: RowBlock) throws(AlgorithmError) -> Bool {
        let isSparse = channel.layout.isSparse
        for _ in 0..<limit {
            guard position < buffer.count else { return false }
            let target = isSparse ? scratch.base : block.nextRow()
            var label: Float = 0
            let start = position
            if !readPlainRow(target, &label) {
                position = start
                guard try readAnyRow(target, &label) else { continue }
            }
            guard channel.labelRule.allows(label) else { throw badLabel(start) }
            if isSparse {
                let row = UnsafeBufferPointer(start: target, count: channel.layout.featureCount)
                block.appendSparse(row.lazy.enumerated().map { (Int32($0.offset), $0.element) }, label: label)
            } else {
                block.commitRow(label: label)
            }
        }
        return position < buffer.count
    }

    /// A row of plain numbers, which nearly all are.
    /// - Returns: False where there is anything else.
    @inline(__always)
    private mutating func readPlainRow(_ target: UnsafeMutablePointer<Float>, _ label: inout Float) -> Bool {
        let bytes = UnsafePointer(buffer.bytes)
        let end = bytes + buffer.count
        let last = channel.layout.featureCount - 1
        let (means, factors, scales) = (table.means, table.factors, self.scales.base)
        var cell = bytes + position
        var value = 0.0
        guard NumberScanner.scanCell(&cell, end, scales, &value), cell.pointee == UInt8(ascii: ",") else {
            return false
        }
        label = Float(value)
        var column = 0
        while column < last {
            cell += 1
            guard NumberScanner.scanCell(&cell, end, scales, &value), cell.pointee == UInt8(ascii: ",") else {
                return false
            }
            target[column] = Float((value - means[column]) * factors[column])
            column &+= 1
        }
        cell += 1
        guard NumberScanner.scanCell(&cell, end, scales, &value) else { return false }
        target[column] = Float((value - means[column]) * factors[column])
        if cell < end {
            if cell.pointee == 0x0D { cell += 1 }
            guard cell.pointee == 0x0A else { return false }
            cell += 1
        }
        guard cell <= end else { return false }
        position = cell - bytes
        return true
    }

    /// A row with anything that CSV allows: spaces, quotes, other line ends; or a blank line.
    /// - Returns: Whether there was a row.
    private mutating func readAnyRow(
        _ target: UnsafeMutablePointer<Float>,
        _ label: inout Float
    ) throws(AlgorithmError) -> Bool {
        let bytes = UnsafePointer(buffer.bytes)
        let end = buffer.count
        let start = position
        var column = 0
        while true {
            skipSpaces()
            let cell = position
            let isQuoted = position < end && bytes[position] == UInt8(ascii: "\"")
            if isQuoted { position += 1 }
            var value = NumberScanner.scan(bytes, &position, end: end)
            if isQuoted {
                if position < end, bytes[position] == UInt8(ascii: "\"") { position += 1 } else { value = nil }
            }
            skipSpaces()
            let isAtEnd = position >= end || bytes[position] == 0x0A || bytes[position] == 0x0D
            if isAtEnd, column == 0, position == cell {
                skipLineEnd()
                return false
            }
            guard let value, isAtEnd || bytes[position] == UInt8(ascii: ","),
                abs(value) <= Double(Float.greatestFiniteMagnitude)
            else { throw badCell(cell, column: column + 1, rowStart: start) }
            if column == 0 {
                label = Float(value)
            } else if column <= channel.layout.featureCount {
                target[column - 1] = Float((value - table.means[column - 1]) * table.factors[column - 1])
            }
            column += 1
            if isAtEnd { break }
            position += 1
        }
        skipLineEnd()
        guard column == channel.layout.columnCount else { throw ragged(column, start) }
        return true
    }

    private mutating func skipSpaces() {
        while position < buffer.count, buffer.bytes[position] == 0x20 || buffer.bytes[position] == 0x09 {
            position += 1
        }
    }

    private mutating func skipLineEnd() {
        if position < buffer.count, buffer.bytes[position] == 0x0D { position += 1 }
        if position < buffer.count, buffer.bytes[position] == 0x0A { position += 1 }
    }

    // MARK: Failures

    /// - Parameter offset: In the chunk.
    private func place(_ offset: Int, column: Int = 1) throws(AlgorithmError) -> InputPlace {
        let file = files[chunk.file]
        let line = try CSVFailure.line(at: chunk.range.lowerBound + offset, in: file)
        return InputPlace(file: file.file.name, line: line, column: column)
    }

    private func badCell(_ offset: Int, column: Int, rowStart: Int) -> AlgorithmError {
        let text = CSVFailure.cell(UnsafePointer(buffer.bytes), from: offset, end: buffer.count)
        do {
            return CSVFailure.badCell(text, try place(rowStart, column: column), channel.name)
        } catch {
            return error
        }
    }

    private func ragged(_ count: Int, _ rowStart: Int) -> AlgorithmError {
        do {
            let place = try place(rowStart)
            return .client(
                "Unable to read data channel '\(channel.name)'. \(place.file), line \(place.line) has \(count) columns, "
                    + "but \(channel.firstRow) has \(channel.layout.columnCount). Every line needs the same number of "
                    + "columns"
            )
        } catch {
            return error
        }
    }

    /// Explained by the rest of the chunk, read without regard to labels.
    private mutating func badLabel(_ rowStart: Int) -> AlgorithmError {
        let text = CSVFailure.cell(UnsafePointer(buffer.bytes), from: rowStart, end: buffer.count)
        do {
            let place = try place(rowStart)
            let width = channel.layout.columnCount
            var free = CSVParser(
                channel.withoutLabelRule(),
                files,
                Scaler(identityOf: channel.layout.featureCount)
            )
            try free.open(chunk)
            let block = RowBlock(RowLayout(featureCount: channel.layout.featureCount, isSparse: false), capacity: 1024)
            while try free.read(4096, into: block) {}
            var rows: [Float] = []
            for index in 0..<block.count {
                rows.append(block.labels[index])
                rows += UnsafeBufferPointer(start: block.row(index), count: width - 1)
            }
            return LabelDiagnosis(rows, width, channel.labelRule).error(place, text.trimmingSpaces())
        } catch {
            return error
        }
    }
}

/// What every cell is multiplied and shifted by, as plain memory.
private final class CellTable {
    let means: UnsafeMutablePointer<Double>
    let factors: UnsafeMutablePointer<Double>

    init(_ scaler: Scaler) {
        means = Self.copy(scaler.means)
        factors = Self.copy(scaler.deviations.map { 1 / $0 })
    }

    private static func copy(_ values: [Double]) -> UnsafeMutablePointer<Double> {
        let target = UnsafeMutablePointer<Double>.allocate(capacity: max(values.count, 1))
        for (index, value) in values.enumerated() { (target + index).initialize(to: value) }
        return target
    }

    deinit {
        means.deallocate()
        factors.deallocate()
    }
}

/// Room for one row, given back with its owner.
final class UnsafeScratch {
    let base: UnsafeMutablePointer<Float>

    init(_ count: Int) {
        base = .allocate(capacity: count)
        base.initialize(repeating: 0, count: count)
    }

    deinit { base.deallocate() }
}

extension String {
    fileprivate func trimmingSpaces() -> String { String(drop { $0 == " " || $0 == "\t" || $0 == "\u{FEFF}" }) }
}
