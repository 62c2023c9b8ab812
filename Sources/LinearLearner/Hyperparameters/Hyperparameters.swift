/// The hyperparameters of one job, checked and with their defaults.
struct Hyperparameters {
    enum PredictorType: String {
        case binaryClassifier = "binary_classifier"
        case multiclassClassifier = "multiclass_classifier"
        case regressor
    }

    /// Every hyperparameter as text, sorted by name: the final configuration that the log shows.
    let configuration: [(name: String, value: String)]
    let predictorType: PredictorType
    let loss: Loss
    private let values: [String: String]
    private let providedNames: Set<String>

    /// - Throws: `AlgorithmError` of kind `client`, naming the hyperparameter, its value and what is allowed.
    init(_ provided: [String: String]) throws(AlgorithmError) {
        var values: [String: String] = HyperparameterRule.internalDefaults
        for rule in HyperparameterRule.all { values[rule.name] = rule.defaultValue }
        for (name, value) in provided.sorted(by: { $0.key < $1.key }) {
            try Self.check(name, value)
            values[name] = value
        }
        guard let type = provided["predictor_type"].flatMap(PredictorType.init) else {
            throw .client(
                "'predictor_type' is a required property: set it to binary_classifier, multiclass_classifier or "
                    + "regressor"
            )
        }
        predictorType = type
        self.values = values
        providedNames = Set(provided.keys)
        configuration = values.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        loss = try Self.loss(values, type)
        guard type == .multiclassClassifier else { return }
        guard let classes = provided["num_classes"].flatMap({ Int($0) }) else {
            throw .client(
                "'num_classes' is a required property where predictor_type is multiclass_classifier: "
                    + "set it to the number of classes, the labels being 0 to num_classes - 1"
            )
        }
        guard classes >= 3 else {
            throw .client(
                "num_classes is \(classes), but multiclass_classifier needs at least 3: "
                    + "use predictor_type binary_classifier for two classes"
            )
        }
    }

    private static func check(_ name: String, _ value: String) throws(AlgorithmError) {
        guard let rule = HyperparameterRule.all.first(where: { $0.name == name }) else {
            if HyperparameterRule.internalDefaults[name] != nil { return }
            let nearest = HyperparameterRule.all.map { (distance(name, $0.name), $0.name) }.min { $0.0 < $1.0 }
            let hint =
                nearest.flatMap { $0.0 <= min(3, max(1, name.count / 3)) ? ". Did you mean '\($0.1)'?" : nil } ?? ""
            throw .client("Additional properties are not allowed ('\(name)' was unexpected)\(hint)")
        }
        guard rule.allows(value) else {
            throw .client("'\(value)' is not valid for hyperparameter '\(name)': it must be \(rule.requirement)")
        }
    }

    private static func loss(_ values: [String: String], _ type: PredictorType) throws(AlgorithmError) -> Loss {
        func number(_ name: String) -> Double { values[name].flatMap { Double($0) } ?? 0 }
        let name = values["loss"] ?? "auto"
        let allowed: [String]
        switch type {
        case .binaryClassifier: allowed = ["logistic", "hinge_loss"]
        case .multiclassClassifier: allowed = ["softmax_loss"]
        case .regressor: allowed = Loss.names.filter { !["logistic", "hinge_loss", "softmax_loss"].contains($0) }
        }
        guard name == "auto" || allowed.contains(name) else {
            throw .client(
                "The loss '\(name)' does not go with predictor_type \(type.rawValue): use auto or "
                    + allowed.joined(separator: ", ")
            )
        }
        switch name == "auto" ? allowed[0] : name {
        case "hinge_loss": return .hinge(margin: number("margin"))
        case "softmax_loss": return .softmax
        case "squared_loss": return .squared
        case "absolute_loss": return .absolute
        case "eps_insensitive_squared_loss": return .insensitiveSquared(width: number("loss_insensitivity"))
        case "eps_insensitive_absolute_loss": return .insensitiveAbsolute(width: number("loss_insensitivity"))
        case "quantile_loss": return .quantile(number("quantile"))
        case "huber_loss": return .huber(delta: number("huber_delta"))
        default: return .logistic
        }
    }

    // MARK: Values

    subscript(name: String) -> String { values[name] ?? "auto" }

    /// Nil where it is `auto` (or `balanced`).
    func number(_ name: String) -> Double? { Double(self[name]) }

    func integer(_ name: String) -> Int? { Int(self[name]) }

    func boolean(_ name: String) -> Bool? { HyperparameterRule.boolean(self[name]) }

    func isProvided(_ name: String) -> Bool { providedNames.contains(name) }

    var classCount: Int { predictorType == .multiclassClassifier ? integer("num_classes") ?? 1 : 1 }

    /// How many letters must change to make one name the other.
    private static func distance(_ left: String, _ right: String) -> Int {
        let right = Array(right.utf8)
        var row = Array(0...right.count)
        for (i, letter) in left.utf8.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, other) in right.enumerated() {
                let next = min(row[j], row[j + 1]) + 1
                (diagonal, row[j + 1]) = (row[j + 1], min(next, diagonal + (letter == other ? 0 : 1)))
            }
        }
        return row[right.count]
    }
}
