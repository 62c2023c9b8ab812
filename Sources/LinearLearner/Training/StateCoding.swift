/// Writes what a job has to remember as numbers one after another, which a checkpoint keeps exactly.
struct StateWriter {
    private(set) var values: [Double] = []

    mutating func write(_ value: Double) { values.append(value) }

    mutating func write(_ value: Int) { values.append(Double(value)) }

    mutating func write(_ value: Bool) { values.append(value ? 1 : 0) }

    /// A list with its length before it.
    mutating func write(_ list: [Double]) {
        write(list.count)
        values += list
    }
}

/// Reads what a `StateWriter` wrote, in the same order.
struct StateReader {
    /// The numbers are of another kind of job.
    struct Mismatch: Error {}

    private let values: [Double]
    private var position = 0

    init(_ values: [Double]) { self.values = values }

    mutating func number() throws(Mismatch) -> Double {
        guard position < values.count else { throw Mismatch() }
        position += 1
        return values[position - 1]
    }

    mutating func integer() throws(Mismatch) -> Int {
        guard let integer = Int(exactly: try number()) else { throw Mismatch() }
        return integer
    }

    mutating func boolean() throws(Mismatch) -> Bool { try number() != 0 }

    /// - Parameter count: How long it must be; nil: any.
    mutating func list(count: Int? = nil) throws(Mismatch) -> [Double] {
        let length = try integer()
        guard length >= 0, length <= values.count - position, count == nil || count == length else { throw Mismatch() }
        position += length
        return Array(values[position - length..<position])
    }
}
