import AWSProtocol
import Compute
import JSON
import ServiceTesting
import Store
import Testing

@testable import EMR

/// What clusters and applications tell EventBridge, in AWS's words:
/// https://docs.aws.amazon.com/emr/latest/ManagementGuide/emr-manage-cloudwatch-events.html
@Suite struct ClusterEventTests {
    private let clock = ManualClock()
    private let caller = Caller(account: "000000000000", region: "us-east-1")

    private func host(_ temporary: TemporaryStore) -> ComputeHost {
        ComputeHost(workDirectory: temporary.directory.path + "/work", logger: temporary.logger)
    }

    @discardableResult
    private func call(_ service: some AWSService, _ operation: String, _ input: JSON.Object) async throws -> JSON {
        let handler = try #require(service.operations[operation])
        return .object(try await handler(AWSRequest(Operation(service.name, operation), input, caller: caller)).output)
    }

    @Test func `a cluster tells its course`() async throws {
        let temporary = try TemporaryStore(migrations: EMRService.migrations, clock: clock)
        let service = EMRService(
            store: temporary.store,
            aws: RecordingCaller(),
            clock: clock,
            logger: temporary.logger,
            host: host(temporary)
        )
        let events = EventCollector(of: "aws.emr", in: temporary.store)
        let made = try await call(
            service,
            "RunJobFlow",
            [
                "Name": "Development Cluster", "ReleaseLabel": "emr-7.5.0",
                "Instances": [
                    "KeepJobFlowAliveWhenNoSteps": true, "MasterInstanceType": "m5.xlarge", "InstanceCount": 1,
                ],
                "JobFlowRole": "EMR_EC2_DefaultRole", "ServiceRole": "EMR_DefaultRole",
            ]
        )
        let id = try #require(made["JobFlowId"]?.stringValue)
        let begun = await events.next(2)
        #expect(begun.map { $0["detail"]?["state"] } == ["STARTING", "WAITING"])
        try await call(service, "TerminateJobFlows", ["JobFlowIds": [.string(id)]])
        let ended = await events.next(2)
        #expect(ended.map { $0["detail"]?["state"] } == ["TERMINATING", "TERMINATED"])
        let event = try #require(ended.last)
        #expect(event["detail-type"] == "EMR Cluster State Change")
        #expect(event["resources"] == [])
        let expected: JSON = [
            "severity": "INFO",
            "stateChangeReason": #"{"code":"USER_REQUEST","message":"Terminated by user request"}"#,
            "name": "Development Cluster",
            "clusterId": .string(id),
            "state": "TERMINATED",
            "message": """
            Amazon EMR Cluster \(id) (Development Cluster) has terminated at 2023-11-14 22:13 UTC with a reason of \
            USER_REQUEST.
            """,
        ]
        #expect(event["detail"] == expected)
        #expect(event["detail"]?.objectValue?.keys == expected.objectValue?.keys)
        await service.shutdown()
    }

