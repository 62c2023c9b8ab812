import AWSProtocol
import JSON
import NIOCore
import ServiceTesting
import Testing

@testable import SageMaker

struct InvocationTests {
    @Test func containersOfAPipelinePassTheRequestOn() async throws {
        let kit = try ServingKit()
        try kit.putPythonModel(ServingKit.adding(1), as: "bucket/one.tar.gz")
        try kit.putPythonModel(ServingKit.adding(10), as: "bucket/ten.tar.gz")
        let containers: JSON = [
            ServingKit.container(data: "s3://bucket/one.tar.gz", ["ContainerHostname": "first"]),
            ServingKit.container(data: "s3://bucket/ten.tar.gz", ["ContainerHostname": "second"]),
        ]
        try await kit.createModel(members: ["Containers": containers])
        try await kit.createModel(
            "direct",
            members: ["Containers": containers, "InferenceExecutionConfig": ["Mode": "Direct"]]
        )
        try await kit.createConfig()
        try await kit.createConfig("direct", [ServingKit.variant(model: "direct")])
        _ = try await kit.createEndpoint()
        _ = try await kit.createEndpoint("direct", config: "direct")
        #expect(try await kit.invoke("[0]").body == "[11]")
        let second: JSON.Object = ["TargetContainerHostname": "second"]
        #expect(try await kit.invoke("[0]", second, endpoint: "direct").body == "[10]")
        let error = await #expect(throws: AWSError.self) { try await kit.invoke("[0]", endpoint: "direct") }
        #expect(error?.code == "ValidationError")
        await kit.shutdown()
    }

    @Test func aModelThatTakesMoreMemoryThanItHasIsEndedAndBeginsAnew() async throws {
        let kit = try ServingKit()
        try kit.putPythonModel(
            """
            import json, time

            def model_fn(directory):
                return None

            def input_fn(body, content_type):
                return json.loads(body)

            def predict_fn(megabytes, model):
                held = bytearray(b"1") * (megabytes << 20)
                time.sleep(30 if megabytes > 1000 else 0)
                return len(held) >> 20

            def output_fn(megabytes, accept):
                return json.dumps(megabytes), "application/json"
            """
        )
        try await kit.createModel("model", ServingKit.container())
        let serverless: JSON = [
            "VariantName": "AllTraffic", "ModelName": "model",
            "ServerlessConfig": ["MemorySizeInMB": 1024, "MaxConcurrency": 1],
        ]
        try await kit.createConfig("config", [serverless])
        _ = try await kit.createEndpoint()
        #expect(kit.jobs.messages.contains { $0.contains(", within 1 GiB of memory, 5 GiB of disk") })
        #expect(try await kit.invoke("10").body == "10")
        let error = await #expect(throws: AWSError.self) { try await kit.invoke("1200") }
        #expect(error?.code == "ModelError")
        await kit.jobs.message(
            "The program of the primary container is ended: it took more memory than its instance, or its "
                + "ServerlessConfig, has."
        )
        #expect(try await kit.invoke("10").body == "10")
        await kit.shutdown()
    }

