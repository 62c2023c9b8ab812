public import JSON

/// What a model of a table needs beside its weights, to take rows as they stand in the user's file and to answer in the
/// user's own words.
public struct TabularSchema: Sendable, Hashable {
    public var problem: ProblemType
    /// The target's name.
    public var target: String
    public var transform: FeatureTransform
    /// nil of a regression.
    public var labels: LabelCoding?
    /// The mean of each transformed feature in the training rows.
    public var means: [Double]

    public init(
        problem: ProblemType,
        target: String,
        transform: FeatureTransform,
        labels: LabelCoding?,
        means: [Double]
    ) {
        self.problem = problem
        self.target = target
        self.transform = transform
        self.labels = labels
        self.means = means
    }

    /// The number of classes; 1 of a regression.
    public var classCount: Int { labels?.classes.count ?? 1 }

    public var json: JSON {
        .compact([
            "version": 1,
            "problem_type": .string(problem.rawValue),
            "target": .string(target),
            "columns": .array(transform.columns.map(\.json)),
            "classes": labels.map { .array($0.classes.map { .string($0) }) },
            "means": .array(means.map { .double($0) }),
        ])
    }

    /// - Throws: `TabularError` where it is not what `json` wrote.
    public init(json: JSON) throws(TabularError) {
        guard json["version"]?.intValue == 1,
            let problem = json["problem_type"]?.stringValue.flatMap(ProblemType.init(rawValue:)),
            let target = json["target"]?.stringValue, let columns = json["columns"]?.arrayValue,
            let means = json["means"]?.arrayValue
        else { throw TabularError("The document describes no features of this version") }
        var read: [FeatureTransform.Column] = []
        for column in columns { read.append(try FeatureTransform.Column(json: column)) }
        self.init(
            problem: problem,
            target: target,
            transform: FeatureTransform(columns: read),
            labels: json["classes"]?.arrayValue.map { LabelCoding(classes: $0.compactMap(\.stringValue)) },
            means: means.compactMap(\.doubleValue)
        )
    }
}

extension FeatureTransform.Column {
    fileprivate var json: JSON {
        switch encoding {
        case .standardized(let mean, let scale):
            ["name": .string(name), "kind": "numeric", "mean": .double(mean), "scale": .double(scale)]
        case .oneHot(let values):
            ["name": .string(name), "kind": "categorical", "values": .array(values.map { .string($0) })]
        case .hashedWords(let width): ["name": .string(name), "kind": "text", "width": .integer(width)]
        case .moment(let mean, let scale):
            ["name": .string(name), "kind": "datetime", "mean": .double(mean), "scale": .double(scale)]
        case .ignored(let reason): ["name": .string(name), "kind": "ignored", "reason": .string(reason)]
        }
    }

    fileprivate init(json: JSON) throws(TabularError) {
        let name = json["name"]?.stringValue ?? ""
        switch json["kind"]?.stringValue {
        case "numeric"?:
            guard let mean = json["mean"]?.doubleValue, let scale = json["scale"]?.doubleValue else { break }
            self.init(name: name, encoding: .standardized(mean: mean, scale: scale))
            return
        case "datetime"?:
            guard let mean = json["mean"]?.doubleValue, let scale = json["scale"]?.doubleValue else { break }
            self.init(name: name, encoding: .moment(mean: mean, scale: scale))
            return
        case "categorical"?:
            let values = json["values"]?.arrayValue?.compactMap(\.stringValue) ?? []
            self.init(name: name, encoding: .oneHot(values))
            return
        case "text"?:
            guard let width = json["width"]?.intValue, width > 0 else { break }
            self.init(name: name, encoding: .hashedWords(width))
            return
        case "ignored"?:
            self.init(name: name, encoding: .ignored(reason: json["reason"]?.stringValue ?? ""))
            return
        default: break
        }
        throw TabularError("The column '\(name)' is not described")
    }
}
