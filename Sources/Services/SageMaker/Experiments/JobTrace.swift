import AWSProtocol
import GRDB
import JSON
import Store

/// What jobs leave in experiments and lineage: a trial component each, as AWS makes them automatically.
///
/// A job's record says all of it, so nothing is written while jobs run: the rows are made when somebody first asks for
/// experiments or lineage, and tell of the job as it is whenever they are read.
extension SageMakerService {
    /// Makes the trial components of jobs that have none yet, and the lineage of those that have completed since.
    func traceJobs() async throws {
        let isComplete = try await store.read { db in try TracedJob.pending(in: db).isEmpty }
        guard !isComplete else { return }
        try await store.write { db in
            for traced in try TracedJob.pending(in: db) {
                guard let job = try JobRecord.find(id: traced.job, in: db) else { continue }
                if !traced.hasComponent { try Self.makeTrialComponent(of: job, in: db) }
                if job.state.status == .completed { try Self.makeLineage(of: job, in: db) }
                try TracedJob.record(job, in: db)
            }
        }
    }

    private static func makeTrialComponent(of job: JobRecord, in db: Database) throws {
        let owner = Caller(account: job.account, region: job.region)
        let name = job.trialComponentName
        guard try ResourceRecord.find(.trialComponent, name, of: owner, in: db) == nil else { return }
        let config = job.request["ExperimentConfig"]
        var component = ResourceRecord(
            .trialComponent,
            name,
            of: owner,
            created: job.created,
            document: .compact([
                "DisplayName": config?["TrialComponentDisplayName"],
                "Source": ["SourceArn": .string(job.arn), "SourceType": .string(job.sourceType)],
            ])
        )
        try component.insert(in: db)
        guard let trial = try trial(of: config, job, owner, in: db) else { return }
        try TrialMembership.add(component, to: trial, at: job.created, in: db)
    }

    /// The trial that an `ExperimentConfig` names; one that names only an experiment gets a trial of its own.
    private static func trial(
        of config: JSON?,
        _ job: JobRecord,
        _ owner: Caller,
        in db: Database
    ) throws -> ResourceRecord? {
        if let name = config?["TrialName"]?.stringValue {
            return try ResourceRecord.find(.trial, name, of: owner, in: db)
        }
        guard let name = config?["ExperimentName"]?.stringValue,
            try ResourceRecord.find(.experiment, name, of: owner, in: db) != nil
        else { return nil }
        let own = "\(job.name)-aws-trial"
        if let trial = try ResourceRecord.find(.trial, own, of: owner, in: db) { return trial }
        var trial = ResourceRecord(
            .trial,
            own,
            of: owner,
            created: job.created,
            document: ["ExperimentName": .string(name)]
        )
        try trial.insert(in: db)
        return trial
    }
}

extension JobRecord {
    /// `NAME-aws-training-job`: the trial component that AWS makes for it.
    var trialComponentName: String { "\(name)-aws-\(kind.rawValue)".lowercased() }

    /// `SageMakerTrainingJob`
    var sourceType: String {
        "SageMaker" + kind.rawValue.split(separator: "-").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }
}

/// A job whose trace in experiments and lineage has been made.
struct TracedJob: Sendable {
    var job: Int64
    var hasComponent: Bool

    /// The jobs without a trial component, and those completed without lineage.
    static func pending(in db: Database) throws -> [TracedJob] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT j.id, t.job IS NOT NULL FROM sagemaker_jobs AS j \
                LEFT JOIN sagemaker_traced_jobs AS t ON t.job = j.id \
                WHERE t.job IS NULL OR (t.has_lineage = 0 AND j.status = 'Completed') ORDER BY j.id
                """
        ).map { TracedJob(job: $0[0], hasComponent: $0[1]) }
    }

    static func record(_ job: JobRecord, in db: Database) throws {
        try db.execute(
            sql: "INSERT OR REPLACE INTO sagemaker_traced_jobs (job, has_lineage) VALUES (?, ?)",
            arguments: [job.id, job.state.status == .completed]
        )
    }
}

extension ResourceRecord {
    /// Completes a trial component by what the job that it stands for says now.
    /// - Returns: The job's own metrics, as summaries.
    mutating func fill(in db: Database) throws -> [JSON] {
        guard let source = document["Source"]?["SourceArn"]?.stringValue,
            let job = try JobRecord.find(arn: source, in: db)
        else { return [] }
        let facts = JobFacts(job)
        for (member, value) in facts.members where document[member] == nil { document[member] = value }
        for member in ["Parameters", "InputArtifacts", "OutputArtifacts"] {
            document[member] = .object(
                (facts.maps[member] ?? [:]).merging(document[member]?.objectValue ?? [:])
            )
        }
        modified = max(modified, job.state.modified)
        return facts.metrics
    }
}

extension JobRecord {
    static func find(arn: String, in db: Database) throws -> JobRecord? {
        guard let parsed = ARN(arn), let slash = parsed.resource.firstIndex(of: "/"),
            let kind = JobKind(rawValue: String(parsed.resource[..<slash]))
        else { return nil }
        let name = String(parsed.resource[parsed.resource.index(after: slash)...])
        return try find(kind, name, of: Caller(account: parsed.account, region: parsed.region), in: db)
    }
}
