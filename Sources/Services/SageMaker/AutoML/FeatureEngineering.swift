import JSON
import TabularSteps

/// Makes of the user's tables what linear-learner trains with: finds out what the problem is, splits the rows, learns the
/// transform of the features from those that are trained, and applies it.
struct FeatureEngineering: Sendable {
    /// `FeatureSpecificationS3Uri`: what the user says of the features.
    struct Specification: Sendable {
        var names: Set<String>?
        var kinds: [String: FeatureTransform.Kind] = [:]

        init() {}

        /// - Throws: `JobFailure` where the document is no such specification.
        init(_ bytes: [UInt8]) throws(JobFailure) {
            guard let document = try? JSON(parsing: bytes), document.objectValue != nil else {
                throw .client("The FeatureSpecificationS3Uri names no JSON object.")
            }
            if document["FeatureAttributeNames"] != nil { names = Set(document["FeatureAttributeNames"].strings) }
            for (name, kind) in document["FeatureDataTypes"]?.objectValue ?? [:] {
                guard let known = FeatureTransform.Kind(rawValue: kind.stringValue ?? "") else {
                    let all = FeatureTransform.Kind.allCases.map(\.rawValue).joined(separator: ", ")
                    throw .client(
                        "The data type of the feature \(name) is \(kind.stringValue ?? "none"), and must be one of "
                            + "\(all) in Trainyard."
                    )
                }
                kinds[name] = known
            }
        }
    }

    /// What comes out: CSV with the label first.
    struct Result: Sendable {
        var schema: TabularSchema
        var training: [UInt8]
        var validation: [UInt8]
        /// What is to be told of it.
        var remarks: [String] = []
    }

    /// AWS's minimum.
    static let minimumRows = 500

    var plan: AutoMLPlan
    var specification: Specification
    var training: ChannelTable
    var validation: ChannelTable?

    /// - Throws: `JobFailure` where the data cannot be trained with.
    func run() throws(JobFailure) -> Result {
        do {
            return try engineered()
        } catch let error as JobFailure {
            throw error
        } catch let error as TabularError {
            throw .client(error.description)
        } catch {
            throw .yard("\(error)")
        }
    }

    private func engineered() throws -> Result {
        var training = training
        let place = try training.place(of: plan.target)
        var remarks: [String] = []
        let dropped = training.dropMissing(place)
        if dropped > 0 { remarks.append("\(dropped) rows have nothing in the target column and are left out") }
        guard training.rows.count >= Self.minimumRows else {
            throw JobFailure.client(
                "The training dataset has \(training.rows.count) rows with a target. A minimum of \(Self.minimumRows) "
                    + "rows is required."
            )
        }
        try check(specification, training.names)
        let target = training.rows.map { $0[place] }
        let problem = try plan.problem ?? ProblemType(inferredFrom: target)
        let labels = try labels(target, problem)
        let (trained, judged) = try parts(of: training, place, labels)
        let transform = try FeatureTransform(
            fitting: training.names.enumerated().filter { $0.offset != place }.map(\.element),
            trained.rows.map { Self.features($0, place) },
            lines: trained.lines,
            kinds: specification.kinds,
            used: specification.names
        )
        guard transform.width > 0 else {
            throw JobFailure.client("No column beside the target has anything to learn from.")
        }
        remarks.append(
            "\(problem.rawValue): \(trained.rows.count) rows to train with, \(judged.rows.count) to validate with"
        )
        remarks += transform.columns.map { "\($0.name): \($0.encoding.words)" }
        let table = TransformedTable(transform: transform, target: place, name: plan.target, labels: labels)
        let (text, means) = try table.csv(trained)
        let schema = TabularSchema(
            problem: problem,
            target: plan.target,
            transform: transform,
            labels: labels,
            means: means
        )
        return Result(schema: schema, training: text, validation: try table.csv(judged).text, remarks: remarks)
    }

    private typealias Part = (rows: [[String]], lines: [Int])