    @Test func `steps tell their states`() async throws {
        let temporary = try TemporaryStore(migrations: [], clock: clock)
        let store = temporary.store
        let events = EventCollector(of: "aws.emr", in: store)
        let now = clock.now().milliseconds
        let cluster = Cluster(
            id: "j-123456789ABCD",
            account: caller.account,
            region: caller.region,
            name: "Development Cluster",
            created: now,
            request: "{}",
            groups: "{}"
        )
        var step = Step(
            id: "s-ZYXWVUTSRQPON",
            cluster: cluster.id,
            name: "CustomJAR",
            action: .continue,
            created: now,
            config: "{}"
        )
        try await store.write { [step] db in
            var step = step
            try store.events.tell(step, after: nil, of: cluster, at: now, in: db)
            step.state = .running
            step.started = now
            try store.events.tell(step, after: .pending, of: cluster, at: now, in: db)
            try store.events.tell(step, after: .running, of: cluster, at: now, in: db)
            step.state = .completed
            step.ended = now + 180_000
            try store.events.tell(step, after: .running, of: cluster, at: now + 180_000, in: db)
        }
        step.state = .failed
        try await store.write { [step] db in
            try store.events.tell(step, after: .running, of: cluster, at: now, in: db)
        }
        let told = await events.next(4).compactMap { $0["detail"] }
        #expect(told.map { $0["state"] } == ["PENDING", "RUNNING", "COMPLETED", "FAILED"])
        #expect(told.map { $0["severity"] } == ["INFO", "INFO", "INFO", "ERROR"])
        let expected: JSON = [
            "severity": "INFO", "actionOnFailure": "CONTINUE", "stepId": "s-ZYXWVUTSRQPON", "name": "CustomJAR",
            "clusterId": "j-123456789ABCD", "state": "PENDING",
            "message": """
            Step s-ZYXWVUTSRQPON (CustomJAR) was added to Amazon EMR cluster j-123456789ABCD (Development Cluster) at \
            2023-11-14 22:13 UTC and is pending execution.
            """,
        ]
        #expect(told.first == expected)
        #expect(told.first?.objectValue?.keys == expected.objectValue?.keys)
        #expect(
            told[2]["message"]?.stringValue?.hasSuffix("2023-11-14 22:13 UTC and took 3 minutes to complete.") == true
        )
    }

    @Test func `a job run tells what it was before`() async throws {
        let temporary = try TemporaryStore(migrations: [], clock: clock)
        let store = temporary.store
        let events = EventCollector(of: "aws.emr-serverless", in: store)
        let now = clock.now().milliseconds
        let job = JobRun(
            id: "00f1cbn5g4bb0c01",
            application: "00f1982r1uukb925",
            account: caller.account,
            region: caller.region,
            principal: "arn:aws:iam::000000000000:root",
            token: "t",
            state: .running,
            created: now,
            updated: now,
            releaseLabel: "emr-6.6.0",
            request: #"{"name": "emr-job-run-name"}"#
        )
        try await store.write { db in try store.events.tell(job, after: .submitted, in: db) }
        let event = try #require(await events.next().first)
        #expect(event["detail-type"] == "EMR Serverless Job Run State Change")
        let expected: JSON = [
            "jobRunId": "00f1cbn5g4bb0c01",
            "jobRunName": "emr-job-run-name",
            "applicationId": "00f1982r1uukb925",
            "arn": .string(job.arn),
            "releaseLabel": "emr-6.6.0",
            "state": "RUNNING",
            "previousState": "SUBMITTED",
            "createdBy": "arn:aws:iam::000000000000:root",
            "updatedAt": "2023-11-14T22:13:20.000000Z",
            "createdAt": "2023-11-14T22:13:20.000000Z",
        ]
        #expect(event["detail"] == expected)
        #expect(event["detail"]?.objectValue?.keys == expected.objectValue?.keys)
    }

    @Test func `an application tells its course`() async throws {
        let temporary = try TemporaryStore(migrations: EMRServerlessService.migrations, clock: clock)
        let service = EMRServerlessService(
            store: temporary.store,
            aws: RecordingCaller(),
            clock: clock,
            logger: temporary.logger,
            host: host(temporary)
        )
        let events = EventCollector(of: "aws.emr-serverless", in: temporary.store)
        let made = try await call(
            service,
            "CreateApplication",
            ["clientToken": "t", "name": "app", "releaseLabel": "emr-7.5.0", "type": "Spark"]
        )
        try await call(service, "StartApplication", ["applicationId": made["applicationId"] ?? ""])
        let told = await events.next(2)
        #expect(told.map { $0["detail"]?["state"] } == ["CREATED", "STARTED"])
        let expected: JSON = [
            "applicationId": made["applicationId"] ?? "",
            "applicationName": "app",
            "arn": made["arn"] ?? "",
            "releaseLabel": "emr-7.5.0",
            "state": "STARTED",
            "previousState": "CREATED",
            "type": "SPARK",
            "createdAt": "2023-11-14T22:13:20.000000Z",
            "updatedAt": "2023-11-14T22:13:20.000000Z",
            "autoStopConfig": ["enabled": true, "idleTimeout": 15],
            "autoStartConfig": ["enabled": true],
        ]
        #expect(told.last?["detail"] == expected)
        #expect(told.last?["detail-type"] == "EMR Serverless Application State Change")
        await service.shutdown()
    }
}
