import AWSProtocol
import GRDB
import HyperparameterTuning
import JSON
import Store
import TabularSteps

/// How an AutoML job stands, as its descriptions and lists tell it.
struct AutoMLDescription: Sendable {
    private let job: JobRecord
    private let plan: AutoMLPlan
    private let findings: AutoMLFindings?
    private let candidates: [AutoMLCandidate]

    init(_ job: JobRecord, in db: Database) throws {
        self.job = job
        plan = try AutoMLPlan(job)
        findings = try AutoMLFindings.find(of: job.id, in: db)
        candidates = try AutoMLCandidate.all(of: job, in: db).filter { $0.job != nil || $0.result != nil }
    }

    private var request: AutoMLRequest { AutoMLRequest(job) }

    /// `DescribeAutoMLJob`
    var first: JSON.Object {
        var output = job.request
        output["InputDataConfig"] = .array(request.channels)
        output["GenerateCandidateDefinitionsOnly"] = output["GenerateCandidateDefinitionsOnly"] ?? false
        output.merge(course)
        output["ResolvedAttributes"] = findings.map { findings in
            [
                "AutoMLJobObjective": objective(findings), "CompletionCriteria": criteria(findings),
                "ProblemType": .string(findings.problem.rawValue),
            ]
        }
        return output
    }

    /// `DescribeAutoMLJobV2`
    var second: JSON.Object {
        let channels = request.channels.map { channel in
            var channel = channel
            for member in ["TargetAttributeName", "SampleWeightAttributeName"] { channel[member] = nil }
            return channel
        }
        var output: JSON.Object = .compact([
            "AutoMLJobName": .string(job.name),
            "AutoMLJobInputDataConfig": .array(channels),
            "OutputDataConfig": job.request["OutputDataConfig"],
            "RoleArn": job.request["RoleArn"],
            "AutoMLJobObjective": job.request["AutoMLJobObjective"],
            "AutoMLProblemTypeConfig": request.problem,
            "AutoMLProblemTypeConfigName": "Tabular",
            "ModelDeployConfig": job.request["ModelDeployConfig"],
            "DataSplitConfig": request.dataSplit,
            "SecurityConfig": request.security,
        ])
        output.merge(course)
        output["ResolvedAttributes"] = findings.map { findings in
            [
                "AutoMLJobObjective": objective(findings), "CompletionCriteria": criteria(findings),
                "AutoMLProblemTypeResolvedAttributes": [
                    "TabularResolvedAttributes": ["ProblemType": .string(findings.problem.rawValue)]
                ],
            ]
        }
        return output
    }

    /// An entry of `ListAutoMLJobs`.
    var summary: JSON { .object(JSON.Object.compact(["AutoMLJobName": .string(job.name)]).merging(status)) }

    private var course: JSON.Object {
        var course = status
        course["BestCandidate"] = findings.flatMap { candidates.best(by: $0.objective) }.map(json)
        course["ModelDeployResult"] = findings?.endpointName.map { ["EndpointName": .string($0)] }
        return course
    }

    private var status: JSON.Object {
        let reasons = findings?.partialFailures ?? []
        return .compact([
            "AutoMLJobArn": .string(job.arn),
            "AutoMLJobStatus": .string(job.state.status.rawValue),
            "AutoMLJobSecondaryStatus": .string(job.state.stage.rawValue),
            "CreationTime": job.created.json,
            "EndTime": job.state.ended?.json,
            "LastModifiedTime": job.state.modified.json,
            "FailureReason": job.state.failureReason.map { .string($0) },
            "PartialFailureReasons": reasons.isEmpty
                ? nil : .array(reasons.map { ["PartialFailureMessage": .string($0)] }),
        ])
    }

    private func objective(_ findings: AutoMLFindings) -> JSON {
        ["MetricName": .string(findings.objective.rawValue)]
    }

    private func criteria(_ findings: AutoMLFindings) -> JSON {
        .compact([
            "MaxCandidates": .integer(plan.maximumCandidates ?? findings.mode.candidates),
            "MaxRuntimePerTrainingJobInSeconds": plan.maximumTrainingSeconds.map { .integer($0) },
            "MaxAutoMLJobRuntimeInSeconds": plan.maximumSeconds.map { .integer($0) },
        ])
    }

    /// `BestCandidateProperties`, which a pipeline's AutoML step has beside the job's description: where the reports are.
    static func reports(_ description: JSON) -> JSON {
        let candidate = description["BestCandidate"]
        let name = candidate?["CandidateName"]?.stringValue ?? ""
        let places = candidate?["CandidateProperties"]?["CandidateArtifactLocations"]
        func report(_ member: String, _ file: String) -> JSON? {
            places?[member]?.stringValue.map { .string("\($0)/\(name)/\(file)") }
        }
        return .compact([
            "ModelInsightsJsonReportPath": report("ModelInsights", AutoMLLayout.insightsFile),
            "ExplainabilityJsonReportPath": report("Explainability", AutoMLLayout.explainabilityFile),
        ])
    }

