import AWSProtocol
import JSON
import NIOCore
import ServiceTesting
import Testing

@testable import SageMaker

struct EndpointTests {
    @Test func theBuiltInLearnerServes() async throws {
        let kit = try ServingKit()
        try kit.putLinearModel()
        try await kit.createModel("model", ServingKit.container(ServingKit.linearLearnerImage))
        try await kit.createConfig()
        let endpoint = try await kit.createEndpoint()
        #expect(endpoint["EndpointStatus"] == "InService")
        #expect(endpoint["ProductionVariants"]?[0]?["VariantName"] == "AllTraffic")
        let (output, body) = try await kit.invoke("3,1\n", ["ContentType": "text/csv"])
        let score = try JSON(parsing: body)["predictions"]?[0]?["score"]?.doubleValue
        #expect(abs((score ?? 0) - 7) < 0.1)
        #expect(output["InvokedProductionVariant"] == "AllTraffic")
        #expect(output["ContentType"] == "application/json")
        await kit.shutdown()
    }

    @Test func aPythonProgramServesBehindHTTP() async throws {
        let kit = try ServingKit()
        try kit.putPythonModel(ServingKit.adding(10))
        try await kit.createModel("model", ServingKit.container())
        try await kit.createConfig()
        let endpoint = try await kit.createEndpoint()
        #expect(endpoint["EndpointStatus"] == "InService", "\(endpoint.serialized()) \(kit.jobs.messages)")
        #expect(try await kit.invoke("[1, 2]").body == "[11, 12]")
        await kit.shutdown()
    }

    @Test func aProgramsErrorIsAModelErrorInAWSsWords() async throws {
        let kit = try ServingKit()
        try kit.putPythonModel(ServingKit.adding(10))
        try await kit.createModel("model", ServingKit.container())
        try await kit.createConfig()
        _ = try await kit.createEndpoint()
        let error = await #expect(throws: AWSError.self) { try await kit.invoke("no JSON") }
        #expect(error?.code == "ModelError")
        #expect(error?.status == 424)
        #expect(error?.fields["OriginalStatusCode"] == 500)
        let expected = #"Received server error (500) from primary with message "Expecting value: line 1"#
        #expect(error?.message.hasPrefix(expected) == true, "\(error?.message ?? "")")
        await kit.shutdown()
    }

    @Test func anUnknownEndpointIsRefused() async throws {
        let kit = try ServingKit()
        let error = await #expect(throws: AWSError.self) { try await kit.invoke("", endpoint: "other") }
        #expect(error == AWSError("ValidationError", "Endpoint other of account 000000000000 not found."))
    }

    @Test func anEndpointWhoseModelCannotBeLoadedFails() async throws {
        let kit = try ServingKit()
        kit.jobs.put("bucket/model.tar.gz", Array("no archive".utf8))
        try await kit.createModel("model", ServingKit.container(ServingKit.linearLearnerImage))
        try await kit.createConfig()
        let endpoint = try await kit.createEndpoint()
        #expect(endpoint["EndpointStatus"] == "Failed")
        let reason = endpoint["FailureReason"]?.stringValue ?? ""
        #expect(reason.hasPrefix("The model data at s3://bucket/model.tar.gz cannot be loaded"), "\(reason)")
    }

    @Test func trafficFollowsTheWeights() async throws {
        let kit = try ServingKit()
        try kit.putLinearModel()
        try await kit.createModel("model", ServingKit.container(ServingKit.linearLearnerImage))
        try await kit.createConfig(
            "config",
            [ServingKit.variant("one", weight: 1), ServingKit.variant("three", weight: 3)]
        )
        _ = try await kit.createEndpoint()
        let csv: JSON.Object = ["ContentType": "text/csv"]
        var counts: [String: Int] = [:]
        for _ in 0..<40 {
            counts[
                try await kit.invoke("1,1", csv).output["InvokedProductionVariant"]?.stringValue ?? "",
                default: 0
            ] += 1
        }
        #expect(counts == ["one": 10, "three": 30])
        let target: JSON.Object = ["ContentType": "text/csv", "TargetVariant": "one"]
        #expect(try await kit.invoke("1,1", target).output["InvokedProductionVariant"] == "one")
        try await kit.call(
            "UpdateEndpointWeightsAndCapacities",
            [
                "EndpointName": "endpoint",
                "DesiredWeightsAndCapacities": [["VariantName": "one", "DesiredWeight": 0]],
            ]
        )
        for _ in 0..<5 {
            #expect(try await kit.invoke("1,1", csv).output["InvokedProductionVariant"] == "three")
        }
        await kit.shutdown()
    }

