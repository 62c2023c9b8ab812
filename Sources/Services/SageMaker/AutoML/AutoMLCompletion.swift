import AWSProtocol
import Compute
import JSON
import LinearLearner
import Store
import TabularSteps

/// What an AutoML job does once it has a best candidate: it explains it, reports its quality, and deploys it where that is
/// asked for.
struct AutoMLCompletion: Sendable {
    let job: JobRecord
    let context: JobContext
    let transfer: S3Transfer
    let judgement: CandidateJudgement
    let best: AutoMLCandidate
    let stop: StopSignal

    private var caller: Caller { Caller(account: job.account, region: job.region) }

    /// - Parameter advance: Told of each stage.
    /// - Returns: The stage that the job ends in.
    func run(_ advance: (JobStage) async throws -> Void) async throws -> JobStage {
        let plan = try AutoMLPlan(job)
        guard let location = best.job?.state.modelArtifacts.flatMap({ S3Location($0) }) else {
            throw JobFailure.client("The training job of the best candidate \(best.name) has been deleted.")
        }
        let bytes = try await transfer.bytes(location)
        let model = try await context.host.runBlocking { try LinearModel(modelTarGzip: bytes) }
        try await advance(.generatingExplainabilityReport)
        let explanation = try await context.host.runBlocking { [judgement] in judgement.explanation(of: model) }
        try await transfer.put(explanation.serializedBytes(), to: plan.output.explainabilityReport(best.name))
        try await note { $0.isExplained = true }
        try await advance(.generatingModelInsightsReport)
        let moment = context.clock.now().iso8601
        let insights = try await context.host.runBlocking { [judgement] in judgement.insights(of: model, at: moment) }
        try await transfer.put(insights.serializedBytes(), to: plan.output.insightsReport(best.name))
        try await note { $0.hasInsights = true }
        guard let endpoint = plan.endpointName, !stop.isRequested else { return .completed }
        try await advance(.deployingModel)
        return try await deploy(plan, endpoint)
    }

    private func note(_ change: @escaping @Sendable (inout AutoMLFindings) -> Void) async throws {
        try await context.store.write { [job] db in
            guard var findings = try AutoMLFindings.find(of: job.id, in: db) else { return }
            change(&findings)
            try findings.save(of: job.id, in: db)
        }
    }

    // MARK: Deployment

    /// A job whose model cannot be deployed is complete all the same.
    private func deploy(_ plan: AutoMLPlan, _ endpoint: String) async throws -> JobStage {
        do {
            try await make(plan, endpoint)
            try await inService(endpoint)
            try await note { $0.endpointName = endpoint }
            return .completed
        } catch let failure as JobFailure {
            try await note { $0.partialFailures.append("The model was not deployed: \(failure.reason)") }
            return .modelDeploymentError
        }
    }

    private func make(_ plan: AutoMLPlan, _ endpoint: String) async throws {
        let findings = try await context.store.read { [job] db in try AutoMLFindings.find(of: job.id, in: db) }
        guard let findings else { return }
        let containers = InferenceContainers(
            layout: plan.output,
            findings: findings,
            account: job.account,
            region: job.region
        ).containers(of: best)
        let name = JSON.string(endpoint)
        let variant: JSON = [
            "VariantName": "AllTraffic", "ModelName": name, "InitialInstanceCount": 1, "InstanceType": "ml.m5.large",
        ]
        let requests: [(Operation, JSON)] = [
            (
                "sagemaker:CreateModel",
                .compact([
                    "ModelName": name, "Containers": .array(containers), "ExecutionRoleArn": job.request["RoleArn"],
                ])
            ),
            (
                "sagemaker:CreateEndpointConfig",
                ["EndpointConfigName": name, "ProductionVariants": [variant]]
            ),
            ("sagemaker:CreateEndpoint", ["EndpointName": name, "EndpointConfigName": name]),
        ]
        for (operation, request) in requests {
            do {
                try await context.aws.call(operation, request, as: caller)
            } catch  where error.message.contains("already exist") && job.state.stage == .deployingModel {
                // A run before a crash has made it.
                continue
            } catch  where error.isServerFault {
                throw error
            } catch {
                throw JobFailure.client("\(operation): \(error.message)")
            }
        }
    }

    private func inService(_ endpoint: String) async throws {
        while true {
            let description = try await context.aws.call(
                "sagemaker:DescribeEndpoint",
                ["EndpointName": .string(endpoint)],
                as: caller
            )
            switch description["EndpointStatus"]?.stringValue {
            case "InService"?: return
            case "Failed"?:
                throw JobFailure(description["FailureReason"]?.stringValue ?? "The endpoint failed")
            default:
                // Nothing tells when an endpoint is in service but asking it.
                try await context.clock.sleep(until: context.clock.now() + .milliseconds(50))
            }
        }
    }
}