    // MARK: Candidates

    /// Those that a `ListCandidatesForAutoMLJob` asks for, in its order.
    func candidates(_ request: AWSRequest) -> [AutoMLCandidate] {
        let (status, name) = (request.string("StatusEquals"), request.string("CandidateNameEquals"))
        var listed = candidates.filter { candidate in
            (status == nil || candidate.status.rawValue == status) && (name == nil || candidate.name == name)
        }
        switch request.string("SortBy") {
        case "CreationTime": break
        case "FinalObjectiveMetricValue":
            // Those without a value come after those with one, in either order; the first of equals is the better.
            let isDescending = request.string("SortOrder") == "Descending"
            let values = listed.compactMap { candidate in value(of: candidate).map { (candidate, $0) } }
            let sorted = values.sorted { one, other in
                one.1 == other.1 ? one.0.number < other.0.number : (one.1 < other.1) != isDescending
            }
            return sorted.map(\.0) + listed.filter { value(of: $0) == nil }
        default: listed.sort { ($0.status.rawValue, $0.number) < ($1.status.rawValue, $1.number) }
        }
        return request.string("SortOrder") == "Descending" ? listed.reversed() : listed
    }

    private func value(of candidate: AutoMLCandidate) -> Double? {
        findings.flatMap { candidate.metrics?[$0.objective] }
    }

    /// `AutoMLCandidate`
    func json(of candidate: AutoMLCandidate) -> JSON {
        let job = candidate.job
        let step = job.map { job -> JSON in
            [
                "CandidateStepType": "AWS::SageMaker::TrainingJob", "CandidateStepArn": .string(job.arn),
                "CandidateStepName": .string(job.name),
            ]
        }
        let objective: JSON =
            switch candidate.result {
            case .judged?: "Succeeded"
            case .failed?: "Failed"
            case nil: "Pending"
            }
        return .compact([
            "CandidateName": .string(candidate.name),
            "FinalAutoMLJobObjectiveMetric": findings.flatMap { finalMetric(candidate, $0.objective) },
            "ObjectiveStatus": objective,
            "CandidateSteps": .array(step.map { [$0] } ?? []),
            "CandidateStatus": .string(candidate.status.rawValue),
            "InferenceContainers": containers(of: candidate).map { .array($0) },
            "CreationTime": (job?.created ?? self.job.created).json,
            "EndTime": candidate.status.isFinal ? job?.state.ended?.json : nil,
            "LastModifiedTime": (job?.state.modified ?? self.job.state.modified).json,
            "FailureReason": candidate.failureReason.map { .string($0) },
            "CandidateProperties": candidate.metrics.map { properties(candidate, $0) },
        ])
    }

    private func finalMetric(_ candidate: AutoMLCandidate, _ objective: CandidateMetric) -> JSON? {
        guard let value = candidate.metrics?[objective] else { return nil }
        return [
            "Type": .string(objective.goal.rawValue), "MetricName": .string(objective.rawValue),
            "Value": .double(value), "StandardMetricName": .string(objective.rawValue),
        ]
    }

    private func containers(of candidate: AutoMLCandidate) -> [JSON]? {
        guard candidate.metrics != nil, let findings else { return nil }
        return InferenceContainers(
            layout: plan.output,
            findings: findings,
            account: job.account,
            region: job.region
        ).containers(of: candidate)
    }

    private func properties(_ candidate: AutoMLCandidate, _ metrics: [CandidateMetric: Double]) -> JSON {
        let list = metrics.sorted { $0.key.rawValue < $1.key.rawValue }.map { metric, value -> JSON in
            .compact([
                // An objective's name; the logarithmic loss is none.
                "MetricName": metric == .logLoss ? nil : .string(metric.rawValue),
                "StandardMetricName": .string(metric.rawValue),
                "Value": .double(value),
                "Set": "Validation",
            ])
        }
        return .compact(["CandidateArtifactLocations": artifacts(of: candidate), "CandidateMetrics": .array(list)])
    }

    /// Reports are made of the best candidate only.
    private func artifacts(of candidate: AutoMLCandidate) -> JSON? {
        guard let findings, findings.isExplained, job.state.status.isFinal,
            candidates.best(by: findings.objective)?.number == candidate.number
        else { return nil }
        return .compact([
            "Explainability": .string(plan.output.explainability.uri),
            "ModelInsights": findings.hasInsights ? .string(plan.output.insights.uri) : nil,
        ])
    }
}
