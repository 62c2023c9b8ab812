import RecordIO

/// Reads rows from chunks of RecordIO files whose records are `aialgs.data.Record` messages.
struct RecordParser {
    private let channel: InputDescription
    private let files: [InputFile]
    private let buffer = ChunkBuffer()
    private var chunk = FileChunk(file: 0, range: 0..<0)
    private var position = 0
    private let scratch: UnsafeScratch
    private let means: [Float]
    private let factors: [Float]

    /// - Parameter scaler: Applied to each feature while it is read.
    init(_ channel: InputDescription, _ files: [InputFile], _ scaler: Scaler) {
        self.channel = channel
        self.files = files
        scratch = UnsafeScratch(channel.layout.columnCount)
        means = scaler.means.map { Float($0) }
        factors = scaler.deviations.map { Float(1 / $0) }
    }

    mutating func open(_ chunk: FileChunk) throws(AlgorithmError) {
        self.chunk = chunk
        try buffer.read(chunk, files)
        position = 0
    }

    /// Appends at most `limit` rows to a block.
    /// - Returns: Whether there may be more.
    /// - Throws: `AlgorithmError` of kind `client` at the first record that cannot be used.
    mutating func read(_ limit: Int, into block: RowBlock) throws(AlgorithmError) -> Bool {
        for _ in 0..<limit {
            guard position < buffer.count else { return false }
            // The chunk was cut along the records' headers, so this one is whole.
            let start = position
            let length = RecordChunks.length(buffer.bytes, at: start)
            position = start + 8 + (length + 3) / 4 * 4
            let message = UnsafeRawBufferPointer(start: buffer.bytes + start + 8, count: length)
            if let view = RecordView(message: message), let features = view.features, let label = view.label {
                try add(features, label, start, to: block)
            } else {
                try addWhole(message, start, to: block)
            }
        }
        return position < buffer.count
    }

    private func add(
        _ features: RecordView.Tensor,
        _ labels: RecordView.Tensor,
        _ start: Int,
        to block: RowBlock
    ) throws(AlgorithmError) {
        var label: Float = 0
        let labelCount = withUnsafeMutablePointer(to: &label) { labels.copyValues(to: $0, limit: 1) }
        guard labelCount == 1 else { throw failure(start, "has no label") }
        let width = channel.layout.featureCount
        let isFull = !features.isSparse && features.count == width
        guard !isFull || channel.layout.isSparse else {
            let target = block.nextRow()
            _ = features.copyValues(to: target, limit: width)
            try check(label, UnsafeBufferPointer(start: target, count: width), start)
            for column in 0..<width { target[column] = (target[column] - means[column]) * factors[column] }
            return block.commitRow(label: label)
        }
        var values = [Float](repeating: 0, count: features.count)
        values.withUnsafeMutableBufferPointer { values in
            if let base = values.baseAddress { _ = features.copyValues(to: base, limit: values.count) }
        }
        guard let keys = features.keys() else { throw failure(start, "has a key that is out of range") }
        try add(keys, values, features.shape, label, start, to: block)
    }

    /// The slow way, for writers that pack their numbers otherwise, and for what is wrong.
    private func addWhole(_ message: UnsafeRawBufferPointer, _ start: Int, to block: RowBlock) throws(AlgorithmError) {
        let record: Record
        do { record = try Record(message: Array(message)) } catch { throw failure(start, "cannot be read: \(error)") }
        guard let features = record.features["values"], let label = record.label["values"]?.dense().first else {
            throw failure(start, "needs a feature tensor and a label tensor named 'values'")
        }
        try add(features.keys, features.values, features.shape, label, start, to: block)
    }

    private func add(
        _ keys: [Int],
        _ values: [Float],
        _ shape: [Int],
        _ label: Float,
        _ start: Int,
        to block: RowBlock
    ) throws(AlgorithmError) {
        let width = channel.layout.featureCount
        let isSparse = !keys.isEmpty || values.isEmpty && !shape.isEmpty
        let found = isSparse ? max(shape.last ?? 0, (keys.max() ?? -1) + 1) : values.count
        guard isSparse ? found <= width : found == width, !isSparse || keys.count == values.count else {
            throw failure(start, "has \(found) features, but \(channel.firstRow) has \(width)")
        }
        try values.withUnsafeBufferPointer { (values) throws(AlgorithmError) in try check(label, values, start) }
        if channel.layout.isSparse {
            let entries = isSparse ? keys.map { Int32($0) } : (0..<Int32(width)).map { $0 }
            let scaled = zip(entries, values).map { (key: $0, value: $1 * factors[Int($0)]) }
            return block.appendSparse(scaled, label: label)
        }
        let target = block.nextRow()
        for column in 0..<width { target[column] = isSparse ? 0 : values[column] }
        if isSparse { for (key, value) in zip(keys, values) { target[key] = value } }
        for column in 0..<width { target[column] = (target[column] - means[column]) * factors[column] }
        block.commitRow(label: label)
    }

