import AWSProtocol
import GRDB
import HyperparameterTuning
import JSON
import Store
import TabularSteps

/// One model that an AutoML job tries: a training job, and how good its model is on the validation rows.
struct AutoMLCandidate: Sendable {
    /// What became of its training.
    enum Result: Sendable, Equatable {
        case judged([CandidateMetric: Double])
        case failed(String)
    }

    /// Counts from zero; the name has it from one.
    var number: Int
    /// The candidate's name, and its training job's.
    var name: String
    /// The hyperparameters that the search chose.
    var tuned: [String: String]
    /// nil until the training job has ended and its model has been judged.
    var result: Result?
    /// nil where it has not been created, or has been deleted.
    var job: JobRecord?

    func insert(of job: Int64, in db: Database) throws {
        let values = JSON.Object(tuned.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })
        try db.execute(
            sql: "INSERT INTO sagemaker_automl_candidates (job, number, training_job, tuned) VALUES (?, ?, ?, ?)",
            arguments: [job, number, name, JSON.object(values).serialized()]
        )
    }

    /// Writes the result.
    func update(of job: Int64, in db: Database) throws {
        try db.execute(
            sql: "UPDATE sagemaker_automl_candidates SET result = ? WHERE job = ? AND number = ?",
            arguments: [result?.json.serialized(), job, number]
        )
    }

    /// Removes an AutoML job's candidates and findings.
    static func removeAll(of job: Int64, in db: Database) throws {
        for table in ["sagemaker_automl_candidates", "sagemaker_automl_findings"] {
            try db.execute(sql: "DELETE FROM \(table) WHERE job = ?", arguments: [job])
        }
    }

    /// An AutoML job's candidates in the order of their numbers.
    static func all(of autoML: JobRecord, in db: Database) throws -> [AutoMLCandidate] {
        let caller = Caller(account: autoML.account, region: autoML.region)
        return try Row.fetchAll(
            db,
            sql: "SELECT * FROM sagemaker_automl_candidates WHERE job = ? ORDER BY number",
            arguments: [autoML.id]
        ).map { row in
            let name: String = row["training_job"]
            let result: String? = row["result"]
            return AutoMLCandidate(
                number: row["number"],
                name: name,
                tuned: Optional(try JSON(parsing: row["tuned"] as String)).stringMap,
                result: try result.flatMap { Result(json: try JSON(parsing: $0)) },
                job: try JobRecord.find(.training, name, of: caller, in: db)
            )
        }
    }

    /// The ARN of the AutoML job that a training job belongs to.
    static func autoMLJob(of training: JobRecord, in db: Database) throws -> String? {
        let row = try Row.fetchOne(
            db,
            sql: """
                SELECT jobs.* FROM sagemaker_automl_candidates AS candidates JOIN sagemaker_jobs AS jobs
                ON jobs.id = candidates.job
                WHERE candidates.training_job = ? AND jobs.account = ? AND jobs.region = ?
                """,
            arguments: [training.name, training.account, training.region]
        )
        return try row.map(JobRecord.init)?.arn
    }
}

extension AutoMLCandidate {
    var isUnderWay: Bool { job.map { !$0.state.status.isFinal } ?? false }

    /// Its training has ended, and nothing has been said of it.
    var awaitsJudgement: Bool { result == nil && job?.state.status.isFinal == true }

    var metrics: [CandidateMetric: Double]? { if case .judged(let metrics)? = result { metrics } else { nil } }

    var failureReason: String? {
        if case .failed(let reason)? = result { return reason }
        return job?.state.failureReason
    }

    var status: JobStatus {
        switch result {
        case .judged?: .completed
        case .failed?: job?.state.status == .stopped ? .stopped : .failed
        case nil:
            switch job?.state.status {
            case .completed?, nil: .inProgress
            case let status?: status
            }
        }
    }

    /// As the search sees it.
    func trial(_ objective: CandidateMetric) -> Trial {
        switch result {
        case nil: Trial(tuned, .pending)
        case .failed?: Trial(tuned, .failed)
        case .judged(let metrics)?: Trial(tuned, metrics[objective].map { .objective($0) } ?? .failed)
        }
    }
}

extension [AutoMLCandidate] {
    /// The one with the best objective; the first of equals.
    func best(by objective: CandidateMetric) -> AutoMLCandidate? {
        var best: (candidate: AutoMLCandidate, value: Double)?
        for candidate in self {
            guard let value = candidate.metrics?[objective] else { continue }
            if best.map({ objective.goal.isBetter(value, than: $0.value) }) ?? true { best = (candidate, value) }
        }
        return best?.candidate
    }
}

extension CandidateMetric {
    var goal: Goal { isMinimized ? .minimize : .maximize }
}

extension AutoMLCandidate.Result {
    fileprivate var json: JSON {
        switch self {
        case .judged(let metrics):
            let values = metrics.sorted { $0.key.rawValue < $1.key.rawValue }.map { metric, value in
                (metric.rawValue, JSON.double(value))
            }
            return ["metrics": .object(JSON.Object(values))]
        case .failed(let reason): return ["failure": .string(reason)]
        }
    }

    fileprivate init?(json: JSON) {
        if let reason = json["failure"]?.stringValue {
            self = .failed(reason)
        } else if let values = json["metrics"]?.objectValue {
            var metrics: [CandidateMetric: Double] = [:]
            for (name, value) in values {
                if let metric = CandidateMetric(rawValue: name) { metrics[metric] = value.doubleValue }
            }
            self = .judged(metrics)
        } else {
            return nil
        }
    }
}
