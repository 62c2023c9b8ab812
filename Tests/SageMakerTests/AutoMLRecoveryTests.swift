import AWSProtocol
import JSON
import ServiceTesting
import Store
import Testing

@testable import SageMaker

/// What becomes of AutoML jobs after a crash, and of those whose training jobs fail.
@Suite struct AutoMLRecoveryTests {
    @Test func `a job of which nothing was done begins`() async throws {
        let kit = try AutoMLJobTests.kit()
        let record = try await kit.insert(AutoMLJobTests.request(candidates: 1), .autoML)
        try await kit.service.start()
        try await kit.service.jobFinished(record.arn)
        #expect(try await kit.describe(.autoML, "auto")["AutoMLJobStatus"] == "Completed")
    }

    @Test func `a job goes on with the candidates and the data that it has`() async throws {
        let kit = try AutoMLJobTests.kit()
        let first = try await kit.run(.autoML, AutoMLJobTests.request(candidates: 1))
        let name = first["BestCandidate"]?["CandidateName"]
        // As if the yard had ended between the end of the training job and the judgement of its model, with two more
        // candidates to come, and the source had changed since.
        kit.put("bucket/flats/part-1.csv", Array("nothing\n".utf8))
        try await kit.service.store.write { db in
            guard var job = try JobRecord.find(.autoML, "auto", of: JobKit.caller, in: db) else { return }
            job.state = JobState(created: job.created)
            job.state.enter(.trainingModels, at: job.created)
            try job.update(in: db)
            job.request = AutoMLJobTests.request(candidates: 3).objectValue ?? [:]
            try job.updateRequest(in: db)
            for var candidate in try AutoMLCandidate.all(of: job, in: db) {
                candidate.result = nil
                try candidate.update(of: job.id, in: db)
            }
        }
        try await kit.service.start()
        try await kit.service.jobFinished(first["AutoMLJobArn"]?.stringValue ?? "")
        let job = try await kit.describe(.autoML, "auto")
        #expect(job["AutoMLJobStatus"] == "Completed", "\(job["FailureReason"] ?? .null)")
        let list = try await kit.call(
            "ListCandidatesForAutoMLJob",
            ["AutoMLJobName": "auto", "SortBy": "CreationTime"]
        )["Candidates"]?.arrayValue
        #expect(list?.count == 3 && list?.first?["CandidateName"] == name)
        #expect(list?.allSatisfy { $0["ObjectiveStatus"] == "Succeeded" } == true)
    }

    @Test func `a stop that the crash overtook is carried out`() async throws {
        let kit = try AutoMLJobTests.kit()
        let record = try await kit.insert(AutoMLJobTests.request(), .autoML)
        try await kit.service.store.write { db in
            var job = record
            job.state.enter(.stopping, at: job.created)
            try job.update(in: db)
        }
        try await kit.service.start()
        try await kit.service.jobFinished(record.arn)
        let job = try await kit.describe(.autoML, "auto")
        #expect(job["AutoMLJobStatus"] == "Stopped" && job["AutoMLJobSecondaryStatus"] == "Stopped")
        #expect(kit.names == ["bucket/flats/part-1.csv"])
    }

    @Test func `a job of which every candidate fails says why`() async throws {
        let kit = try AutoMLJobTests.kit()
        kit.aws.answer("sagemaker:CreateTrainingJob") { _ throws(AWSError) in
            throw AWSError("ResourceLimitExceeded", "No more instances")
        }
        let job = try await kit.run(.autoML, AutoMLJobTests.request())
        #expect(job["AutoMLJobStatus"] == "Failed")
        #expect(job["FailureReason"]?.stringValue?.hasSuffix("No more instances") == true)
    }
}
