import AWSProtocol
import Compute
import JSON
import ServiceTesting
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
