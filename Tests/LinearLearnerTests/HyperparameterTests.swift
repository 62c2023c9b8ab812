import Testing

@testable import LinearLearner

/// AWS's page "Linear learner hyperparameters": each one's default, and values inside and outside of its range.
@Suite struct HyperparameterTests {
    struct Row: CustomTestStringConvertible, Sendable {
        var name: String
        var defaultValue: String?
        var allowed: [String]
        var refused: [String]

        init(_ name: String, _ defaultValue: String?, _ allowed: [String], _ refused: [String]) {
            self.name = name
            self.defaultValue = defaultValue
            self.allowed = allowed
            self.refused = refused
        }

        var testDescription: String { name }
    }

    private static let truth = ["true", "false"]
    private static let positiveIntegers = ["1", "1000000"]
    private static let noPositiveInteger = ["0", "-1", "1.5", "auto ", "many", ""]
    private static let noPositive = ["0", "-0.5", "inf", "nan", "x", ""]
    private static let noFraction = ["-0.1", "1.1", "nan", "x", ""]
    private static let noNonNegative = ["-0.1", "inf", "x", ""]

    static let table: [Row] = [
        Row(
            "predictor_type",
            nil,
            ["binary_classifier", "multiclass_classifier", "regressor"],
            ["auto", "Regressor", ""]
        ),
        Row("num_classes", "1", ["3", "1000000"], ["0", "1000001", "x"]),
        Row("accuracy_top_k", "3", positiveIntegers, noPositiveInteger),
        Row("balance_multiclass_weights", "false", truth, ["auto", "yes", ""]),
        Row("beta_1", "auto", ["auto", "0", "0.9", "1"], noFraction),
        Row("beta_2", "auto", ["auto", "0", "0.999", "1"], noFraction),
        Row("bias_lr_mult", "auto", ["auto", "0.1", "10"], noPositive),
        Row("bias_wd_mult", "auto", ["auto", "0", "10"], noNonNegative),
        Row(
            "binary_classifier_model_selection_criteria",
            "accuracy",
            ["accuracy", "f_beta", "precision_at_target_recall", "recall_at_target_precision", "loss_function"],
            ["auto", "auc"]
        ),
        Row("early_stopping_patience", "3", positiveIntegers, noPositiveInteger),
        Row("early_stopping_tolerance", "0.001", ["0.00001", "1"], noPositive),
        Row("epochs", "15", positiveIntegers, noPositiveInteger),
        Row("f_beta", "1.0", ["0.5", "2"], noPositive),
        Row("feature_dim", "auto", ["auto"] + positiveIntegers, noPositiveInteger),
        Row("huber_delta", "1.0", ["0.5", "2"], noNonNegative),
        Row("init_bias", "0.0", ["-1.5", "0", "2"], ["nan", "inf", "x"]),
        Row("init_method", "uniform", ["uniform", "normal"], ["auto"]),
        Row("init_scale", "0.07", ["0.5"], noPositive),
        Row("init_sigma", "0.01", ["0.5"], noPositive),
        Row("l1", "auto", ["auto", "0", "0.5"], noNonNegative),
        Row("learning_rate", "auto", ["auto", "0.1"], noPositive),
        Row(
            "loss",
            "auto",
            [
                "auto", "logistic", "squared_loss", "absolute_loss", "hinge_loss", "eps_insensitive_squared_loss",
                "eps_insensitive_absolute_loss", "quantile_loss", "huber_loss", "softmax_loss",
            ],
            ["focal_loss", "focal", "mse"]
        ),
        Row("loss_insensitivity", "0.01", ["0.5"], noNonNegative),
        Row("lr_scheduler_factor", "auto", ["auto", "0", "0.99", "1"], noFraction),
        Row("lr_scheduler_minimum_lr", "auto", ["auto", "0.00001"], noPositive),
        Row("lr_scheduler_step", "auto", ["auto"] + positiveIntegers, noPositiveInteger),
        Row("margin", "1.0", ["0.5", "2"], noNonNegative),
        Row("mini_batch_size", "1000", positiveIntegers, noPositiveInteger),
        Row("momentum", "auto", ["auto", "0", "0.9", "1"], noFraction),
        Row("normalize_data", "true", ["auto"] + truth, ["yes", ""]),
        Row("normalize_label", "auto", ["auto"] + truth, ["yes", ""]),
        Row("num_calibration_samples", "10000000", ["auto"] + positiveIntegers, noPositiveInteger),
        Row("num_models", "auto", ["auto"] + positiveIntegers, noPositiveInteger),
        Row("num_point_for_scaler", "10000", positiveIntegers, noPositiveInteger),
        Row("optimizer", "auto", ["auto", "sgd", "adam", "rmsprop"], ["lbfgs", "Adam"]),
        Row("positive_example_weight_mult", "1.0", ["balanced", "auto", "0.5", "100"], noPositive),
        Row("quantile", "0.5", ["0.1", "0.9"], noFraction),
        Row("target_precision", "0.8", ["0.1", "0.9"], noFraction),
        Row("target_recall", "0.8", ["0.1", "0.9"], noFraction),
        Row("unbias_data", "auto", ["auto"] + truth, ["yes", ""]),
        Row("unbias_label", "auto", ["auto"] + truth, ["yes", ""]),
        Row("use_bias", "true", truth, ["auto", "yes", ""]),
        Row("use_lr_scheduler", "true", truth, ["auto", "yes", ""]),
        Row("wd", "auto", ["auto", "0", "0.5"], noNonNegative),
    ]

    @Test(arguments: table)
    func `ranges and defaults are the documented ones`(row: Row) throws {
        let rule = try #require(HyperparameterRule.all.first { $0.name == row.name })
        #expect(rule.defaultValue == row.defaultValue)
        for value in row.allowed { #expect(rule.allows(value), "\(row.name)=\(value)") }
        for value in row.refused { #expect(!rule.allows(value), "\(row.name)=\(value)") }
    }

    @Test func `all of them are in the table`() {
        #expect(Set(Self.table.map(\.name)) == Set(HyperparameterRule.all.map(\.name)))
        #expect(Self.table.count == 44)
    }
}
