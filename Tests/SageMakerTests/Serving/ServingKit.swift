import AWSProtocol
import Archive
import Compute
import JSON
import LinearLearner
import NIOCore
import ServiceTesting

@testable import SageMaker

/// What tests of serving share: models in the stand-in S3, and requests to their endpoints.
struct ServingKit: Sendable {
    static let linearLearnerImage = "382416733822.dkr.ecr.us-east-1.amazonaws.com/linear-learner:1"
    static let otherImage = "000000000000.dkr.ecr.us-east-1.amazonaws.com/serve:latest"

    let jobs: JobKit
    let runtime: SageMakerRuntimeService

    init(_ jobs: JobKit) {
        self.jobs = jobs
        runtime = SageMakerRuntimeService(jobs.service)
    }

    init() throws { try self.init(JobKit()) }

    @discardableResult
    func call(_ operation: String, _ input: JSON) async throws -> JSON { try await jobs.call(operation, input) }

    func shutdown() async { await jobs.service.shutdown() }

    // MARK: Models

    /// A regression `y = 2 x₀ + x₁`, trained by the built-in learner.
    func putLinearModel(_ name: String = "bucket/model.tar.gz", slope: Double = 2) throws {
        let rows = (0..<200).map { index -> String in
            let (first, second) = (Double(index % 20), Double(index % 7))
            return "\(slope * first + second),\(first),\(second)\n"
        }
        let path = "\(jobs.temporary.directory.path)/train-\(RandomText.uuid()).csv"
        let writer = try FileWriter(path: path)
        try writer.write(ByteBuffer(string: rows.joined()))
        writer.close()
        let model = try LinearLearner.train(
            hyperparameters: ["predictor_type": "regressor", "mini_batch_size": "20"],
            channels: ["train": TrainingChannel(contentType: "text/csv", files: [.init(path: path, name: path)])],
            log: { _ in },
            isCancelled: { false },
            now: { 0 }
        )
        jobs.put(name, try TarGzip.archive([("model_algo-1", model.archive)]))
    }

    /// A model.tar.gz with a Python program for `SAGEMAKER_PROGRAM`.
    func putPythonModel(_ program: String, as name: String = "bucket/model.tar.gz") throws {
        jobs.put(name, try TarGzip.archive([("code/inference.py", Array(program.utf8))]))
    }

    /// A model whose container adds `add` to each number of a JSON list.
    static func adding(_ add: Int) -> String {
        """
        import json

        def model_fn(directory):
            return \(add)

        def input_fn(body, content_type):
            return json.loads(body)

        def predict_fn(numbers, add):
            return [number + add for number in numbers]

        def output_fn(numbers, accept):
            return json.dumps(numbers), "application/json"
        """
    }

    static func container(
        _ image: String = ServingKit.otherImage,
        data: String = "s3://bucket/model.tar.gz",
        _ more: JSON.Object = [:]
    ) -> JSON {
        var container: JSON.Object = ["Image": .string(image), "ModelDataUrl": .string(data)]
        if image == otherImage {
            container["Environment"] = [
                "SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
            ]
        }
        container.merge(more)
        return .object(container)
    }

    func createModel(_ name: String = "model", _ container: JSON) async throws {
        try await createModel(name, members: ["PrimaryContainer": container])
    }

    func createModel(_ name: String = "model", members: JSON.Object) async throws {
        var input: JSON.Object = ["ModelName": .string(name), "ExecutionRoleArn": .string(JobKit.role)]
        input.merge(members)
        try await call("CreateModel", .object(input))
    }

    // MARK: Endpoints

    static func variant(_ name: String = "AllTraffic", model: String = "model", weight: Double = 1) -> JSON {
        [
            "VariantName": .string(name), "ModelName": .string(model), "InitialInstanceCount": 1,
            "InstanceType": "ml.m5.large", "InitialVariantWeight": .double(weight),
        ]
    }

    func createConfig(_ name: String = "config", _ variants: [JSON] = [variant()], _ more: JSON.Object = [:])
        async throws
    {
        var input: JSON.Object = ["EndpointConfigName": .string(name), "ProductionVariants": .array(variants)]
        input.merge(more)
        try await call("CreateEndpointConfig", .object(input))
    }

    /// Creates the endpoint and describes it when that has ended.
    func createEndpoint(_ name: String = "endpoint", config: String = "config") async throws -> JSON {
        try await call("CreateEndpoint", ["EndpointName": .string(name), "EndpointConfigName": .string(config)])
        return try await settled(name)
    }

    /// The endpoint's description when what is under way has ended.
    func settled(_ name: String = "endpoint") async throws -> JSON {
        await jobs.service.fleet.settled(EndpointKey(name, of: JobKit.caller))
        return try await call("DescribeEndpoint", ["EndpointName": .string(name)])
    }

    /// Asks an endpoint; answers its output and the bytes of its body.
    func invoke(
        _ body: String,
        _ more: JSON.Object = [:],
        operation: String = "InvokeEndpoint",
        endpoint: String = "endpoint"
    ) async throws -> (output: JSON, body: String) {
        guard let handler = runtime.operations[operation] else { throw AWSError("NoOperation", operation) }
        var input: JSON.Object = ["EndpointName": .string(endpoint), "ContentType": "application/json"]
        input.merge(more)
        let request = AWSRequest(
            Operation("sagemaker-runtime", operation),
            input,
            body: Body(body),
            caller: JobKit.caller
        )
        let response = try await handler(request)
        let bytes = try await response.body?.collect(upTo: 1 << 20) ?? ByteBuffer()
        return (.object(response.output), String(buffer: bytes))
    }
}
