import AWSProtocol
import JSON
import NIOCore
import TabularSteps

/// Does what AWS's image of the model monitor does, under the same contract: it is told by environment variables where
/// the data and the baseline are, and writes `statistics.json`, `constraints.json` and, where there is a baseline,
/// `constraint_violations.json`.
/// <https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-byoc-contract-inputs.html>
struct ModelMonitorRuntime: JobRuntime {
    func start(
        _ container: JobContainer,
        output: @escaping @Sendable (ByteBuffer) async -> Void
    ) async throws -> any JobProgram {
        await BuiltInProgram.start("model monitor", container, output: output) { log, _ in
            do {
                let message = try ModelMonitorAnalysis(container).run()
                log(message)
                try container.directory.write(Array(message.utf8), to: "/opt/ml/output/message")
                return JobExit(code: 0)
            } catch {
                log("Error: \(error)")
                // What cannot be written is told by the log.
                try? container.directory.write(Array("Error: \(error)".utf8), to: "/opt/ml/output/message")
                return JobExit(code: 1, isClientError: true)
            }
        }
    }
}

/// One run of the monitor over a data set.
private struct ModelMonitorAnalysis {
    let environment: [String: String]
    let directory: JobDirectory
    let moment: String

    init(_ container: JobContainer) {
        environment = container.environment
        directory = container.directory
        moment = container.clock.now().iso8601
    }

    /// - Returns: What the job's `ExitMessage` is.
    func run() throws -> String {
        for script in ["record_preprocessor_script", "post_analytics_processor_script"] where environment[script] != nil
        {
            throw TabularError("Trainyard's model monitor runs no \(script)")
        }
        let table = try table()
        let constraints = try document("baseline_constraints")
        let statistics = try document("baseline_statistics")
        let violations: [JSON]
        if environment["analysis_type"] == "MODEL_QUALITY" {
            let check = try modelQuality(table)
            try write(check.statistics(at: moment), "statistics.json")
            try write(check.constraints, "constraints.json")
            violations = constraints.map { check.violations(of: $0) } ?? []
        } else {
            let quality = DataQuality(table)
            try write(quality.statistics, "statistics.json")
            try write(quality.constraints, "constraints.json")
            violations = constraints.map { quality.violations(of: $0, baseline: statistics) } ?? []
        }
        guard constraints != nil else { return "Completed: Job completed successfully with no violations." }
        try write(["violations": .array(violations)], "constraint_violations.json")
        return violations.isEmpty
            ? "Completed: Job completed successfully with no violations."
            : "CompletedWithViolations: Job completed successfully with \(violations.count) violations."
    }

    private func modelQuality(_ table: MonitoredTable) throws -> ModelQualityCheck {
        let name = environment["problem_type"] ?? ""
        guard let problem = ProblemType(rawValue: name) else {
            let known = ProblemType.allCases.map(\.rawValue).joined(separator: ", ")
            throw TabularError("problem_type is '\(name)', and must be one of \(known)")
        }
        return try ModelQualityCheck(
            table,
            problem,
            ModelQualityCheck.Columns(
                inference: environment["inference_attribute"],
                probability: environment["probability_attribute"],
                groundTruth: environment["ground_truth_attribute"],
                threshold: environment["probability_threshold_attribute"].flatMap(Double.init) ?? 0.5
            )
        )
    }

    // MARK: Files

    private func table() throws -> MonitoredTable {
        let source = environment["dataset_source"] ?? "/opt/ml/processing/input/baseline_dataset_input"
        let root = try directory.path(source)
        let files = try JobDirectory.files(below: root)
        guard !files.isEmpty else { throw TabularError("There is no file in \(source)") }
        let contents = try files.map { try directory.bytes("\(source)/\($0.path)") ?? [] }
        let format = try environment["dataset_format"].map { try JSON(parsing: $0) } ?? ["csv": ["header": true]]
        let members = JSON.Object((format.objectValue ?? [:]).map { ($0.key.lowercased(), $0.value) })
        if let csv = members["csv"] {
            let header = csv["header"] ?? csv["Header"]
            return try MonitoredTable(csv: contents, hasHeader: header?.boolValue ?? true)
        }
        if let json = members["json"] {
            let lines = json["lines"] ?? json["Line"]
            return try MonitoredTable(json: contents, isLines: lines?.boolValue ?? true)
        }
        throw TabularError("Trainyard's model monitor reads csv and json, not \(format.serialized())")
    }

    /// The document that a variable names.
    private func document(_ variable: String) throws -> JSON? {
        guard let path = environment[variable] else { return nil }
        guard let bytes = try directory.bytes(path) else {
            throw TabularError("\(variable) names \(path), which is not there")
        }
        return try JSON(parsing: bytes)
    }

    private func write(_ document: JSON, _ name: String) throws {
        let output = environment["output_path"] ?? "/opt/ml/processing/output"
        try directory.write(document.serializedBytes(), to: "\(output)/\(name)")
    }
}
