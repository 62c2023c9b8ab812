/// Writes the lines that SageMaker's image writes, in its form, and keeps the metrics in them.
final class TrainingLog {
    private let write: (String) -> Void
    private let now: () -> Double
    private let startTime: Double
    private(set) var metrics: [Metric] = []

    init(write: @escaping (String) -> Void, now: @escaping () -> Double) {
        self.write = write
        self.now = now
        startTime = now()
    }

    func info(_ message: String) { write("[\(timestamp()) INFO 1] \(message)") }

    func warning(_ message: String) { write("[\(timestamp()) WARNING 1] \(message)") }

    func configuration(_ provided: [String: String], _ final: [(name: String, value: String)]) {
        let defaults = HyperparameterRule.all.filter { $0.defaultValue != nil }.sorted { $0.name < $1.name }
        info(
            "Reading default configuration from /opt/amazon/lib/python3.8/site-packages/algorithm/resources/"
                + "default-input.json: \(Self.dictionary(defaults.map { ($0.name, $0.defaultValue ?? "") }))"
        )
        let given = provided.sorted { $0.key < $1.key }
        info(
            "Merging with provided configuration from /opt/ml/input/config/hyperparameters.json: "
                + "\(Self.dictionary(given.map { ($0.key, $0.value) }))"
        )
        info("Final configuration: \(Self.dictionary(final))")
    }

    /// A loss after an epoch, or at the end where `epoch` is nil.
    func objective(_ channel: String, _ name: String, _ value: Double, epoch: Int? = nil) {
        let place = epoch.map { "epoch=\($0), " } ?? ""
        info("#quality_metric: host=algo-1, \(place)\(channel) \(name) <loss>=\(value)")
        if epoch != nil {
            record("\(channel):objective_loss", value)
        } else {
            record(channel == "test" ? "test:objective_loss" : "\(channel):objective_loss:final", value)
        }
    }

    func scores(_ channel: String, _ scores: [QualityScore]) {
        for score in scores {
            info("#\(channel)_score (algo-1) : ('\(score.name)', \(score.value))")
        }
        for score in scores {
            let sign = score.isLoss ? "<loss>" : "<score>"
            info("#quality_metric: host=algo-1, \(channel) \(score.name) \(sign)=\(score.value)")
            if let name = Self.metricName(channel, score.name) { record("\(channel):\(name)", score.value) }
        }
    }

    func progress(_ percent: Int) {
        info("#progress_metric: host=algo-1, completed \(percent) % of epochs")
        record("train:progress", Double(percent))
    }

    func throughput(records: Int, since start: Double) {
        let rate = Double(records) / max(now() - start, 1e-6)
        info("#throughput_metric: host=algo-1, train throughput=\(rate) records/second")
        record("train:throughput", rate)
    }

    var time: Double { now() }

    /// What decides on stopping, after an epoch.
    func criterion(_ name: String, _ value: Double, epoch: Int, isImproved: Bool) {
        info("#early_stopping_criteria_metric: host=algo-1, epoch=\(epoch), criteria=\(name), value=\(value)")
        guard isImproved else { return info("Epoch \(epoch): Loss has not improved.") }
        info("Epoch \(epoch): Loss improved. Updating best model")
        info("Saving model for epoch: \(epoch)")
    }

    /// The loss of one of the models after an epoch.
    func modelMetrics(epoch: Int, model: Int, _ name: String, _ value: Double) {
        let time = now()
        write(
            "#metrics {\"StartTime\": \(time), \"EndTime\": \(time), \"Dimensions\": {\"Algorithm\": "
                + "\"Linear Learner\", \"Host\": \"algo-1\", \"Operation\": \"training\", \"epoch\": \(epoch), "
                + "\"model\": \(model)}, \"Metrics\": {\"train_\(name)\": {\"sum\": \(value), \"count\": 1, "
                + "\"min\": \(value), \"max\": \(value)}}}"
        )
    }

    /// The line of totals at the end.
    /// - Parameter setupEnd: When the data had been read.
    func totals(epochs: Int, setupEnd: Double) {
        let end = now()
        let milliseconds = (end - startTime) * 1000
        let setup = (setupEnd - startTime) * 1000
        func value(_ number: Double) -> String {
            "{\"sum\": \(number), \"count\": 1, \"min\": \(number), \"max\": \(number)}"
        }
        write(
            "#metrics {\"StartTime\": \(startTime), \"EndTime\": \(end), \"Dimensions\": {\"Algorithm\": "
                + "\"Linear Learner\", \"Host\": \"algo-1\", \"Operation\": \"training\"}, \"Metrics\": {\"epochs\": "
                + "\(value(Double(epochs))), \"setuptime\": \(value(setup)), \"totaltime\": \(value(milliseconds))}}"
        )
    }

    private func record(_ name: String, _ value: Double) {
        if let index = metrics.firstIndex(where: { $0.name == name }) {
            metrics[index].value = value
        } else {
            metrics.append(Metric(name: name, value: value))
        }
    }

    /// The name in SageMaker's metric definitions of this algorithm, nil where they have none.
    private static func metricName(_ channel: String, _ score: String) -> String? {
        let shared = ["mse", "absolute_loss", "binary_classification_accuracy", "precision", "recall"]
        if shared.contains(score) { return score }
        if score.hasPrefix("binary_f_") { return "binary_f_beta" }
        guard channel != "train" else { return nil }
        if ["dcg", "macro_precision", "macro_recall", "multiclass_accuracy"].contains(score) { return score }
        if score == "roc_auc_score" || score == "rmse" && channel == "validation" { return score }
        if score.hasPrefix("macro_f_") { return "macro_f_beta" }
        return score.hasPrefix("multiclass_top_k_accuracy_") ? "multiclass_top_k_accuracy" : nil
    }

    /// As Python prints a dictionary of strings.
    private static func dictionary(_ members: [(String, String)]) -> String {
        "{" + members.map { "'\($0.0)': '\($0.1)'" }.joined(separator: ", ") + "}"
    }

    /// `MM/dd/yyyy HH:mm:ss`, UTC.
    private func timestamp() -> String {
        let seconds = Int(now().rounded(.down))
        let days = Int((Double(seconds) / 86400).rounded(.down))
        let rest = seconds - days * 86400
        // Days since 0000-03-01 of the proleptic Gregorian calendar.
        let shifted = days + 719_468
        let era = Int((Double(shifted) / 146_097).rounded(.down))
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(two(month))/\(two(day))/\(year) \(two(rest / 3600)):\(two(rest / 60 % 60)):\(two(rest % 60))"
    }
}
