import NIOCore

/// Cuts a file that comes in chunks into records.
struct RecordSplitter {
    let split: TransformPlan.Split
    private var pending = ByteBuffer()

    init(_ split: TransformPlan.Split) { self.split = split }

    /// Where a file is not what it was said to be.
    struct Malformed: Error, Hashable {
        var reason: String
    }

    mutating func append(_ chunk: ByteBuffer) {
        pending.discardReadBytes()
        pending.writeImmutableBuffer(chunk)
    }

    /// The next record that is there in whole. Lines come without their ends, empty ones not at all; records of other
    /// kinds with their framing.
    /// - Parameter isEnd: Whether nothing more comes.
    mutating func next(isEnd: Bool) throws(Malformed) -> ByteBuffer? {
        switch split {
        case .none:
            guard isEnd, pending.readableBytes > 0 else { return nil }
            defer { pending.clear() }
            return pending
        case .line: return nextLine(isEnd: isEnd)
        case .recordIO: return try nextFrame(isEnd: isEnd, "RecordIO", header: 8, recordIOLength)
        case .tfRecord: return try nextFrame(isEnd: isEnd, "TFRecord", header: 12, tfRecordLength)
        }
    }

    /// How much is waiting for its end.
    var waitingBytes: Int { pending.readableBytes }

    private mutating func nextLine(isEnd: Bool) -> ByteBuffer? {
        while pending.readableBytes > 0 {
            let end = pending.readableBytesView.firstIndex(of: 0x0A)
            guard end != nil || isEnd else { return nil }
            var line = pending.readSlice(length: (end ?? pending.writerIndex) - pending.readerIndex) ?? ByteBuffer()
            if end != nil { pending.moveReaderIndex(forwardBy: 1) }
            if line.readableBytesView.last == 0x0D { line.moveWriterIndex(to: line.writerIndex - 1) }
            if line.readableBytes > 0 { return line }
        }
        return nil
    }

    private mutating func nextFrame(
        isEnd: Bool,
        _ kind: String,
        header: Int,
        _ length: (ByteBuffer) -> Int?
    ) throws(Malformed) -> ByteBuffer? {
        guard pending.readableBytes > 0 else { return nil }
        guard pending.readableBytes >= header else {
            guard !isEnd else { throw Malformed(reason: "The file ends in the middle of a \(kind) record.") }
            return nil
        }
        guard let length = length(pending), length >= header else {
            throw Malformed(reason: "The file is not in the \(kind) format.")
        }
        guard let frame = pending.readSlice(length: length) else {
            guard !isEnd else { throw Malformed(reason: "The file ends in the middle of a \(kind) record.") }
            return nil
        }
        return frame
    }

    /// Magic number, length, payload, padding to four bytes.
    private func recordIOLength(_ buffer: ByteBuffer) -> Int? {
        let start = buffer.readerIndex
        guard buffer.getInteger(at: start, endianness: .little, as: UInt32.self) == RecordFraming.magic,
            let word = buffer.getInteger(at: start + 4, endianness: .little, as: UInt32.self)
        else { return nil }
        let length = Int(word & 0x1FFF_FFFF)
        return 8 + length + (4 - length % 4) % 4
    }

    /// Length, its checksum, payload, its checksum.
    /// https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details
    private func tfRecordLength(_ buffer: ByteBuffer) -> Int? {
        guard let word = buffer.getInteger(at: buffer.readerIndex, endianness: .little, as: UInt64.self),
            let length = Int(exactly: word), length < 1 << 40
        else { return nil }
        return 12 + length + 4
    }
}

/// Some records that are sent to a model together.
struct TransformPayload: Sendable, Equatable {
    /// As they stand in the input.
    var records: [ByteBuffer]
    /// What is sent.
    var body: ByteBuffer
}

/// Puts records together to payloads: as many as go into one, or one in each.
struct PayloadBuilder {
    let split: TransformPlan.Split
    let batching: TransformBatching
    let processing: TransformDataProcessing?
    private var current = TransformPayload(records: [], body: ByteBuffer())

    init(_ split: TransformPlan.Split, _ batching: TransformBatching, _ processing: TransformDataProcessing?) {
        self.split = split
        self.batching = batching
        self.processing = processing
    }

    /// Takes a record.
    /// - Returns: The payload that it did not fit into any more, or that it makes alone.
    /// - Throws: `RecordSplitter.Malformed` where the record is too large, or cannot be filtered.
    mutating func add(_ record: ByteBuffer) throws(RecordSplitter.Malformed) -> TransformPayload? {
        var sent = record
        if let processing { sent = try processing.filtered(record) }
        let separator = split == .line && !current.records.isEmpty ? 1 : 0
        guard sent.readableBytes <= batching.maximumPayload else {
            throw RecordSplitter.Malformed(
                reason: """
                    A record of \(sent.readableBytes) bytes is larger than MaxPayloadInMB \
                    (\(batching.maximumPayload >> 20)) allows.
                    """
            )
        }
        var full: TransformPayload?
        let together = current.body.readableBytes + separator + sent.readableBytes
        if !current.records.isEmpty, batching.isSingleRecord || split == .none || together > batching.maximumPayload {
            full = take()
        }
        if split == .line, !current.records.isEmpty { current.body.writeInteger(UInt8(0x0A)) }
        current.records.append(record)
        current.body.writeImmutableBuffer(sent)
        return full
    }

    /// What is left, nil where nothing is.
    mutating func finish() -> TransformPayload? { current.records.isEmpty ? nil : take() }

    private mutating func take() -> TransformPayload {
        defer { current = TransformPayload(records: [], body: ByteBuffer()) }
        return current
    }
}
