import AWSProtocol
import Compute
import GRDB
import JSON
import Store

/// SageMaker Autopilot: https://docs.aws.amazon.com/sagemaker/latest/dg/autopilot-automate-model-development.html
extension SageMakerService {
    var autoMLOperations: [String: OperationHandler] {
        [
            "CreateAutoMLJob": createAutoMLJob,
            "CreateAutoMLJobV2": createAutoMLJob,
            "DescribeAutoMLJob": { try await self.describeAutoMLJob($0, isSecond: false) },
            "DescribeAutoMLJobV2": { try await self.describeAutoMLJob($0, isSecond: true) },
            "ListAutoMLJobs": listAutoMLJobs,
            "ListCandidatesForAutoMLJob": listCandidatesForAutoMLJob,
            "StopAutoMLJob": { try await self.stopJob(.autoML, $0) },
        ]
    }

    /// `CreateAutoMLJob`, `CreateAutoMLJobV2`
    func createAutoMLJob(_ request: AWSRequest) async throws -> AWSResponse {
        try await createJob(.autoML, request) { job throws(PlanError) in
            _ = try AutoMLPlan(job)
        } check: { job in
            let plan = try AutoMLPlan(job)
            let access = try await context.access(job)
            let transfer = S3Transfer(aws: aws, caller: access.caller, host: context.host)
            for input in [plan.training, plan.validation].compactMap(\.self)
            where try await transfer.isEmpty(input.source) {
                throw Self.noObjects(input.source, request.string("RoleArn") ?? "", request.caller.region)
            }
            return access
        }
    }

    /// `DescribeAutoMLJob` does not know jobs of `CreateAutoMLJobV2`; `DescribeAutoMLJobV2` knows both.
    private func describeAutoMLJob(_ request: AWSRequest, isSecond: Bool) async throws -> AWSResponse {
        let job = try await findJob(.autoML, request)
        guard isSecond || !AutoMLRequest(job).isSecond else {
            throw AWSError(
                "ValidationException",
                "The AutoML job \(job.name) was created by CreateAutoMLJobV2. Use DescribeAutoMLJobV2 to describe it."
            )
        }
        let description = try await store.read { db in try AutoMLDescription(job, in: db) }
        return AWSResponse(isSecond ? description.second : description.first)
    }

    /// `ListAutoMLJobs`: by name, the last first, unless the request says otherwise.
    func listAutoMLJobs(_ request: AWSRequest) async throws -> AWSResponse {
        let listing = try Listing(request, of: .autoML, isDescending: true, column: "name", now: clock.now())
        let (jobs, token) = try await store.read { [board = context.board] db in
            let page = try listing.page(in: db)
            let jobs = try page.rows.map(JobRecord.init).map(board.current)
            return (try jobs.map { try AutoMLDescription($0, in: db).summary }, page.nextToken)
        }
        return .output(["AutoMLJobSummaries": .array(jobs), "NextToken": token.map { .string($0) }])
    }

    /// `ListCandidatesForAutoMLJob`: by status, then as they were created, unless the request says otherwise.
    func listCandidatesForAutoMLJob(_ request: AWSRequest) async throws -> AWSResponse {
        let job = try await findJob(.autoML, request)
        let description = try await store.read { db in try AutoMLDescription(job, in: db) }
        let page = try ListPage(request, description.candidates(request))
        return .output([
            "Candidates": .array(page.elements.map { description.json(of: $0) }),
            "NextToken": page.nextToken.map { .string($0) },
        ])
    }

    /// The ARN of the AutoML job that started a training job.
    func autoMLJob(of training: JobRecord) async throws -> String? {
        try await store.read { db in try AutoMLCandidate.autoMLJob(of: training, in: db) }
    }
}