    @Test func anUpdateChangesTheModelWithoutAFailedRequest() async throws {
        let kit = try ServingKit()
        try kit.putPythonModel(ServingKit.adding(1), as: "bucket/one.tar.gz")
        try kit.putPythonModel(ServingKit.adding(2), as: "bucket/two.tar.gz")
        try await kit.createModel("one", ServingKit.container(data: "s3://bucket/one.tar.gz"))
        try await kit.createModel("two", ServingKit.container(data: "s3://bucket/two.tar.gz"))
        try await kit.createConfig("one", [ServingKit.variant(model: "one")])
        try await kit.createConfig("two", [ServingKit.variant(model: "two")])
        _ = try await kit.createEndpoint(config: "one")
        try await kit.call("UpdateEndpoint", ["EndpointName": "endpoint", "EndpointConfigName": "two"])
        let answers = try await withThrowingTaskGroup(of: Set<String>.self) { group in
            group.addTask {
                var seen: Set<String> = []
                while !seen.contains("[2]") { seen.insert(try await kit.invoke("[0]").body) }
                return seen
            }
            return try await group.next() ?? []
        }
        #expect(answers.isSubset(of: ["[1]", "[2]"]))
        let endpoint = try await kit.settled()
        #expect(endpoint["EndpointStatus"] == "InService")
        #expect(endpoint["EndpointConfigName"] == "two")
        await kit.shutdown()
    }

    @Test func anUpdateThatFailsLeavesTheEndpointAsItWas() async throws {
        let kit = try ServingKit()
        try kit.putPythonModel(ServingKit.adding(1), as: "bucket/one.tar.gz")
        try kit.putPythonModel("import nothing_of_that_name", as: "bucket/two.tar.gz")
        try await kit.createModel("one", ServingKit.container(data: "s3://bucket/one.tar.gz"))
        try await kit.createModel("two", ServingKit.container(data: "s3://bucket/two.tar.gz"))
        try await kit.createConfig("one", [ServingKit.variant(model: "one")])
        try await kit.createConfig("two", [ServingKit.variant(model: "two")])
        _ = try await kit.createEndpoint(config: "one")
        try await kit.call("UpdateEndpoint", ["EndpointName": "endpoint", "EndpointConfigName": "two"])
        let endpoint = try await kit.settled()
        #expect(endpoint["EndpointStatus"] == "InService")
        #expect(endpoint["EndpointConfigName"] == "one")
        let reason = endpoint["FailureReason"]?.stringValue ?? ""
        #expect(
            reason.hasPrefix(
                "The primary container for production variant AllTraffic did not pass the ping health check"
            )
        )
        #expect(try await kit.invoke("[0]").body == "[1]")
        #expect(kit.jobs.messages.contains { $0.contains("nothing_of_that_name") })
        await kit.shutdown()
    }

    @Test func anIdleContainerIsStoppedAndStartedAgain() async throws {
        let clock = ManualClock()
        let kit = ServingKit(try JobKit(clock: clock))
        try kit.putPythonModel(ServingKit.adding(1))
        try await kit.createModel("model", ServingKit.container())
        try await kit.createConfig()
        _ = try await kit.createEndpoint()
        let server = try #require(
            kit.jobs.service.fleet.endpoint(EndpointKey("endpoint", of: JobKit.caller))?.servers.first
        )
        await clock.sleepers()
        clock.advance(by: .seconds(901))
        #expect(await server.stopIfIdle(after: .seconds(900)) || !server.isRunning)
        #expect(try await kit.call("DescribeEndpoint", ["EndpointName": "endpoint"])["EndpointStatus"] == "InService")
        #expect(try await kit.invoke("[0]").body == "[1]")
        #expect(server.isRunning)
        await kit.shutdown()
    }

    @Test func endpointsComeBackAfterARestart() async throws {
        let kit = try ServingKit()
        try kit.putPythonModel(ServingKit.adding(1))
        try await kit.createModel("model", ServingKit.container())
        try await kit.createConfig()
        _ = try await kit.createEndpoint()
        try await kit.call("DeleteEndpointConfig", ["EndpointConfigName": "config"])
        try await kit.call("DeleteModel", ["ModelName": "model"])
        await kit.shutdown()
        try await kit.jobs.service.start()
        #expect(try await kit.call("DescribeEndpoint", ["EndpointName": "endpoint"])["EndpointStatus"] == "InService")
        #expect(try await kit.invoke("[0]").body == "[1]")
        await kit.shutdown()
    }

    @Test func aYardThatEndsDoesNotWaitForAContainerThatIsNotReady() async throws {
        let kit = try ServingKit()
        try kit.putPythonModel("import time\n\ndef model_fn(directory):\n    print('loading')\n    time.sleep(600)\n")
        try await kit.createModel("model", ServingKit.container())
        try await kit.createConfig()
        try await kit.call("CreateEndpoint", ["EndpointName": "endpoint", "EndpointConfigName": "config"])
        await kit.jobs.message("loading")
        await kit.shutdown()
        let endpoint = try await kit.call("DescribeEndpoint", ["EndpointName": "endpoint"])
        #expect(endpoint["EndpointStatus"] == "Creating")
    }

    @Test func aDeletedEndpointIsGone() async throws {
        let kit = try ServingKit()
        try kit.putLinearModel()
        try await kit.createModel("model", ServingKit.container(ServingKit.linearLearnerImage))
        try await kit.createConfig()
        _ = try await kit.createEndpoint()
        try await kit.call("DeleteEndpoint", ["EndpointName": "endpoint"])
        await #expect(throws: AWSError.self) { try await kit.invoke("1,1") }
        let error = await #expect(throws: AWSError.self) {
            try await kit.call("DescribeEndpoint", ["EndpointName": "endpoint"])
        }
        let arn = "arn:aws:sagemaker:us-east-1:000000000000:endpoint/endpoint"
        #expect(error == AWSError("ValidationException", "Could not find endpoint \"\(arn)\"."))
    }
}
