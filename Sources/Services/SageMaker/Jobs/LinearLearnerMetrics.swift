/// The metrics that AWS's linear-learner image defines for itself, found in its log.
enum LinearLearnerMetrics {
    static let definitions: [JobPlan.MetricDefinition] = {
        let general = [
            ("train:progress", "#progress_metric: host=\\S+, completed (\\S+) %"),
            ("train:throughput", "#throughput_metric: host=\\S+, train throughput=(\\S+) records/second"),
            ("train:objective_loss", "#quality_metric: host=\\S+, epoch=\\S+, train \\S+_objective <loss>=(\\S+)"),
            ("train:objective_loss:final", "#quality_metric: host=\\S+, train \\S+_objective <loss>=(\\S+)"),
            (
                "validation:objective_loss",
                "#quality_metric: host=\\S+, epoch=\\S+, validation \\S+_objective <loss>=(\\S+)"
            ),
            ("validation:objective_loss:final", "#quality_metric: host=\\S+, validation \\S+_objective <loss>=(\\S+)"),
            ("test:objective_loss", "#quality_metric: host=\\S+, test \\S+_objective <loss>=(\\S+)"),
        ]
        let scores = ["train", "validation", "test"].flatMap { channel in
            (simpleScores + (channel == "train" ? [] : multiclassScores)).map { score in
                (
                    "\(channel):\(score.name)",
                    "#quality_metric: host=\\S+, \(channel) \(score.logged) <\(score.kind)>=(\\S+)"
                )
            }
        }
        return (general + scores + later).map { JobPlan.MetricDefinition(name: $0.0, pattern: $0.1) }
    }()

    /// What AWS's page "Tune a linear learner model" lists beside those of the first images.
    private static let later = [
        ("validation:rmse", "#quality_metric: host=\\S+, validation rmse <loss>=(\\S+)"),
        ("validation:roc_auc_score", "#quality_metric: host=\\S+, validation roc_auc_score <score>=(\\S+)"),
        ("test:roc_auc_score", "#quality_metric: host=\\S+, test roc_auc_score <score>=(\\S+)"),
    ]

    private static let simpleScores = [
        (name: "mse", logged: "mse", kind: "loss"),
        (name: "absolute_loss", logged: "absolute_loss", kind: "loss"),
        (name: "binary_classification_accuracy", logged: "binary_classification_accuracy", kind: "score"),
        (name: "precision", logged: "precision", kind: "score"),
        (name: "recall", logged: "recall", kind: "score"),
        (name: "binary_f_beta", logged: "binary_f_\\S+", kind: "score"),
    ]

    private static let multiclassScores = [
        (name: "dcg", logged: "dcg", kind: "score"),
        (name: "macro_precision", logged: "macro_precision", kind: "score"),
        (name: "macro_recall", logged: "macro_recall", kind: "score"),
        (name: "multiclass_accuracy", logged: "multiclass_accuracy", kind: "score"),
        (name: "macro_f_beta", logged: "macro_f_\\S+", kind: "score"),
        (name: "multiclass_top_k_accuracy", logged: "multiclass_top_k_accuracy_\\S+", kind: "score"),
    ]
}
