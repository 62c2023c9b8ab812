public import JSON

/// What SageMaker's model monitor says of the quality of a model's predictions: metrics, the constraints that they
/// suggest, and where other predictions break them.
///
/// Follows AWS's page "Model quality metrics and Amazon CloudWatch monitoring".
public struct ModelQualityCheck: Sendable {
    /// Which columns have what: names, or their numbers counted from 0.
    public struct Columns: Sendable {
        public var inference: String?
        public var probability: String?
        public var groundTruth: String?
        /// From where on a probability counts as class 1.
        public var threshold: Double

        public init(inference: String?, probability: String?, groundTruth: String?, threshold: Double = 0.5) {
            self.inference = inference
            self.probability = probability
            self.groundTruth = groundTruth
            self.threshold = threshold
        }
    }

    private let problem: ProblemType
    private let metrics: JSON
    private let count: Int

    /// Of a report that has been made already: see `ModelQuality`.
    public init(_ problem: ProblemType, report: JSON, count: Int) {
        self.problem = problem
        metrics = report
        self.count = count
    }

    /// - Throws: `TabularError` where a column is missing or has a cell that is not what it must be.
    public init(_ table: MonitoredTable, _ problem: ProblemType, _ columns: Columns) throws(TabularError) {
        self.problem = problem
        count = table.rowCount
        let truth = try Self.column(columns.groundTruth, "ground_truth_attribute", table)
        switch problem {
        case .regression:
            metrics = ModelQuality.regression(
                predicted: try Self.numbers(try Self.column(columns.inference, "inference_attribute", table)),
                actual: try Self.numbers(truth)
            )
        case .binary: metrics = try Self.binary(table, columns, try Self.classes(truth))
        case .multiclass:
            let predicted = try Self.column(columns.inference, "inference_attribute", table)
            let labels = Set(predicted + truth).sorted()
            let places = Dictionary(uniqueKeysWithValues: labels.enumerated().map { ($1, $0) })
            metrics = ModelQuality.multiclass(
                predicted: predicted.compactMap { places[$0] },
                actual: truth.compactMap { places[$0] },
                classCount: labels.count,
                labels: labels
            )
        }
    }

    /// `statistics.json`
    /// - Parameter moment: When it was made, in ISO 8601.
    public func statistics(at moment: String) -> JSON {
        var members: JSON.Object = [
            "version": .double(0),
            "dataset": ["item_count": .integer(count), "evaluation_time": .string(moment)],
        ]
        for (name, value) in metrics.objectValue ?? [:] { members[name] = value }
        return .object(members)
    }

    /// `constraints.json`: no metric may be worse than here.
    public var constraints: JSON {
        var constraints: JSON.Object = [:]
        for (name, metric) in metrics["\(problem.group)_metrics"]?.objectValue ?? [:] {
            guard let value = metric["value"], !name.hasSuffix("best_constant_classifier") else { continue }
            constraints[name] = ["threshold": value, "comparison_operator": .string(Self.comparison(name))]
        }
        return ["version": .double(0), "\(problem.group)_constraints": .object(constraints)]
    }

    /// The violations in `constraint_violations.json`.
    public func violations(of constraints: JSON) -> [JSON] {
        let known = metrics["\(problem.group)_metrics"]
        return (constraints["\(problem.group)_constraints"]?.objectValue ?? [:]).compactMap { name, constraint in
            guard let value = known?[name]?["value"]?.doubleValue, let threshold = constraint["threshold"]?.doubleValue
            else { return nil }
            let comparison = constraint["comparison_operator"]?.stringValue ?? Self.comparison(name)
            let isBroken: Bool =
                switch comparison {
                case "GreaterThanThreshold": value > threshold
                case "GreaterThanOrEqualToThreshold": value >= threshold
                case "LessThanOrEqualToThreshold": value <= threshold
                default: value < threshold
                }
            guard isBroken else { return nil }
            return [
                "constraint_check_type": .string(comparison),
                "description": .string("Metric \(name) with \(value) +/- NaN was \(comparison) '\(threshold)'"),
                "metric_name": .string(name),
            ]
        }
    }

    /// When a metric is worse: errors and false rates when they grow, all else when it falls.
    private static func comparison(_ name: String) -> String {
        let isBadToGrow = ["mae", "mse", "rmse", "false_positive_rate", "false_negative_rate"].contains(name)
        return isBadToGrow ? "GreaterThanThreshold" : "LessThanThreshold"
    }

    // MARK: Reading

    private static func binary(
        _ table: MonitoredTable,
        _ columns: Columns,
        _ truth: [Int]
    ) throws(TabularError) -> JSON {
        var scores: [Double]?
        if columns.probability != nil {
            scores = try numbers(try column(columns.probability, "probability_attribute", table))
        }
        let predicted: [Int]
        if let scores, columns.inference == nil {
            predicted = scores.map { $0 >= columns.threshold ? 1 : 0 }
        } else {
            predicted = try classes(try column(columns.inference, "inference_attribute", table))
        }
        return ModelQuality.binary(scores: scores ?? predicted.map(Double.init), predicted: predicted, actual: truth)
    }

    private static func column(
        _ name: String?,
        _ attribute: String,
        _ table: MonitoredTable
    ) throws(TabularError) -> [String] {
        guard let name else { throw TabularError("\(attribute) must say which column it is") }
        let place =
            table.names.firstIndex(of: name) ?? Int(name).flatMap { table.names.indices.contains($0) ? $0 : nil }
        guard let place else {
            throw TabularError(
                "There is no column \(name) for \(attribute); there are \(table.names.joined(separator: ", "))"
            )
        }
        var cells: [String] = []
        for (row, cell) in table.columns[place].enumerated() {
            guard let cell else { throw TabularError("The column \(name) has no value in row \(row + 1)") }
            cells.append(cell)
        }
        return cells
    }

    private static func numbers(_ cells: [String]) throws(TabularError) -> [Double] {
        var numbers: [Double] = []
        for (row, cell) in cells.enumerated() {
            guard let number = CSVTable.number(cell) else {
                throw TabularError("'\(cell)' in row \(row + 1) is not a number")
            }
            numbers.append(number)
        }
        return numbers
    }

    private static func classes(_ cells: [String]) throws(TabularError) -> [Int] {
        var classes: [Int] = []
        for (row, cell) in cells.enumerated() {
            switch (CSVTable.number(cell), cell.lowercased()) {
            case (0?, _), (_, "false"): classes.append(0)
            case (1?, _), (_, "true"): classes.append(1)
            default: throw TabularError("'\(cell)' in row \(row + 1) is neither 0 nor 1")
            }
        }
        return classes
    }
}

extension ProblemType {
    /// As the names of the reports' members begin.
    fileprivate var group: String {
        switch self {
        case .regression: "regression"
        case .binary: "binary_classification"
        case .multiclass: "multiclass_classification"
        }
    }
}
