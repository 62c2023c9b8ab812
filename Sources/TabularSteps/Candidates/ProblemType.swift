/// What a model of a table is to tell, as SageMaker names it.
public enum ProblemType: String, Sendable, CaseIterable {
    case regression = "Regression"
    case binary = "BinaryClassification"
    case multiclass = "MulticlassClassification"

    /// The type that a target's values suggest: two values are classes, texts are classes, whole numbers of which few are
    /// different are classes, other numbers are to be estimated.
    ///
    /// AWS tells no rule; this is that of AutoGluon (`infer_problem_type`), the library in Autopilot's ensembling mode:
    /// few are one in ten rows, of more than a thousand rows one in twenty.
    /// - Parameter target: The target's cells, those that are missing left out.
    /// - Throws: `TabularError` where they are all alike, or are texts that say nothing of classes.
    public init(inferredFrom target: [String]) throws(TabularError) {
        let numbers = target.compactMap(CSVTable.number)
        let areNumbers = numbers.count == target.count
        let different = areNumbers ? Set(numbers).count : Set(target).count
        guard different > 1 else {
            throw TabularError(
                target.isEmpty
                    ? "The target column has no values"
                    : "The target column has one value only, \(target[0]): there is nothing to predict"
            )
        }
        let ratio = Double(different) / Double(target.count)
        if different == 2 {
            self = .binary
        } else if !areNumbers {
            guard ratio <= 0.5 else {
                throw TabularError(
                    "The type of problem cannot be inferred: the target column has \(different) different texts in "
                        + "\(target.count) rows. Is it the right column? Else give ProblemType"
                )
            }
            self = .multiclass
        } else {
            let areWhole = numbers.allSatisfy { $0 == $0.rounded() }
            self = areWhole && ratio <= (target.count > 1000 ? 0.05 : 0.1) ? .multiclass : .regression
        }
    }
}
