/// What values a hyperparameter may have, and what it is where it is not given.
///
/// Follows AWS's page "Linear learner hyperparameters".
struct HyperparameterRule {
    enum Values {
        case choice([String])
        case boolean
        /// At least `minimum`, at most `maximum`.
        case integer(minimum: Int, maximum: Int = .max)
        /// From `minimum` to `maximum`, either of them excluded where said.
        case number(minimum: Double, maximum: Double = .infinity, isMinimumExcluded: Bool = false)
    }

    var name: String
    var values: Values
    /// Words allowed beside them.
    var words: [String]
    /// Nil where it must be given or does not apply.
    var defaultValue: String?

    init(_ name: String, _ values: Values, words: [String] = [], default defaultValue: String?) {
        self.name = name
        self.values = values
        self.words = words
        self.defaultValue = defaultValue
    }

    func allows(_ text: String) -> Bool {
        if words.contains(text) { return true }
        switch values {
        case .choice(let choices): return choices.contains(text)
        case .boolean: return Self.boolean(text) != nil
        case .integer(let minimum, let maximum):
            guard let value = Int(text) else { return false }
            return minimum <= value && value <= maximum
        case .number(let minimum, let maximum, let isMinimumExcluded):
            guard let value = Double(text), value.isFinite else { return false }
            return (isMinimumExcluded ? value > minimum : value >= minimum) && value <= maximum
        }
    }

    /// What is allowed, in words.
    var requirement: String {
        let rest: String =
            switch values {
            case .choice(let choices): "one of \(choices.joined(separator: ", "))"
            case .boolean: "true or false"
            case .integer(1, .max): "a positive integer"
            case .integer(let minimum, let maximum): "an integer from \(minimum) to \(maximum)"
            case .number(0, .infinity, true): "a positive number"
            case .number(0, .infinity, false): "a number not below 0"
            case .number(let minimum, .infinity, _) where minimum == -.infinity: "a number"
            case .number(let minimum, let maximum, _): "a number from \(minimum) to \(maximum)"
            }
        return (words + [rest]).joined(separator: " or ")
    }

    static func boolean(_ text: String) -> Bool? {
        switch text.lowercased() {
        case "true", "1": true
        case "false", "0": false
        default: nil
        }
    }

    static let all: [HyperparameterRule] = [
        HyperparameterRule(
            "predictor_type",
            .choice(["binary_classifier", "multiclass_classifier", "regressor"]),
            default: nil
        ),
        HyperparameterRule("num_classes", .integer(minimum: 1, maximum: 1_000_000), default: "1"),
        HyperparameterRule("accuracy_top_k", .integer(minimum: 1), default: "3"),
        HyperparameterRule("balance_multiclass_weights", .boolean, default: "false"),
        HyperparameterRule("beta_1", .number(minimum: 0, maximum: 1), words: ["auto"], default: "auto"),
        HyperparameterRule("beta_2", .number(minimum: 0, maximum: 1), words: ["auto"], default: "auto"),
        HyperparameterRule(
            "bias_lr_mult",
            .number(minimum: 0, isMinimumExcluded: true),
            words: ["auto"],
            default: "auto"
        ),
        HyperparameterRule("bias_wd_mult", .number(minimum: 0), words: ["auto"], default: "auto"),
        HyperparameterRule(
            "binary_classifier_model_selection_criteria",
            .choice([
                "accuracy", "f_beta", "f1", "precision_at_target_recall", "recall_at_target_precision", "loss_function",
                "cross_entropy_loss",
            ]),
            default: "accuracy"
        ),
        HyperparameterRule("early_stopping_patience", .integer(minimum: 1), default: "3"),
        HyperparameterRule("early_stopping_tolerance", .number(minimum: 0, isMinimumExcluded: true), default: "0.001"),
        HyperparameterRule("epochs", .integer(minimum: 1), default: "15"),
        HyperparameterRule("f_beta", .number(minimum: 0, isMinimumExcluded: true), default: "1.0"),
        HyperparameterRule("feature_dim", .integer(minimum: 1), words: ["auto"], default: "auto"),
        HyperparameterRule("huber_delta", .number(minimum: 0), default: "1.0"),
        HyperparameterRule("init_bias", .number(minimum: -.infinity), default: "0.0"),
        HyperparameterRule("init_method", .choice(["uniform", "normal"]), default: "uniform"),
        HyperparameterRule("init_scale", .number(minimum: 0, isMinimumExcluded: true), default: "0.07"),
        HyperparameterRule("init_sigma", .number(minimum: 0, isMinimumExcluded: true), default: "0.01"),
        HyperparameterRule("l1", .number(minimum: 0), words: ["auto"], default: "auto"),
        HyperparameterRule(
            "learning_rate",
            .number(minimum: 0, isMinimumExcluded: true),
            words: ["auto"],
            default: "auto"
        ),
        HyperparameterRule("loss", .choice(["auto"] + Loss.names), default: "auto"),
        HyperparameterRule("loss_insensitivity", .number(minimum: 0), default: "0.01"),
        HyperparameterRule("lr_scheduler_factor", .number(minimum: 0, maximum: 1), words: ["auto"], default: "auto"),
        HyperparameterRule(
            "lr_scheduler_minimum_lr",
            .number(minimum: 0, isMinimumExcluded: true),
            words: ["auto"],
            default: "auto"
        ),
        HyperparameterRule("lr_scheduler_step", .integer(minimum: 1), words: ["auto"], default: "auto"),
        HyperparameterRule("margin", .number(minimum: 0), default: "1.0"),
        HyperparameterRule("mini_batch_size", .integer(minimum: 1), default: "1000"),
        HyperparameterRule("momentum", .number(minimum: 0, maximum: 1), words: ["auto"], default: "auto"),
        HyperparameterRule("normalize_data", .boolean, words: ["auto"], default: "true"),
        HyperparameterRule("normalize_label", .boolean, words: ["auto"], default: "auto"),
        HyperparameterRule("num_calibration_samples", .integer(minimum: 1), words: ["auto"], default: "10000000"),
        HyperparameterRule("num_models", .integer(minimum: 1), words: ["auto"], default: "auto"),
        HyperparameterRule("num_point_for_scaler", .integer(minimum: 1), default: "10000"),
        HyperparameterRule("optimizer", .choice(["auto", "sgd", "adam", "rmsprop"]), default: "auto"),
        HyperparameterRule(
            "positive_example_weight_mult",
            .number(minimum: 0, isMinimumExcluded: true),
            words: ["auto", "balanced"],
            default: "1.0"
        ),
        HyperparameterRule("quantile", .number(minimum: 0, maximum: 1), default: "0.5"),
        HyperparameterRule("target_precision", .number(minimum: 0, maximum: 1), default: "0.8"),
        HyperparameterRule("target_recall", .number(minimum: 0, maximum: 1), default: "0.8"),
        HyperparameterRule("unbias_data", .boolean, words: ["auto"], default: "auto"),
        HyperparameterRule("unbias_label", .boolean, words: ["auto"], default: "auto"),
        HyperparameterRule("use_bias", .boolean, default: "true"),
        HyperparameterRule("use_lr_scheduler", .boolean, default: "true"),
        HyperparameterRule("wd", .number(minimum: 0), words: ["auto"], default: "auto"),
    ]

    /// Set by SageMaker itself, with the image's defaults.
    static let internalDefaults: [String: String] = [
        "_num_kv_servers": "auto", "_log_level": "info", "_tuning_objective_metric": "", "_kvstore": "auto",
        "_enable_profiler": "false", "_num_gpus": "auto",
    ]
}
