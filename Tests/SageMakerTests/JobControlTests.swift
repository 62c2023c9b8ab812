import AWSProtocol
import JSON
import ServiceTesting
import Store
import Testing

@testable import SageMaker

@Suite struct JobControlTests {
    /// Prints `ready`, and on SIGTERM saves a model and ends.
    private static let patient = [
        "sh", "-c",
        """
        trap 'echo saved > /opt/ml/model/weights; exit 0' TERM
        echo partial > /opt/ml/model/weights; echo ready; while :; do sleep 0.02; done
        """,
    ]

    @Test func `a stopped training job ends by SIGTERM and keeps its model`() async throws {
        let kit = try JobKit()
        try await kit.call("CreateTrainingJob", .trainingJob(entrypoint: Self.patient))
        await kit.message("ready")
        let arn = "arn:aws:sagemaker:us-east-1:000000000000:training-job/job"
        try await kit.call("StopTrainingJob", ["TrainingJobName": "job"])
        try await kit.service.jobFinished(arn)
        let job = try await kit.describe(.training, "job")
        #expect(job["TrainingJobStatus"] == "Stopped")
        #expect(job["SecondaryStatus"] == "Stopped")
        let stages = job["SecondaryStatusTransitions"]?.arrayValue?.compactMap { $0["Status"]?.stringValue }
        #expect(stages == ["Starting", "Downloading", "Training", "Stopping", "Uploading", "Stopped"])
        #expect(kit.names == ["bucket/models/job/output/model.tar.gz"])
    }

    @Test func `a stopped processing job uploads nothing`() async throws {
        let kit = try JobKit()
        let request = JSON.processingJob(
            entrypoint: ["sh", "-c", "echo x > processing/out/x; echo ready; sleep 600"],
            outputs: [.processingOutput("s3://bucket/out", from: "/opt/ml/processing/out")]
        )
        let arn = try await kit.call("CreateProcessingJob", request)["ProcessingJobArn"]?.stringValue ?? ""
        await kit.message("ready")
        try await kit.call("StopProcessingJob", ["ProcessingJobName": "job"])
        try await kit.service.jobFinished(arn)
        #expect(try await kit.describe(.processing, "job")["ProcessingJobStatus"] == "Stopped")
        #expect(kit.names == [])
    }

    @Test func `a job that runs too long is ended`() async throws {
        let clock = ManualClock()
        let kit = try JobKit(clock: clock)
        let arn = try await kit.call("CreateTrainingJob", .trainingJob(entrypoint: Self.patient))["TrainingJobArn"]
        await kit.message("ready")
        await clock.sleepers()
        clock.advance(by: .seconds(3600))
        try await kit.service.jobFinished(arn?.stringValue ?? "")
        let job = try await kit.describe(.training, "job")
        #expect(job["TrainingJobStatus"] == "Stopped")
        #expect(job["SecondaryStatus"] == "MaxRuntimeExceeded")
        #expect(job["BillableTimeInSeconds"] == 3600)
        #expect(kit.names == ["bucket/models/job/output/model.tar.gz"])
    }

    @Test func `files of a Continuous output arrive while the program runs`() async throws {
        let clock = ManualClock()
        let kit = try JobKit(clock: clock)
        let request = JSON.processingJob(
            entrypoint: ["sh", "-c", "echo one > processing/out/one; echo ready; sleep 600"],
            outputs: [.processingOutput("s3://bucket/out", from: "/opt/ml/processing/out", mode: "Continuous")]
        )
        let arn = try await kit.call("CreateProcessingJob", request)["ProcessingJobArn"]?.stringValue ?? ""
        await kit.message("ready")
        for _ in 0..<3 {
            await clock.sleepers(2)
            clock.advance(by: .seconds(1))
        }
        await clock.sleepers(2)
        #expect(kit.text("bucket/out/one") == "one\n")
        try await kit.call("StopProcessingJob", ["ProcessingJobName": "job"])
        try await kit.service.jobFinished(arn)
    }