    @Test func aMultiModelEndpointLoadsWhatIsAskedFor() async throws {
        let kit = try ServingKit()
        try kit.putPythonModel(ServingKit.adding(1), as: "bucket/models/one.tar.gz")
        try kit.putPythonModel(ServingKit.adding(2), as: "bucket/models/more/two.tar.gz")
        try await kit.createModel(
            "model",
            ServingKit.container(data: "s3://bucket/models/", ["Mode": "MultiModel"])
        )
        try await kit.createConfig()
        let endpoint = try await kit.createEndpoint()
        #expect(endpoint["EndpointStatus"] == "InService", "\(kit.jobs.messages)")
        #expect(try await kit.invoke("[0]", ["TargetModel": "one.tar.gz"]).body == "[1]")
        #expect(try await kit.invoke("[0]", ["TargetModel": "more/two.tar.gz"]).body == "[2]")
        #expect(try await kit.invoke("[1]", ["TargetModel": "one.tar.gz"]).body == "[2]")
        let missing = await #expect(throws: AWSError.self) { try await kit.invoke("[0]") }
        #expect(missing?.message.hasSuffix("is missing a target model header.") == true)
        let unknown = await #expect(throws: AWSError.self) {
            try await kit.invoke("[0]", ["TargetModel": "three.tar.gz"])
        }
        #expect(unknown?.message.contains("s3://bucket/models/three.tar.gz") == true)
        await kit.shutdown()
    }

    @Test func theBuiltInLearnerServesSeveralModels() async throws {
        let kit = try ServingKit()
        try kit.putLinearModel("bucket/models/two.tar.gz", slope: 2)
        try kit.putLinearModel("bucket/models/five.tar.gz", slope: 5)
        try await kit.createModel(
            "model",
            ServingKit.container(
                ServingKit.linearLearnerImage,
                data: "s3://bucket/models",
                ["Mode": "MultiModel"]
            )
        )
        try await kit.createConfig()
        _ = try await kit.createEndpoint()
        for (name, expected) in [("two", 20.0), ("five", 50.0)] {
            let more: JSON.Object = ["TargetModel": .string("\(name).tar.gz"), "ContentType": "text/csv"]
            let answer = try JSON(parsing: try await kit.invoke("10,0", more).body)
            let score = answer["predictions"]?[0]?["score"]?.doubleValue ?? 0
            #expect(abs(score - expected) < 0.2, "\(name): \(score)")
        }
        await kit.shutdown()
    }

    @Test func aGeneratorsPiecesAreStreamedAsEvents() async throws {
        let kit = try ServingKit()
        try kit.putPythonModel(
            """
            def model_fn(directory):
                return None

            def transform_fn(model, body, content_type, accept):
                return (part for part in ["one ", "two ", body])
            """
        )
        try await kit.createModel("model", ServingKit.container())
        try await kit.createConfig()
        let endpoint = try await kit.createEndpoint()
        #expect(endpoint["EndpointStatus"] == "InService", "\(kit.jobs.messages)")
        let handler = try #require(kit.runtime.operations["InvokeEndpointWithResponseStream"])
        let response = try await handler(
            AWSRequest(
                "sagemaker-runtime:InvokeEndpointWithResponseStream",
                ["EndpointName": "endpoint", "ContentType": "text/plain"],
                body: Body("three"),
                caller: JobKit.caller
            )
        )
        var bytes = try #require(try await response.body?.collect(upTo: 1 << 20))
        var text = ""
        while let message = try EventStreamMessage.decode(from: &bytes) {
            #expect(message.headers.first == EventStreamMessage.Header(":event-type", "PayloadPart"))
            text += String(buffer: message.payload)
        }
        #expect(text == "one two three")
        await kit.shutdown()
    }

    @Test func anAsynchronousRequestsAnswerGoesToS3() async throws {
        let kit = try ServingKit()
        try kit.putPythonModel(ServingKit.adding(1))
        kit.jobs.put("bucket/in.json", Array("[41]".utf8))
        kit.jobs.put("bucket/bad.json", Array("{".utf8))
        try await kit.createModel("model", ServingKit.container())
        let config: JSON = ["OutputConfig": ["S3OutputPath": "s3://bucket/out", "S3FailurePath": "s3://bucket/failed"]]
        try await kit.createConfig("config", [ServingKit.variant()], ["AsyncInferenceConfig": config])
        _ = try await kit.createEndpoint()
        try await kit.runtime.start()
        let invoke = try #require(kit.runtime.operations["InvokeEndpointAsync"])
        var locations: [String] = []
        for (input, member) in [("in.json", "OutputLocation"), ("bad.json", "FailureLocation")] {
            let response = try await invoke(
                AWSRequest(
                    "sagemaker-runtime:InvokeEndpointAsync",
                    [
                        "EndpointName": "endpoint", "InputLocation": .string("s3://bucket/\(input)"),
                        "ContentType": "application/json", "InferenceId": "mine",
                    ],
                    caller: JobKit.caller
                )
            )
            #expect(response.output["InferenceId"] == "mine")
            locations.append(response.output[member]?.stringValue ?? "")
        }
        let texts = await kit.objects(locations)
        #expect(texts[0] == "[42]")
        #expect(texts[1].hasPrefix("Received server error (500) from primary with message"))
        await kit.shutdown()
    }

    @Test func capturedRequestsAreJSONLinesInS3() async throws {
        let kit = try ServingKit()
        try kit.putLinearModel()
        try await kit.createModel("model", ServingKit.container(ServingKit.linearLearnerImage))
        let capture: JSON = [
            "EnableCapture": true, "InitialSamplingPercentage": 100, "DestinationS3Uri": "s3://bucket/captured",
            "CaptureOptions": [["CaptureMode": "Input"], ["CaptureMode": "Output"]],
            "CaptureContentTypeHeader": [
                "CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"],
            ],
        ]
        try await kit.createConfig("config", [ServingKit.variant()], ["DataCaptureConfig": capture])
        _ = try await kit.createEndpoint()
        _ = try await kit.invoke("1,2", ["ContentType": "text/csv", "InferenceId": "id-1"])
        let text = await kit.object(below: "bucket/captured/endpoint/AllTraffic/")
        let line = try JSON(parsing: String(text.split(separator: "\n")[0]))
        let input = line["captureData"]?["endpointInput"]
        #expect(
            input == ["observedContentType": "text/csv", "mode": "INPUT", "data": "1,2", "encoding": "CSV"]
        )
        #expect(line["captureData"]?["endpointOutput"]?["encoding"] == "JSON")
        #expect(line["eventMetadata"]?["inferenceId"] == "id-1")
        #expect(line["eventVersion"] == "0")
        await kit.shutdown()
    }

    @Test func aLargeBodyIsRefusedInAWSsWords() async throws {
        let kit = try ServingKit()
        try kit.putLinearModel()
        try await kit.createModel("model", ServingKit.container(ServingKit.linearLearnerImage))
        try await kit.createConfig()
        _ = try await kit.createEndpoint()
        let body = String(repeating: "1", count: 6_291_457)
        let error = await #expect(throws: AWSError.self) { try await kit.invoke(body) }
        #expect(error?.code == "ValidationError")
        await kit.shutdown()
    }
}

extension ServingKit {
    /// The texts at these locations, as soon as they are there.
    func objects(_ uris: [String]) async -> [String] {
        var texts: [String] = []
        for uri in uris { texts.append(await object(below: String(uri.dropFirst("s3://".count)))) }
        return texts
    }

    /// The text of the first object whose name begins so, as soon as there is one.
    func object(below prefix: String) async -> String {
        while true {
            if let name = jobs.names.first(where: { $0.hasPrefix(prefix) }), let text = jobs.text(name) { return text }
            await jobs.uploads.next()
        }
    }
}
