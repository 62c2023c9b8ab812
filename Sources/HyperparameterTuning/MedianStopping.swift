/// Early stopping as SageMaker describes it: a training whose objective is worse than the median of the running averages
/// of earlier trainings up to the same epoch is stopped.
/// <https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-early-stopping.html>
public enum MedianStopping {
    /// - Parameters:
    ///   - curve: The training's objective after each epoch.
    ///   - earlier: Those of the trainings that have ended; of one that was shorter, all counts.
    public static func stops(_ curve: [Double], earlier: [[Double]], goal: Goal) -> Bool {
        guard let last = curve.last else { return false }
        let averages = earlier.filter { !$0.isEmpty }.map { other in
            other.prefix(curve.count).reduce(0, +) / Double(min(other.count, curve.count))
        }
        guard let median = median(averages) else { return false }
        return goal.isBetter(median, than: last)
    }

    private static func median(_ values: [Double]) -> Double? {
        guard !values.isEmpty else { return nil }
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }
}
