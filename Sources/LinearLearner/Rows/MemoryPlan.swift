/// How much of the data is held in memory, in bytes, and in what portions it is read.
struct MemoryPlan: Sendable {
    /// Above this the rows of a channel are read anew in each pass.
    var residentLimit = 160 << 20
    /// Of the training rows that are then held for the first approximation.
    var sampleLimit = 20 << 20
    /// Of what is read at a time: many portions to a core, few enough that looking for their ends costs nothing.
    var chunkSize = 1 << 20
}

extension ChannelInput {
    /// What the rows of a channel take in memory, from its first chunk.
    struct Footprint {
        /// Of the whole channel.
        var rowCount: Int
        /// Of the whole channel, in bytes.
        var size: Int
        var chunkCount: Int
    }

    func footprint() throws(AlgorithmError) -> Footprint {
        let first = try load([0], isCancelled: { false })[0]
        let rows = max(first.count, 1)
        let perRow =
            description.layout.isSparse
            ? 13 + 8 * first.keys.count / rows : 5 + 4 * 8 * description.layout.vectorsPerRow
        let share = Double(byteCount) / Double(max(chunks[0].range.count, 1))
        let rowCount = chunks.count == 1 ? first.count : Int((Double(rows) * share).rounded())
        return Footprint(rowCount: rowCount, size: rowCount * perRow, chunkCount: chunks.count)
    }

    /// As many chunks as fit the memory, evenly spread.
    func sampleIndices(_ footprint: Footprint, limit: Int) -> [Int] {
        let share = min(1, Double(limit) / Double(max(footprint.size, 1)))
        let count = max(1, min(chunks.count, Int(Double(chunks.count) * share)))
        return (0..<count).map { $0 * chunks.count / count }
    }
}
