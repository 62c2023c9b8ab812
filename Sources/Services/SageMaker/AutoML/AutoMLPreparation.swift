import AWSProtocol
import Compute
import JSON
import Store
import TabularSteps

/// Reads an AutoML job's data and makes of them what its training jobs read.
struct AutoMLPreparation: Sendable {
    let job: JobRecord
    let context: JobContext
    let transfer: S3Transfer
    let log: JobLog

    private var directory: JobDirectory { JobDirectory(root: "\(context.directory)/\(job.id)") }

    /// - Parameter advance: Told of each stage.
    /// - Throws: `JobFailure` where the data cannot be trained with.
    func run(
        _ advance: (JobStage) async throws -> Void
    ) async throws -> (findings: AutoMLFindings, judgement: CandidateJudgement) {
        let plan = try AutoMLPlan(job)
        // Once candidates may have been trained, the data are what they were trained with.
        if let findings = try await context.store.read({ [job] db in try AutoMLFindings.find(of: job.id, in: db) }) {
            let bytes = try await transfer.bytes(plan.output.processor)
            let schema = try AutoMLArchive(tarGzip: bytes).schema
            let validation = try await transfer.bytes(plan.output.data("validation"))
            return (findings, try CandidateJudgement(schema, validation: validation))
        }
        let training = try await table(plan.training)
        var validation: ChannelTable?
        if let input = plan.validation { validation = try await table(input) }
        let size = training.size + (validation?.size ?? 0)
        let mode = plan.mode ?? (size < Self.largestForEnsembling ? .ensembling : .tuning)
        try await advance(mode == .ensembling ? .preTraining : .analyzingData)
        let engineering = FeatureEngineering(
            plan: plan,
            specification: try await specification(plan),
            training: training,
            validation: validation
        )
        let result = try await context.host.runBlocking { try engineering.run() }
        for remark in result.remarks { await log.write(line: remark) }
        if mode == .tuning { try await advance(.featureEngineering) }
        try await transfer.put(result.training, to: plan.output.data("train"))
        try await transfer.put(result.validation, to: plan.output.data("validation"))
        try await transfer.put(AutoMLArchive(result.schema).tarGzip(), to: plan.output.processor)
        let findings = AutoMLFindings(
            problem: result.schema.problem,
            objective: plan.objective ?? .defaultObjective(of: result.schema.problem),
            mode: mode,
            partialFailures: partialFailures(plan)
        )
        for message in findings.partialFailures { await log.write(line: message) }
        try await context.store.write { [job] db in try findings.save(of: job.id, in: db) }
        return (findings, try CandidateJudgement(result.schema, validation: result.validation))
    }

    /// From here on AWS tunes rather than ensembles in the mode `AUTO`: 100 MB.
    private static let largestForEnsembling = 100_000_000

    private func partialFailures(_ plan: AutoMLPlan) -> [String] {
        guard !plan.missingAlgorithms.isEmpty else { return [] }
        return [
            "Trainyard trains linear-learner only; not tried were: \(plan.missingAlgorithms.joined(separator: ", "))."
        ]
    }

    private func specification(_ plan: AutoMLPlan) async throws -> FeatureEngineering.Specification {
        guard let location = plan.featureSpecification else { return FeatureEngineering.Specification() }
        return try FeatureEngineering.Specification(await transfer.bytes(location))
    }

    private func table(_ input: JobPlan.Input) async throws -> ChannelTable {
        let root = JobDirectory(root: "\(directory.root)/\(input.name)")
        try root.remove()
        try JobDirectory.makeDirectory(root.root)
        try await transfer.download(input, to: root.root)
        return try await context.host.runBlocking { [directory] in
            let files = try JobDirectory.files(below: root.root).map { file in
                (name: file.path, bytes: try root.bytes("\(ContainerPath.root)/\(file.path)") ?? [])
            }
            try directory.remove()
            return try ChannelTable(files)
        }
    }
}