    private func check(_ label: Float, _ values: UnsafeBufferPointer<Float>, _ start: Int) throws(AlgorithmError) {
        guard channel.labelRule.allows(label) else {
            throw .client("The label of \(place(start)) is \(label), but \(channel.labelRule.requirement)")
        }
        var sum: Float = 0
        for value in values { sum += value * 0 }
        guard sum == 0, label.isFinite else {
            throw .client(
                "Unable to read data channel '\(channel.name)'. Found missing (NaN) or infinite values. Please remove "
                    + "them from the input data: \(place(start))"
            )
        }
    }

    private func failure(_ start: Int, _ what: String) -> AlgorithmError {
        .client("Unable to read data channel '\(channel.name)'. \(place(start)) \(what)")
    }

    private func place(_ start: Int) -> String {
        let file = files[chunk.file]
        let number = try? RecordChunks.number(at: chunk.range.lowerBound + start, in: file)
        return "file \(file.file.name), record \((number ?? 0) + 1)"
    }
}

/// Where the records of a file lie, from their headers.
enum RecordChunks {
    static func length(_ bytes: UnsafeMutablePointer<UInt8>, at offset: Int) -> Int {
        Int(word(bytes, offset + 4) & 0x1FFF_FFFF)
    }

    private static func word(_ bytes: UnsafeMutablePointer<UInt8>, _ offset: Int) -> UInt32 {
        UInt32(littleEndian: UnsafeRawPointer(bytes + offset).loadUnaligned(as: UInt32.self))
    }

    /// Cuts a file of records; a record is never cut.
    /// - Parameter size: How large chunks are, in bytes.
    /// - Throws: `AlgorithmError` of kind `client` at the first header that is damaged.
    static func chunks(
        of file: InputFile,
        index: Int,
        size: Int,
        channel: String
    ) throws(AlgorithmError) -> [FileChunk] {
        var chunks: [FileChunk] = []
        var start = 0
        var damage: AlgorithmError?
        try forEachRecord(of: file) { offset, end, number in
            guard let end else {
                damage = .client(
                    "Unable to read data channel '\(channel)'. file \(file.file.name), record \(number + 1) at byte "
                        + "\(offset) is damaged or cut off: it is not in RecordIO format"
                )
                return false
            }
            if end - start >= size || end >= file.size {
                chunks.append(FileChunk(file: index, range: start..<end))
                start = end
            }
            return true
        }
        if let damage { throw damage }
        return chunks
    }

    /// How many records are before `offset`.
    static func number(at offset: Int, in file: InputFile) throws(AlgorithmError) -> Int {
        var found = 0
        try forEachRecord(of: file) { start, _, number in
            found = number
            return start < offset
        }
        return found
    }

    /// - Parameter body: Takes a record's offset, its end (nil where it is damaged) and number; says whether to go on.
    private static func forEachRecord(
        of file: InputFile,
        _ body: (Int, Int?, Int) -> Bool
    ) throws(AlgorithmError) {
        let buffer = UnsafeMutablePointer<UInt8>.allocate(capacity: 1 << 18)
        defer { buffer.deallocate() }
        var (position, number) = (0, 0)
        var window = 0..<0
        while position < file.size {
            if position + 8 > window.upperBound || position < window.lowerBound {
                window = position..<(position + (try file.read(at: position, 1 << 18, into: buffer)))
            }
            let offset = position - window.lowerBound
            guard window.count - offset >= 8, word(buffer, offset) == RecordFile.magic,
                word(buffer, offset + 4) >> 29 == 0
            else {
                _ = body(position, nil, number)
                return
            }
            let padded = position + 8 + (length(buffer, at: offset) + 3) / 4 * 4
            let isWhole = position + 8 + length(buffer, at: offset) <= file.size
            guard body(position, isWhole ? min(padded, file.size) : nil, number), isWhole else { return }
            position = padded
            number += 1
        }
    }
}
