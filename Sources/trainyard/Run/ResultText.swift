import Foundation
import JSON
import Project

/// What a finished run prints on standard output.
enum ResultText {
    /// The metrics, the confusion matrix and the model's address, where the output holds them; else the output itself.
    static func succeeded(output: JSON) -> String {
        let report = RunReport(output: output)
        var lines: [String] = []
        for metric in report.metrics {
            let name = metric.name.replacing("_", with: " ")
            lines.append(
                name.padding(toLength: max(22, name.count + 1), withPad: " ", startingAt: 0)
                    + String(format: "%.4f", metric.value)
            )
        }
        if let confusion = report.confusion {
            lines.append("confusion matrix (rows: actual, columns: predicted)")
            lines += confusion.lines
        }
        if let model = report.model { lines.append("model                 \(model)") }
        return lines.isEmpty ? output.serialized(.pretty) : lines.joined(separator: "\n")
    }

    /// A cause in readable form: a function's error message, else the text; empty for a job, which is described apart.
    static func cause(_ text: String) -> String {
        if FailedJob(cause: text) != nil { return "" }
        guard let cause = try? JSON(parsing: text), cause.objectValue != nil else { return text }
        return cause["errorMessage"]?.stringValue ?? cause.serialized(.pretty)
    }

    /// What to type next, to look around in what the run left.
    static func nextSteps(dataDirectory: String, executionARN: String, model: String?) -> String {
        let directory = dataDirectory == ".trainyard" ? "" : " --data-dir \(dataDirectory)"
        var lines = [
            "Next: look around with the AWS tools you know",
            "  trainyard start\(directory) &",
            "  eval \"$(trainyard env)\"",
            executionARN.contains(":pipeline/")
                ? "  aws sagemaker list-pipeline-execution-steps --pipeline-execution-arn \(executionARN)"
                : "  aws stepfunctions get-execution-history --execution-arn \(executionARN)",
        ]
        if let model { lines.append("  aws s3 cp \(model) .") }
        return lines.joined(separator: "\n")
    }
}
