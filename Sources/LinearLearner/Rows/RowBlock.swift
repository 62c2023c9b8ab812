/// How the rows of a job are kept in memory.
struct RowLayout: Hashable, Sendable {
    var featureCount: Int
    /// Only numbers that are not zero are kept, with their columns.
    var isSparse: Bool

    /// The features, and a column of ones for the bias.
    var columnCount: Int { featureCount + 1 }

    /// Of a dense row.
    var vectorsPerRow: Int { (columnCount + 7) / 8 }

    /// Above this many columns, rows that are mostly zeros are kept sparse.
    static let smallestSparseWidth = 256
}

/// Consecutive rows of a channel with their labels.
///
/// One thread fills a block; after that any number may read it, which is why it may be sent.
final class RowBlock: @unchecked Sendable {
    let layout: RowLayout
    private(set) var count = 0
    private(set) var labels: UnsafeMutablePointer<Float>
    /// Which part of a cross-validation a row is in.
    private(set) var folds: UnsafeMutablePointer<UInt8>
    /// Of dense rows: `vectorsPerRow` each, the bias column 1 and zeros behind it.
    private(set) var vectors: UnsafeMutablePointer<Matrix.Vector>
    /// Of sparse rows: where each begins in `keys` and `values`.
    private(set) var offsets: [Int] = [0]
    private(set) var keys: [Int32] = []
    private(set) var values: [Float] = []
    private var capacity: Int

    init(_ layout: RowLayout, capacity: Int) {
        self.layout = layout
        self.capacity = max(capacity, 1)
        labels = .allocate(capacity: self.capacity)
        folds = .allocate(capacity: self.capacity)
        vectors = .allocate(capacity: layout.isSparse ? 1 : self.capacity * layout.vectorsPerRow)
    }

    deinit {
        labels.deallocate()
        folds.deallocate()
        vectors.deallocate()
    }

    func removeAll() {
        count = 0
        offsets.removeAll(keepingCapacity: true)
        offsets.append(0)
        keys.removeAll(keepingCapacity: true)
        values.removeAll(keepingCapacity: true)
    }

    /// Where the features of the next dense row go, one after another; `commitRow` adds it.
    @inline(__always)
    func nextRow() -> UnsafeMutablePointer<Float> {
        if count == capacity { grow() }
        let row = vectors + count * layout.vectorsPerRow
        row[layout.vectorsPerRow - 1] = .zero
        let floats = UnsafeMutableRawPointer(row).assumingMemoryBound(to: Float.self)
        floats[layout.featureCount] = 1
        return floats
    }

    @inline(__always)
    func commitRow(label: Float) {
        labels[count] = label
        folds[count] = 0
        count += 1
    }

    /// Adds a sparse row; zeros among the values are left out.
    func appendSparse(_ entries: some Sequence<(key: Int32, value: Float)>, label: Float) {
        if count == capacity { grow() }
        for (key, value) in entries where value != 0 {
            keys.append(key)
            values.append(value)
        }
        offsets.append(keys.count)
        commitRow(label: label)
    }

    private func grow() {
        let larger = capacity * 2
        labels = Self.moved(labels, count, to: larger)
        folds = Self.moved(folds, count, to: larger)
        if !layout.isSparse {
            vectors = Self.moved(vectors, count * layout.vectorsPerRow, to: larger * layout.vectorsPerRow)
        }
        capacity = larger
    }

    /// Gives back the memory beyond the last row.
    func trim() {
        guard capacity > count + count / 8 else { return }
        capacity = max(count, 1)
        labels = Self.moved(labels, count, to: capacity)
        folds = Self.moved(folds, count, to: capacity)
        if !layout.isSparse {
            let length = count * layout.vectorsPerRow
            vectors = Self.moved(vectors, length, to: max(length, 1))
        }
    }

    private static func moved<Element>(
        _ source: UnsafeMutablePointer<Element>,
        _ count: Int,
        to capacity: Int
    ) -> UnsafeMutablePointer<Element> {
        let target = UnsafeMutablePointer<Element>.allocate(capacity: capacity)
        target.moveInitialize(from: source, count: count)
        source.deallocate()
        return target
    }

    @inline(__always)
    func row(_ index: Int) -> UnsafeMutablePointer<Float> {
        UnsafeMutableRawPointer(vectors + index * layout.vectorsPerRow).assumingMemoryBound(to: Float.self)
    }

    @inline(__always)
    func rowVectors(_ index: Int) -> UnsafePointer<Matrix.Vector> {
        UnsafePointer(vectors + index * layout.vectorsPerRow)
    }

    /// Divides the values of sparse rows.
    func scaleSparse(by factors: [Float]) {
        for index in values.indices { values[index] *= factors[Int(keys[index])] }
    }
}
