/// Ends training when the criterion has not got better for some epochs.
struct EarlyStopping: Sendable {
    private let patience: Int
    private let tolerance: Double
    private var best = Double.infinity
    private var reference = Double.infinity
    private(set) var idleEpochs = 0

    /// - Parameter tolerance: How much better, relatively, counts as better.
    init(patience: Int, tolerance: Double) {
        self.patience = patience
        self.tolerance = tolerance
    }

    /// Takes an epoch's loss.
    /// - Returns: Whether it is the lowest so far.
    mutating func observe(_ loss: Double) -> Bool {
        if loss < reference - tolerance * abs(reference) || reference == .infinity {
            reference = loss
            idleEpochs = 0
        } else {
            idleEpochs += 1
        }
        guard loss < best else { return false }
        best = loss
        return true
    }

    func write(to writer: inout StateWriter) {
        writer.write(best)
        writer.write(reference)
        writer.write(idleEpochs)
    }

    mutating func read(from reader: inout StateReader) throws(StateReader.Mismatch) {
        (best, reference) = (try reader.number(), try reader.number())
        idleEpochs = try reader.integer()
    }

    var isExhausted: Bool { idleEpochs >= patience }
}
