/// Looks for the minimum of a convex objective: says where to evaluate it next, and takes what was found there.
///
/// It never sees the data, so that one pass over them can serve any number of minimisers.
protocol Minimizer {
    /// Where the objective is to be evaluated next.
    var trial: [Double] { get }
    var needsCurvature: Bool { get }
    /// Takes what was found at `trial`.
    mutating func receive(_ evaluation: Evaluation)
    /// The best place so far.
    var position: [Double] { get }
    /// What was found at `position`; nil before anything was.
    var evaluation: Evaluation? { get }
    var isFinished: Bool { get }
    /// All that the next step depends on.
    func write(to writer: inout StateWriter)
    mutating func read(from reader: inout StateReader) throws(StateReader.Mismatch)
}

/// How weights are kept small.
struct Penalty: Hashable, Sendable {
    /// L2, on the mean loss: the penalty is `wd / 2` times the sum of squares.
    var wd: Double
    var l1: Double = 0
    /// How much of it falls on the bias.
    var biasFactor: Double = 0
}

/// The penalties on coefficients, added to what a pass finds.
struct Regularization: Sendable {
    let penalty: Penalty
    let columnCount: Int
    /// Else the bias stays 0.
    let hasBias: Bool

    func isBias(_ index: Int) -> Bool { index % columnCount == columnCount - 1 }

    func isFixed(_ index: Int) -> Bool { !hasBias && isBias(index) }

    func wd(_ index: Int) -> Double { isBias(index) ? penalty.wd * penalty.biasFactor : penalty.wd }

    func l1(_ index: Int) -> Double { isBias(index) ? penalty.l1 * penalty.biasFactor : penalty.l1 }

    /// Loss and penalties.
    func objective(_ evaluation: Evaluation, at position: [Double]) -> Double {
        var sum = evaluation.loss
        for index in position.indices {
            sum += wd(index) / 2 * position[index] * position[index] + l1(index) * abs(position[index])
        }
        return sum
    }

    /// The gradient of loss and L2 penalty.
    func gradient(_ evaluation: Evaluation, at position: [Double]) -> [Double] {
        position.indices.map { isFixed($0) ? 0 : evaluation.gradient[$0] + wd($0) * position[$0] }
    }
}
