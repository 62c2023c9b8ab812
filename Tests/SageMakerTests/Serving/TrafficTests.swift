import AWSProtocol
import JSON
import ServiceTesting
import Testing

@testable import SageMaker

/// Copies for shadow variants, limits, and updates that move traffic step by step.
@Suite struct TrafficTests {
    @Test(arguments: [
        (nil, [1]),
        (#"{"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 60}"#, [1]),
        (#"{"Type": "CANARY", "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 10}}"#, [0.1, 1]),
        (#"{"Type": "CANARY", "CanarySize": {"Type": "INSTANCE_COUNT", "Value": 1}}"#, [0.25, 1]),
        (#"{"Type": "LINEAR", "LinearStepSize": {"Type": "CAPACITY_PERCENT", "Value": 40}}"#, [0.4, 0.8, 1]),
    ])
    func theStepsOfAnUpdate(routing: String?, shares: [Double]) throws {
        let config: JSON? = try routing.map { text in
            ["BlueGreenUpdatePolicy": ["TrafficRoutingConfiguration": try JSON(parsing: text)]]
        }
        #expect(try TrafficShift(config, instanceCount: 4).shares == shares)
    }

    @Test func aCanaryOfMoreThanHalfIsRefused() throws {
        let size: JSON = ["Type": "CAPACITY_PERCENT", "Value": 60]
        let routing: JSON = ["Type": "CANARY", "CanarySize": size]
        let error = #expect(throws: AWSError.self) {
            try TrafficShift(["BlueGreenUpdatePolicy": ["TrafficRoutingConfiguration": routing]], instanceCount: 1)
        }
        #expect(error?.message == "CanarySize must be from 0 to 50 percent of the capacity, and is 60.")
    }

    @Test func aShareIsJoinedWithAnother() {
        var share = TrafficShare([3, 1]).joined(with: TrafficShare([1]), 0.2)
        var counts = [0, 0, 0]
        for _ in 0..<100 { if let place = share.next() { counts[place] += 1 } }
        #expect(counts == [60, 20, 20])
    }

    @Test func aShadowVariantGetsCopiesAndChangesNoAnswer() async throws {
        let kit = try ServingKit()
        try kit.putLinearModel()
        try kit.putPythonModel(ServingKit.adding(5), as: "bucket/shadow.tar.gz")
        try await kit.createModel("model", ServingKit.container(ServingKit.linearLearnerImage))
        try await kit.createModel("shadow", ServingKit.container(data: "s3://bucket/shadow.tar.gz"))
        let capture: JSON = [
            "EnableCapture": true, "InitialSamplingPercentage": 100, "DestinationS3Uri": "s3://bucket/captured",
            "CaptureOptions": [["CaptureMode": "Output"]],
            "CaptureContentTypeHeader": ["JsonContentTypes": ["application/json"]],
        ]
        let shadow = ServingKit.variant("Shadow", model: "shadow")
        try await kit.createConfig(
            "config",
            [ServingKit.variant()],
            ["ShadowProductionVariants": [shadow], "DataCaptureConfig": capture]
        )
        let endpoint = try await kit.createEndpoint()
        #expect(endpoint["ShadowProductionVariants"]?[0]?["CurrentWeight"] == 1)
        // The shadow reads JSON lists only: that it fails at this is nobody's affair.
        #expect(try await kit.invoke("1,2", ["ContentType": "text/csv"]).body.contains("score"))
        let failed = await #expect(throws: AWSError.self) { try await kit.invoke("[1]") }
        #expect(failed?.code == "ModelError")
        // To the built-in learner a list is a mistake; the shadow answers it, which only the captured data show.
        let text = await kit.object(below: "bucket/captured/endpoint/Shadow/")
        #expect(try JSON(parsing: text)["captureData"]?["endpointOutput"]?["data"] == "[6]")
        await kit.shutdown()
    }

    @Test func twoShadowVariantsAreRefused() async throws {
        let kit = try ServingKit()
        try kit.putLinearModel()
        try await kit.createModel("model", ServingKit.container(ServingKit.linearLearnerImage))
        let shadows: JSON = [ServingKit.variant("A"), ServingKit.variant("B")]
        let error = await #expect(throws: AWSError.self) {
            try await kit.createConfig("config", [ServingKit.variant()], ["ShadowProductionVariants": shadows])
        }
        #expect(error?.code == "ValidationException")
        await kit.shutdown()
    }

    @Test func aServerlessVariantAnswersSoManyAtOnce() async throws {
        let kit = try ServingKit()
        try kit.putLinearModel()
        try await kit.createModel("model", ServingKit.container(ServingKit.linearLearnerImage))
        try await kit.createConfig(
            "config",
            [
                [
                    "VariantName": "AllTraffic", "ModelName": "model",
                    "ServerlessConfig": ["MemorySizeInMB": 2048, "MaxConcurrency": 1],
                ]
            ]
        )
        _ = try await kit.createEndpoint()
        let key = EndpointKey("endpoint", of: JobKit.caller)
        let lease = try await kit.jobs.service.fleet.endpoint(key)?.lease(nil)
        let error = await #expect(throws: AWSError.self) {
            try await kit.invoke("1,2", ["ContentType": "text/csv"])
        }
        #expect(error?.code == "ThrottlingException")
        lease?.release()
        #expect(try await kit.invoke("1,2", ["ContentType": "text/csv"]).body.contains("score"))
        await kit.shutdown()
    }

    /// An endpoint with one model, and a configuration with another to change to.
    private func kitWithTwoModels() async throws -> ServingKit {
        let kit = try ServingKit()
        try kit.putLinearModel("bucket/one.tar.gz", slope: 2)
        try kit.putLinearModel("bucket/two.tar.gz", slope: -2)
        for name in ["one", "two"] {
            let data = "s3://bucket/\(name).tar.gz"
            try await kit.createModel(name, ServingKit.container(ServingKit.linearLearnerImage, data: data))
            try await kit.createConfig(name, [ServingKit.variant(model: name)])
        }
        _ = try await kit.createEndpoint(config: "one")
        return kit
    }

    private static func canary(alarms: [String] = []) -> JSON {
        .compact([
            "BlueGreenUpdatePolicy": [
                "TrafficRoutingConfiguration": [
                    "Type": "CANARY", "WaitIntervalInSeconds": 60,
                    "CanarySize": ["Type": "CAPACITY_PERCENT", "Value": 10],
                ]
            ],
            "AutoRollbackConfiguration": alarms.isEmpty
                ? nil : ["Alarms": .array(alarms.map { ["AlarmName": .string($0)] })],
        ])
    }

    private func update(_ kit: ServingKit, _ deployment: JSON) async throws -> JSON {
        let input: JSON = ["EndpointName": "endpoint", "EndpointConfigName": "two", "DeploymentConfig": deployment]
        try await kit.call("UpdateEndpoint", input)
        return try await kit.settled()
    }

    @Test func anUpdateByCanaryEndsWithAllTrafficAtTheNew() async throws {
        let kit = try await kitWithTwoModels()
        let endpoint = try await update(kit, Self.canary())
        #expect(endpoint["EndpointStatus"] == "InService")
        #expect(endpoint["EndpointConfigName"] == "two")
        for _ in 0..<5 { #expect(try await kit.invoke("10,0", ["ContentType": "text/csv"]).body.contains("-")) }
        await kit.shutdown()
    }

    @Test func anAlarmTurnsAnUpdateBack() async throws {
        let kit = try await kitWithTwoModels()
        kit.jobs.aws.answer(
            "monitoring:DescribeAlarms",
            with: ["MetricAlarms": [["AlarmName": "errors", "StateValue": "ALARM"]]]
        )
        let endpoint = try await update(kit, Self.canary(alarms: ["errors"]))
        #expect(endpoint["EndpointStatus"] == "InService")
        #expect(endpoint["EndpointConfigName"] == "one")
        #expect(endpoint["FailureReason"]?.stringValue?.contains("the alarm errors is in state ALARM") == true)
        for _ in 0..<20 { #expect(try await !kit.invoke("10,0", ["ContentType": "text/csv"]).body.contains("-")) }
        await kit.shutdown()
    }

    @Test func aLimitLetsOthersInInTheirTurn() async throws {
        let limit = ConcurrencyLimit(2)
        let (most, now) = (Counter(), Counter())
        await withDiscardingTaskGroup { group in
            for _ in 0..<50 {
                group.addTask {
                    await limit.enter()
                    await most.raise(to: await now.add(1))
                    await Task.yield()
                    _ = await now.add(-1)
                    limit.leave()
                }
            }
        }
        #expect(await most.value <= 2)
        #expect(await now.value == 0)
    }
}

private actor Counter {
    private(set) var value = 0

    func add(_ number: Int) -> Int {
        value += number
        return value
    }

    func raise(to number: Int) { value = max(value, number) }
}