    @Test func `jobs beyond the machine's capacity wait in order, and stop while they wait`() async throws {
        let kit = try JobKit()
        let queue = JobQueue(context: kit.service.context, capacity: 1)
        var jobs: [JobRecord] = []
        for name in ["first", "second", "third"] {
            jobs.append(try await kit.insert(.trainingJob(name, entrypoint: Self.patient), .training))
        }
        for job in jobs { await queue.submit(job) }
        await kit.message("ready")
        #expect(try await kit.describe(.training, "second")["SecondaryStatus"] == "Pending")
        await queue.stop(jobs[1].id)
        await queue.finished(jobs[1].id)
        #expect(try await kit.describe(.training, "second")["TrainingJobStatus"] == "Stopped")
        #expect(try await kit.describe(.training, "third")["SecondaryStatus"] == "Pending")
        await queue.stop(jobs[0].id)
        await queue.finished(jobs[0].id)
        await kit.message("ready", count: 2)
        #expect(try await kit.describe(.training, "third")["SecondaryStatus"] == "Training")
        await queue.interrupt()
        #expect(try await kit.describe(.training, "third")["TrainingJobStatus"] == "InProgress")
    }

    @Test(arguments: [
        ([JobStage.starting], false, "Completed", nil),
        ([.downloading], false, "Completed", nil),
        (
            [.downloading, .training], false, "Failed",
            "InternalServerError: The yard stopped while the job was running."
        ),
        ([.downloading, .training, .uploading], false, "Failed", "InternalServerError: The yard stopped"),
        ([.downloading, .training, .stopping], false, "Stopped", nil),
        ([.downloading, .training], true, "Completed", nil),
    ])
    func `after a crash a job begins anew, or tells what happened`(
        stages: [JobStage],
        isBuiltIn: Bool,
        status: String,
        reason: String?
    ) async throws {
        let kit = try JobKit(["bucket/train.csv": (0..<40).map { "\($0 % 2),\($0 % 2 * 3)" }.joined(separator: "\n")])
        let job = try await kit.insert(
            .trainingJob(
                entrypoint: isBuiltIn ? [] : ["true"],
                channels: ["train": "s3://bucket/train.csv"],
                hyperparameters: ["predictor_type": "binary_classifier"]
            ),
            .training
        )
        for stage in stages { try await kit.service.context.journal(job) { $0.enter(stage, at: $1) } }
        try await kit.service.start()
        try await kit.service.jobFinished(job.arn)
        let description = try await kit.describe(.training, "job")
        #expect(description["TrainingJobStatus"]?.stringValue == status)
        let text = description["FailureReason"]?.stringValue
        #expect(text?.hasPrefix(reason ?? "-") ?? (reason == nil), "\(text ?? "")")
        #expect(kit.names.contains { $0.hasPrefix("bucket/models") } == (status == "Completed"))
    }

    @Test func `a shut down yard leaves no process and takes its jobs up at the next start`() async throws {
        let kit = try JobKit()
        try await kit.call("CreateTrainingJob", .trainingJob(entrypoint: Self.patient))
        await kit.message("ready")
        await kit.service.shutdown()
        #expect(try await kit.describe(.training, "job")["TrainingJobStatus"] == "InProgress")
        try await kit.makeService().start()
        #expect(try await kit.describe(.training, "job")["TrainingJobStatus"] == "Failed")
        #expect(kit.names == [])
    }

    @Test func `a reset ends what runs, and jobs of the same names run again`() async throws {
        let kit = try JobKit()
        try await kit.call("CreateTrainingJob", .trainingJob(entrypoint: Self.patient))
        await kit.message("ready")
        try await kit.temporary.store.reset()
        await kit.service.reset()
        let job = try await kit.run(.training, .trainingJob(entrypoint: ["true"]))
        #expect(job["TrainingJobStatus"] == "Completed")
    }

    @Test func `a stop that only the journal knows stops the job`() async throws {
        let kit = try JobKit()
        let job = try await kit.insert(.trainingJob(entrypoint: ["false"]), .training)
        try await kit.service.context.journal(job) { $0.enter(.stopping, at: $1) }
        await kit.service.queue.submit(job)
        await kit.service.queue.finished(job.id)
        let description = try await kit.describe(.training, "job")
        #expect(description["TrainingJobStatus"] == "Stopped")
        #expect(kit.messages == [])
    }
}
