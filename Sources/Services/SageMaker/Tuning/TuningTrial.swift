import AWSProtocol
import GRDB
import HyperparameterTuning
import JSON
import Store

/// One training job of a tuning job.
struct TuningTrial: Sendable {
    /// Counts from zero; the training job's name has it from one.
    var number: Int
    var trainingJob: String
    /// The name of its definition; empty where there is only one without a name.
    var definition: String
    /// The values that the search chose.
    var tuned: [String: String]
    /// nil where it has not been created, or has been deleted.
    var job: JobRecord?

    /// `JOBNAME-001-abcdef12`
    static func name(_ tuningJob: String, number: Int) -> String {
        let digits = String(number + 1)
        let padding = String(repeating: "0", count: max(0, 3 - digits.count))
        return "\(tuningJob)-\(padding)\(digits)-\(RandomText.uuid().prefix(8))"
    }

    func insert(of tuningJob: Int64, in db: Database) throws {
        let values = JSON.Object(tuned.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })
        try db.execute(
            sql: """
                INSERT INTO sagemaker_tuning_trials (tuning_job, number, training_job, definition, tuned)
                VALUES (?, ?, ?, ?, ?)
                """,
            arguments: [tuningJob, number, trainingJob, definition, JSON.object(values).serialized()]
        )
    }

    /// A tuning job's trials in the order of their numbers.
    static func all(of tuning: JobRecord, in db: Database) throws -> [TuningTrial] {
        let caller = Caller(account: tuning.account, region: tuning.region)
        return try Row.fetchAll(
            db,
            sql: "SELECT * FROM sagemaker_tuning_trials WHERE tuning_job = ? ORDER BY number",
            arguments: [tuning.id]
        ).map { row in
            let name: String = row["training_job"]
            return TuningTrial(
                number: row["number"],
                trainingJob: name,
                definition: row["definition"],
                tuned: Optional(try JSON(parsing: row["tuned"] as String)).stringMap,
                job: try JobRecord.find(.training, name, of: caller, in: db)
            )
        }
    }

    /// The ARN of the tuning job that a training job belongs to.
    static func tuningJob(of training: JobRecord, in db: Database) throws -> String? {
        let row = try Row.fetchOne(
            db,
            sql: """
                SELECT jobs.* FROM sagemaker_tuning_trials AS trials JOIN sagemaker_jobs AS jobs
                ON jobs.id = trials.tuning_job
                WHERE trials.training_job = ? AND jobs.account = ? AND jobs.region = ?
                """,
            arguments: [training.name, training.account, training.region]
        )
        return try row.map(JobRecord.init)?.arn
    }
}

extension TuningTrial {
    enum ObjectiveStatus: String, Sendable {
        case succeeded = "Succeeded"
        case pending = "Pending"
        case failed = "Failed"
    }

    var isUnderWay: Bool { job.map { !$0.state.status.isFinal } ?? false }

    /// The objective's last value, once the training has ended without failing.
    var objective: Double? {
        guard let state = job?.state, state.status == .completed || state.status == .stopped else { return nil }
        return state.metrics.first { $0.name == TuningContract.objectiveMetric }?.value
    }

    var objectiveStatus: ObjectiveStatus {
        if isUnderWay { return .pending }
        return objective == nil ? .failed : .succeeded
    }

    /// As the search sees it.
    func trial(with fixed: [String: String] = [:]) -> Trial {
        let outcome: Trial.Outcome =
            switch objectiveStatus {
            case .pending: .pending
            case .failed: .failed
            case .succeeded: objective.map { .objective($0) } ?? .failed
            }
        return Trial(tuned.merging(fixed) { own, _ in own }, outcome)
    }
}