    /// The rows to train with, and those to judge by: a channel each, or two parts of the one.
    private func parts(
        of training: ChannelTable,
        _ place: Int,
        _ labels: LabelCoding?
    ) throws -> (trained: Part, judged: Part) {
        let parts: (trained: Part, judged: Part)
        if var validation {
            try requireSameColumns(validation, training)
            _ = validation.dropMissing(place)
            parts = ((training.rows, training.lines), (validation.rows, validation.lines))
        } else {
            let split = DataSplit(
                count: training.rows.count,
                classes: labels.map { labels in training.rows.map { labels.code($0[place]) ?? 0 } },
                fraction: plan.validationFraction,
                seed: 42
            )
            func part(_ places: [Int]) -> Part { (places.map { training.rows[$0] }, places.map { training.lines[$0] }) }
            parts = (part(split.training), part(split.validation))
        }
        guard !parts.judged.rows.isEmpty else { throw JobFailure.client("There are no rows for the validation.") }
        return parts
    }

    /// A row without its target.
    private static func features(_ row: [String], _ target: Int) -> [String] {
        var row = row
        row.remove(at: target)
        return row
    }

    private func labels(_ target: [String], _ problem: ProblemType) throws(JobFailure) -> LabelCoding? {
        guard problem != .regression else { return nil }
        let labels = LabelCoding(fitting: target)
        let count = labels.classes.count
        guard problem == .binary ? count == 2 : count > 2 else {
            throw .client(
                "The target column \(plan.target) has \(count) different values, which do not go with the problem type "
                    + "\(problem.rawValue)."
            )
        }
        return labels
    }

    private func check(_ specification: Specification, _ names: [String]) throws(JobFailure) {
        for name in (specification.names ?? []).union(specification.kinds.keys).sorted() {
            guard names.contains(name), name != plan.target else {
                throw .client(
                    "The feature \(name) of the FeatureSpecificationS3Uri is not among the feature columns of the data."
                )
            }
        }
    }

    private func requireSameColumns(_ one: ChannelTable, _ other: ChannelTable) throws(JobFailure) {
        guard one.names == other.names else {
            throw .client(
                "The channels must have the same columns: validation has \(one.names.joined(separator: ",")), training "
                    + other.names.joined(separator: ",")
            )
        }
    }
}

/// Writes rows as linear-learner reads them.
private struct TransformedTable {
    var transform: FeatureTransform
    /// The target's place, and its name.
    var target: Int
    var name: String
    var labels: LabelCoding?

    /// - Returns: The CSV text, and the mean of each feature.
    func csv(_ part: (rows: [[String]], lines: [Int])) throws -> (text: [UInt8], means: [Double]) {
        var text: [UInt8] = []
        var sums = [Double](repeating: 0, count: transform.width)
        var features: [Float] = []
        for (row, line) in zip(part.rows, part.lines) {
            features.removeAll(keepingCapacity: true)
            var row = row
            let label = row.remove(at: target)
            try transform.append(row, line: line, to: &features)
            text += try self.label(label, line).utf8
            for (index, feature) in features.enumerated() {
                sums[index] += Double(feature)
                text.append(UInt8(ascii: ","))
                text += feature.text.utf8
            }
            text.append(UInt8(ascii: "\n"))
        }
        return (text, sums.map { $0 / Double(max(1, part.rows.count)) })
    }

    private func label(_ cell: String, _ line: Int) throws(TabularError) -> String {
        guard let labels else {
            guard let number = CSVTable.number(cell), number.isFinite else {
                throw TabularError(
                    "'\(cell)' in the target column \(name) is not a number",
                    line: line,
                    column: target + 1
                )
            }
            return number.description
        }
        guard let code = labels.code(cell) else {
            throw TabularError(
                "'\(cell)' in the target column \(name) is not among the classes of the training data: "
                    + labels.classes.joined(separator: ", "),
                line: line,
                column: target + 1
            )
        }
        return String(code)
    }
}

extension Float {
    /// The shortest decimal that reads back as the number; whole ones without a point.
    var text: String { self == 0 ? "0" : self == 1 ? "1" : description }
}

extension FeatureTransform.Encoding {
    fileprivate var words: String {
        switch self {
        case .standardized: "numeric, standardised"
        case .oneHot(let values): "categorical, \(values.count) values"
        case .hashedWords(let width): "text, words hashed into \(width) columns"
        case .moment: "datetime, as days and as places in the year, the week and the day"
        case .ignored(let reason): "left out, as \(reason)"
        }
    }
}
