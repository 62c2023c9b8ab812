import RecordIO

/// What is known of a channel before its rows are read.
struct InputDescription: Sendable {
    var name: String
    var type: ContentType
    var layout: RowLayout
    var labelRule: LabelRule
    /// What messages call the row that the others are compared with.
    var firstRow: String

    func withoutLabelRule() -> InputDescription {
        var copy = self
        copy.labelRule.predictorType = .regressor
        copy.layout.isSparse = false
        return copy
    }
}

/// The files of a channel, cut into chunks that can be parsed alone and in any order.
struct ChannelInput: Sendable {
    let description: InputDescription
    let files: [InputFile]
    let chunks: [FileChunk]

    /// All bytes of all files.
    var byteCount: Int { chunks.reduce(0) { $0 + $1.range.count } }

    /// Opens the files and looks at the first row.
    /// - Parameters:
    ///   - layout: That of the channel `train`; nil where this is it.
    ///   - featureDim: How many features the hyperparameters say that there are.
    /// - Throws: `AlgorithmError` of kind `client` where there are no rows, or the first is of no use.
    init(
        _ name: String,
        _ channel: TrainingChannel,
        _ labelRule: LabelRule,
        layout: RowLayout?,
        featureDim: Int?,
        chunkSize: Int
    ) throws(AlgorithmError) {
        let type = try ContentType(channel, channelName: name)
        var files: [InputFile] = []
        var chunks: [FileChunk] = []
        for file in channel.files {
            let input = try InputFile(file)
            let index = files.count
            files.append(input)
            switch type {
            case .csv: chunks += try FileChunk.lines(of: input, index: index, size: chunkSize)
            case .recordIO:
                chunks += try RecordChunks.chunks(
                    of: input,
                    index: index,
                    size: chunkSize,
                    channel: name
                )
            }
        }
        let first: FirstRow?
        switch type {
        case .csv: first = try FirstRow.csv(name, files, chunks)
        case .recordIO: first = try FirstRow.record(name, files, chunks, featureDim)
        }
        guard let first else {
            let names = files.map(\.file.name).joined(separator: ", ")
            let what = type == .csv ? "rows" : "records"
            throw .client(
                "Unable to read data channel '\(name)'. "
                    + (files.isEmpty ? "It has no files" : "There are no \(what) in \(names)")
            )
        }
        try Self.check(first.featureCount, featureDim, layout, name)
        let isSparse =
            first.isMostlyZeros && (layout?.featureCount ?? first.featureCount) >= RowLayout.smallestSparseWidth
        description = InputDescription(
            name: name,
            type: type,
            layout: layout ?? RowLayout(featureCount: first.featureCount, isSparse: isSparse),
            labelRule: labelRule,
            firstRow: first.place
        )
        self.files = files
        self.chunks = chunks
    }

    private static func check(
        _ found: Int,
        _ featureDim: Int?,
        _ layout: RowLayout?,
        _ name: String
    ) throws(AlgorithmError) {
        if let featureDim, featureDim != found {
            throw .client(
                "feature_dim is \(featureDim), but the channel '\(name)' has \(found) features beside the label: "
                    + "set feature_dim to \(found) or auto"
            )
        }
        if let layout, layout.featureCount != found {
            throw .client(
                "The channel '\(name)' has \(found) features, but 'train' has \(layout.featureCount)"
            )
        }
    }

    /// A parser of its own for one thread.
    func parser(_ scaler: Scaler) -> ChunkParser {
        switch description.type {
        case .csv: .csv(CSVParser(description, files, scaler))
        case .recordIO: .recordIO(RecordParser(description, files, scaler))
        }
    }
}

/// Reads rows from chunks, whatever they are written in.
enum ChunkParser {
    case csv(CSVParser)
    case recordIO(RecordParser)

    mutating func open(_ chunk: FileChunk) throws(AlgorithmError) {
        switch self {
        case .csv(var parser):
            try parser.open(chunk)
            self = .csv(parser)
        case .recordIO(var parser):
            try parser.open(chunk)
            self = .recordIO(parser)
        }
    }

    /// Appends at most `limit` rows to a block; says whether there may be more.
    mutating func read(_ limit: Int, into block: RowBlock) throws(AlgorithmError) -> Bool {
        switch self {
        case .csv(var parser):
            defer { self = .csv(parser) }
            return try parser.read(limit, into: block)
        case .recordIO(var parser):
            defer { self = .recordIO(parser) }
            return try parser.read(limit, into: block)
        }
    }
}

/// What the first row of a channel says about all.
private struct FirstRow {
    var featureCount: Int
    var isMostlyZeros: Bool
    var place: String

