/// The rows of a channel, normalised: in memory, or read anew in each pass.
final class ChannelRows: Sendable {
    let layout: RowLayout
    /// Nil where the rows are read anew.
    let blocks: [RowBlock]?
    private let input: ChannelInput?
    private let scaler: Scaler
    /// Estimated where the rows are read anew.
    let rowCount: Int

    /// Rows in memory.
    init(_ blocks: [RowBlock], _ layout: RowLayout) {
        self.blocks = blocks
        self.layout = layout
        input = nil
        scaler = Scaler(identityOf: 0)
        rowCount = blocks.reduce(0) { $0 + $1.count }
    }

    /// Rows that each pass reads anew, normalised while they are read.
    init(_ input: ChannelInput, _ scaler: Scaler, rowCount: Int) {
        blocks = nil
        layout = input.description.layout
        self.input = input
        self.scaler = scaler
        self.rowCount = rowCount
    }

    var isResident: Bool { blocks != nil }

    /// How many rows are handed on at a time while they are read: few enough to stay in a core's cache.
    private static let batchSize = 256

    /// One pass over the data on all cores.
    /// - Parameters:
    ///   - laneCount: Into how many parts the pass is cut.
    ///   - body: Takes a lane and its next rows. The rows of a lane come in order and one after another.
    /// - Throws: `AlgorithmError`: the first in the data, or that the job was cancelled.
    func forEachBatch(
        laneCount: Int,
        isCancelled: @Sendable () -> Bool,
        _ body: @Sendable (_ lane: Int, _ block: RowBlock, _ rows: Range<Int>) -> Void
    ) throws(AlgorithmError) {
        if let blocks {
            let failures = LaneFailures()
            Lanes.run(laneCount) { lane in
                for index in stride(from: lane, to: blocks.count, by: laneCount) {
                    if isCancelled() { return failures.cancel() }
                    body(lane, blocks[index], 0..<blocks[index].count)
                }
            }
            try failures.throwFirst()
        } else if let input {
            try input.forEachChunk(Array(input.chunks.indices), laneCount, scaler, isCancelled) {
                (lane, parser, _) throws(AlgorithmError) in
                let block = RowBlock(input.description.layout, capacity: Self.batchSize)
                var hasMore = true
                while hasMore {
                    block.removeAll()
                    hasMore = try parser.read(Self.batchSize, into: block)
                    if block.count > 0 { body(lane, block, 0..<block.count) }
                }
            }
        }
    }
}

extension ChannelRows {
    /// How many chunks are in memory together where rows are read anew.
    private static let windowSize = 16

    /// One pass over the rows in an order drawn from a seed: over all, or over one window of chunks after another.
    /// - Parameter body: Takes blocks, and the order in which their rows are to be gone through.
    func forEachWindow(
        seed: UInt64,
        isCancelled: @Sendable () -> Bool,
        _ body: ([RowBlock], [RowIndex]) throws(AlgorithmError) -> Void
    ) throws(AlgorithmError) {
        var random = SplitMix64(state: seed &* 0x9E37_79B9 &+ 42)
        if let blocks { return try body(blocks, Self.order(blocks, &random)) }
        guard let input else { return }
        var chunks = Array(input.chunks.indices)
        random.shuffle(&chunks)
        for start in stride(from: 0, to: chunks.count, by: Self.windowSize) {
            let window = Array(chunks[start..<min(start + Self.windowSize, chunks.count)])
            let blocks = try input.load(window, scaler, isCancelled: isCancelled)
            try body(blocks, Self.order(blocks, &random))
        }
    }

    private static func order(_ blocks: [RowBlock], _ random: inout SplitMix64) -> [RowIndex] {
        var order: [RowIndex] = []
        order.reserveCapacity(blocks.reduce(0) { $0 + $1.count })
        for (index, block) in blocks.enumerated() {
            for row in 0..<block.count { order.append(RowIndex(block: Int32(index), row: Int32(row))) }
        }
        random.shuffle(&order)
        return order
    }
}

extension ChannelInput {
    /// Parses chunks on all cores.
    /// - Throws: `AlgorithmError`: that of the first chunk that has one, or that the job was cancelled.
    func forEachChunk(
        _ indices: [Int],
        _ laneCount: Int,
        _ scaler: Scaler,
        _ isCancelled: @Sendable () -> Bool,
        _ body: @Sendable (_ lane: Int, _ parser: inout ChunkParser, _ position: Int) throws(AlgorithmError) -> Void
    ) throws(AlgorithmError) {
        let failures = LaneFailures()
        Lanes.run(laneCount) { lane in
            var parser = self.parser(scaler)
            for position in stride(from: lane, to: indices.count, by: laneCount) {
                if isCancelled() { return failures.cancel() }
                guard !failures.hasFailure(before: position) else { return }
                do throws(AlgorithmError) {
                    try parser.open(chunks[indices[position]])
                    try body(lane, &parser, position)
                } catch {
                    return failures.fail(position, error)
                }
            }
        }
        try failures.throwFirst()
    }

    /// Parses chunks into memory.
    /// - Parameter scaler: Applied to the features; nil leaves them as they are.
    func load(
        _ indices: [Int],
        _ scaler: Scaler? = nil,
        isCancelled: @Sendable () -> Bool
    ) throws(AlgorithmError) -> [RowBlock] {
        let layout = description.layout
        let scaler = scaler ?? Scaler(identityOf: layout.featureCount)
        var blocks = [RowBlock?](repeating: nil, count: indices.count)
        let result = blocks.withUnsafeMutableBufferPointer { blocks in
            let slots = SendableSlots(blocks)
            return Result { () throws(AlgorithmError) in
                let laneCount = min(Lanes.count(accumulatorSize: 1), indices.count)
                try forEachChunk(indices, laneCount, scaler, isCancelled) {
                    (_, parser, position) throws(AlgorithmError) in
                    let block = RowBlock(layout, capacity: 256)
                    while try parser.read(4096, into: block) {}
                    block.trim()
                    slots[position] = block
                }
            }
        }
        try result.get()
        return blocks.compactMap { $0 }
    }
}
