import GRDB
import JSON
import TabularSteps

/// What an AutoML job has found out so far, beside its candidates.
struct AutoMLFindings: Sendable, Equatable {
    var problem: ProblemType
    var objective: CandidateMetric
    var mode: AutoMLPlan.Mode
    /// `PartialFailureReasons`
    var partialFailures: [String] = []
    var isExplained = false
    var hasInsights = false
    /// The endpoint that was made for the best model.
    var endpointName: String?

    func save(of job: Int64, in db: Database) throws {
        try db.execute(
            sql: "INSERT OR REPLACE INTO sagemaker_automl_findings (job, findings) VALUES (?, ?)",
            arguments: [job, json.serialized()]
        )
    }

    /// nil where the data have not been looked at yet.
    static func find(of job: Int64, in db: Database) throws -> AutoMLFindings? {
        let text = try String.fetchOne(
            db,
            sql: "SELECT findings FROM sagemaker_automl_findings WHERE job = ?",
            arguments: [job]
        )
        guard let text else { return nil }
        guard let findings = AutoMLFindings(json: try JSON(parsing: text)) else {
            throw UnreadableRecord(table: "sagemaker_automl_findings", id: job)
        }
        return findings
    }
}

extension AutoMLFindings {
    private var json: JSON {
        .compact([
            "problem": .string(problem.rawValue),
            "objective": .string(objective.rawValue),
            "mode": .string(mode.rawValue),
            "partialFailures": .array(partialFailures.map { .string($0) }),
            "isExplained": .bool(isExplained),
            "hasInsights": .bool(hasInsights),
            "endpointName": endpointName.map { .string($0) },
        ])
    }

    private init?(json: JSON) {
        guard let problem = json["problem"]?.stringValue.flatMap(ProblemType.init(rawValue:)),
            let objective = json["objective"]?.stringValue.flatMap(CandidateMetric.init(rawValue:)),
            let mode = json["mode"]?.stringValue.flatMap(AutoMLPlan.Mode.init(rawValue:))
        else { return nil }
        self.init(
            problem: problem,
            objective: objective,
            mode: mode,
            partialFailures: json["partialFailures"].strings,
            isExplained: json["isExplained"].isTrue,
            hasInsights: json["hasInsights"].isTrue,
            endpointName: json["endpointName"]?.stringValue
        )
    }
}