    /// Nil where there are only blank lines.
    static func csv(_ name: String, _ files: [InputFile], _ chunks: [FileChunk]) throws(AlgorithmError) -> FirstRow? {
        let buffer = ChunkBuffer()
        for chunk in chunks {
            try buffer.read(chunk, files)
            let bytes = UnsafeBufferPointer(start: buffer.bytes, count: buffer.count)
            var (position, line) = (bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0, 0)
            while position < bytes.count {
                line += 1
                let end = bytes[position...].firstIndex { $0 == 0x0A || $0 == 0x0D } ?? bytes.count
                let row = bytes[position..<end]
                guard row.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) else {
                    let columns = row.reduce(1) { $0 + ($1 == UInt8(ascii: ",") ? 1 : 0) }
                    let place = "\(files[chunk.file].file.name), line \(line)"
                    guard columns >= 2 else { throw oneColumn(name, place, row, line, files[chunk.file]) }
                    return FirstRow(
                        featureCount: columns - 1,
                        isMostlyZeros: zeroShare(bytes[position...].prefix(1 << 18)) > 0.8,
                        place: place
                    )
                }
                position = end + (end + 1 < bytes.count && bytes[end] == 0x0D && bytes[end + 1] == 0x0A ? 2 : 1)
            }
        }
        return nil
    }

    private static func oneColumn(
        _ name: String,
        _ place: String,
        _ row: Slice<UnsafeBufferPointer<UInt8>>,
        _ line: Int,
        _ file: InputFile
    ) -> AlgorithmError {
        let text = String(decoding: row, as: UTF8.self)
        guard Double(text.filter { $0 != " " && $0 != "\"" }) != nil else {
            return CSVFailure.badCell(text, InputPlace(file: file.file.name, line: line, column: 1), name)
        }
        return .client(
            "Unable to read data channel '\(name)'. \(place) has only one column: "
                + "the label must be followed by at least one feature, separated by commas"
        )
    }

    /// How many of the cells of a text are zeros, roughly.
    private static func zeroShare(_ text: Slice<UnsafeBufferPointer<UInt8>>) -> Double {
        var (cells, zeros) = (1, 0)
        var previous: UInt8 = 0
        var beforePrevious = UInt8(ascii: ",")
        for byte in text {
            if byte == UInt8(ascii: ",") || byte == 0x0A {
                cells += 1
                if previous == UInt8(ascii: "0"),
                    beforePrevious == UInt8(ascii: ",") || beforePrevious == UInt8(ascii: ".")
                {
                    zeros += 1
                }
            }
            beforePrevious = previous
            previous = byte
        }
        return Double(zeros) / Double(cells)
    }

    /// Nil where there are no records.
    static func record(
        _ name: String,
        _ files: [InputFile],
        _ chunks: [FileChunk],
        _ featureDim: Int?
    ) throws(AlgorithmError) -> FirstRow? {
        guard let chunk = chunks.first else { return nil }
        let place = "the first record of \(files[chunk.file].file.name)"
        let buffer = ChunkBuffer()
        try buffer.read(chunk, files)
        let length = RecordChunks.length(buffer.bytes, at: 0)
        let message = Array(UnsafeBufferPointer(start: buffer.bytes + 8, count: length))
        let record: Record
        let head = "Unable to read data channel '\(name)'. file \(files[chunk.file].file.name), record 1"
        do { record = try Record(message: message) } catch { throw .client("\(head) cannot be read: \(error)") }
        guard let features = record.features["values"], record.label["values"] != nil else {
            throw .client("\(head) needs a feature tensor and a label tensor named 'values'")
        }
        let isSparse = !features.keys.isEmpty || features.values.isEmpty && !features.shape.isEmpty
        guard isSparse else {
            return FirstRow(featureCount: features.values.count, isMostlyZeros: false, place: place)
        }
        if let width = features.shape.last ?? featureDim {
            return FirstRow(featureCount: width, isMostlyZeros: true, place: place)
        }
        let width = try largestKey(name, files, chunks) + 1
        return FirstRow(featureCount: width, isMostlyZeros: true, place: place)
    }

    /// Of sparse records that do not say how wide they are.
    private static func largestKey(
        _ name: String,
        _ files: [InputFile],
        _ chunks: [FileChunk]
    ) throws(AlgorithmError) -> Int {
        let buffer = ChunkBuffer()
        var largest = 0
        for chunk in chunks {
            try buffer.read(chunk, files)
            var position = 0
            while position < buffer.count {
                let length = RecordChunks.length(buffer.bytes, at: position)
                let message = UnsafeRawBufferPointer(start: buffer.bytes + position + 8, count: length)
                for key in RecordView(message: message)?.features?.keys() ?? [] { largest = max(largest, key) }
                position += 8 + (length + 3) / 4 * 4
            }
        }
        return largest
    }
}
