import AWSProtocol
import JSON
import Logging
import NIOCore
import Store

extension SageMakerRuntimeService {
    /// `InvokeEndpointAsync`: answers when the request is on disk; the answer goes to S3.
    /// https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpointAsync.html
    func invokeEndpointAsync(_ request: AWSRequest) async throws -> AWSResponse {
        let (endpoint, _) = try endpoint(request)
        guard let asynchronous = endpoint.asynchronous else {
            throw AWSError(
                "ValidationError",
                "Endpoint \(endpoint.key.name) is not an asynchronous endpoint: its configuration has no "
                    + "AsyncInferenceConfig."
            )
        }
        let uri = try request.requiredString("InputLocation")
        guard let input = S3Location(uri), !input.key.isEmpty else {
            throw AWSError("ValidationError", "The input location \(uri) is not of the form s3://bucket/key.")
        }
        let id = RandomText.uuid()
        let lifetime = request.integer("RequestTTLSeconds") ?? 6 * 3600
        let message = AsynchronousRequest(
            endpoint: endpoint.key,
            id: id,
            input: input,
            contentType: request.string("ContentType"),
            accept: request.string("Accept"),
            customAttributes: request.string("CustomAttributes"),
            inferenceID: request.string("InferenceId") ?? id,
            output: asynchronous.outputLocation(
                id,
                below: request.string("S3OutputPathExtension"),
                named: request.string("Filename")
            ),
            failure: asynchronous.failureLocation(id),
            timeoutSeconds: request.integer("InvocationTimeoutSeconds") ?? 900,
            deadline: context.clock.now() + .seconds(lifetime)
        )
        try await context.store.write { [outbox = context.store.outbox] db in
            try outbox.enqueue(topic: AsynchronousRequest.topic, message.json, in: db)
        }
        return .output([
            "InferenceId": .string(message.inferenceID),
            "OutputLocation": .string(message.output.uri),
            "FailureLocation": .string(message.failure.uri),
        ])
    }
}

/// Performs the requests that wait in the outbox. Each is performed at least once: after a crash perhaps again, with the
/// same output location.
struct AsynchronousInvocation: Sendable {
    /// What cannot be done now (S3, or a model that does not start) is tried again, within AWS's six hours.
    static let retry = RetryPolicy(maximumAttempts: 10, maximumAge: .seconds(6 * 3600))
    /// AWS's limit on an asynchronous request's and answer's size.
    private static let maximumBytes = 1 << 30

    let fleet: EndpointFleet
    let context: JobContext

    func perform(_ message: JSON) async throws {
        guard let request = AsynchronousRequest(json: message) else {
            return context.logger.error("An asynchronous inference request cannot be read; it is dropped")
        }
        // A request whose endpoint has been deleted since has nobody to answer it.
        guard let endpoint = fleet.endpoint(request.endpoint) else {
            return try await fail(request, "Endpoint \(request.endpoint.name) was deleted.")
        }
        guard context.clock.now() <= request.deadline else {
            return try await fail(request, "The request was not begun within its time to live.")
        }
        let caller = endpoint.owner
        let errors = InvocationErrors(endpoint: request.endpoint, requestID: request.id)
        do {
            let input = try await input(request, caller)
            let limit = endpoint.asynchronous?.limit
            await limit?.enter()
            defer { limit?.leave() }
            let lease = try await endpoint.lease(nil)
            defer { lease.release() }
            let answer = try await lease.server.invoke(
                InferenceRequest(
                    body: input,
                    contentType: request.contentType,
                    accept: request.accept,
                    customAttributes: request.customAttributes,
                    inferenceID: request.inferenceID,
                    timeout: .seconds(request.timeoutSeconds)
                )
            )
            let body = try await answer.body.collect(upTo: Self.maximumBytes)
            try await put(request.output, body, type: answer.contentType, caller)
            await notify(endpoint.asynchronous?.successTopic, request, nil, caller)
        } catch let failure as InferenceFailure {
            try await fail(request, errors.error(failure).message)
        } catch let failure as AWSError where !failure.isServerFault {
            try await fail(request, failure.message)
        }
    }

    private func input(_ request: AsynchronousRequest, _ caller: Caller) async throws -> ByteBuffer {
        let input: JSON.Object = ["Bucket": .string(request.input.bucket), "Key": .string(request.input.key)]
        do {
            let answer = try await context.aws.send(AWSRequest("s3:GetObject", input, caller: caller))
            return try await answer.body?.collect(upTo: Self.maximumBytes) ?? ByteBuffer()
        } catch let error as AWSError where error.status == 404 || error.status == 403 {
            throw AWSError("ValidationError", "Failed to download \(request.input.uri): \(error.message)")
        }
    }

    private func put(_ location: S3Location, _ body: ByteBuffer, type: String, _ caller: Caller) async throws {
        let input: JSON.Object = [
            "Bucket": .string(location.bucket), "Key": .string(location.key), "ContentType": .string(type),
        ]
        _ = try await context.aws.send(AWSRequest("s3:PutObject", input, body: Body(body), caller: caller))
    }

    private func fail(_ request: AsynchronousRequest, _ reason: String) async throws {
        let caller = Caller(account: request.endpoint.account, region: request.endpoint.region)
        do {
            try await put(request.failure, ByteBuffer(string: reason), type: "text/plain", caller)
        } catch let error as AWSError where !error.isServerFault {
            context.logger.warning("Cannot write \(request.failure.uri): \(error)")
        }
        let topic = fleet.endpoint(request.endpoint)?.asynchronous?.errorTopic
        await notify(topic, request, reason, caller)
    }

    /// Tells the endpoint's topic. Whether anybody answers `sns:Publish` is not this service's affair.
    private func notify(
        _ topic: String?,
        _ request: AsynchronousRequest,
        _ reason: String?,
        _ caller: Caller
    ) async {
        guard let topic else { return }
        let message: JSON = .compact([
            "awsRegion": .string(request.endpoint.region),
            "eventTime": .string(context.clock.now().iso8601),
            "receivedTime": .string(context.clock.now().iso8601),
            "invocationStatus": reason == nil ? "Completed" : "Failed",
            "failureReason": reason.map { .string($0) },
            "requestParameters": .compact([
                "contentType": request.contentType.map { .string($0) },
                "endpointName": .string(request.endpoint.name),
                "inputLocation": .string(request.input.uri),
            ]),
            "responseParameters": .compact([
                "outputLocation": reason == nil ? .string(request.output.uri) : nil,
                "failureLocation": reason == nil ? nil : .string(request.failure.uri),
            ]),
            "inferenceId": .string(request.inferenceID),
            "eventVersion": "1.0",
            "eventSource": "aws:sagemaker",
            "eventName": "InferenceResult",
        ])
        do {
            let input: JSON = ["TopicArn": .string(topic), "Message": .string(message.serialized())]
            try await context.aws.call("sns:Publish", input, as: caller)
        } catch {
            context.logger.debug("Cannot publish to \(topic): \(error)")
        }
    }
}
