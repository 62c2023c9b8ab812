public import AWSProtocol
import JSON
import Logging
import NIOCore
import Store

/// Amazon SageMaker Runtime: requests to the endpoints of a `SageMakerService`.
/// <https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_Operations_Amazon_SageMaker_Runtime.html>
public final class SageMakerRuntimeService: AWSService {
    public let name = "sagemaker-runtime"
    let fleet: EndpointFleet
    let context: JobContext

    /// - Parameter sageMaker: Whose endpoints are invoked.
    public init(_ sageMaker: SageMakerService) {
        fleet = sageMaker.fleet
        context = sageMaker.context
    }

    public var operations: [String: OperationHandler] {
        [
            "InvokeEndpoint": invokeEndpoint,
            "InvokeEndpointWithResponseStream": invokeEndpointWithResponseStream,
            "InvokeEndpointAsync": invokeEndpointAsync,
        ]
    }

    /// Hands on the asynchronous requests, those that a former process left included.
    public func start() async throws {
        let inference = AsynchronousInvocation(fleet: fleet, context: context)
        context.store.outbox.deliver(topic: AsynchronousRequest.topic, retry: AsynchronousInvocation.retry) { message in
            try await inference.perform(message)
        }
    }

    /// `InvokeEndpoint`:
    /// https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
    func invokeEndpoint(_ request: AWSRequest) async throws -> AWSResponse {
        let (endpoint, errors) = try endpoint(request)
        guard endpoint.asynchronous == nil else {
            throw AWSError(
                "ValidationError",
                "Endpoint \(endpoint.key.name) is an asynchronous endpoint: use InvokeEndpointAsync."
            )
        }
        let inference = try await inferenceRequest(request)
        do {
            let lease = try await endpoint.lease(request.string("TargetVariant"))
            mirror(inference, endpoint)
            let (answer, body) = try await measured(endpoint, lease.variant) {
                let answer = try await lease.server.invoke(inference)
                return (answer, try await answer.body.collect(upTo: ModelServer.maximumAnswerBytes))
            }
            lease.release()
            capture(endpoint, lease.variant, inference, answer.contentType, body)
            return response(answer, Body(body), lease.variant)
        } catch let failure as InferenceFailure {
            throw errors.error(failure)
        } catch let failure as AWSError {
            throw failure
        } catch {
            throw errors.error(.unreachable(container: "primary"))
        }
    }

    /// `InvokeEndpointWithResponseStream`: each piece of the container's answer is sent on as it comes.
    func invokeEndpointWithResponseStream(_ request: AWSRequest) async throws -> AWSResponse {
        let (endpoint, errors) = try endpoint(request)
        let inference = try await inferenceRequest(request)
        do {
            let lease = try await endpoint.lease(request.string("TargetVariant"))
            let answer = try await measured(endpoint, lease.variant) { try await lease.server.invoke(inference) }
            var response = response(answer, PayloadParts.body(of: answer, holding: lease), lease.variant)
            response.headers = [("Content-Type", EventStreamMessage.contentType)]
            return response
        } catch let failure as InferenceFailure {
            throw errors.error(failure)
        }
    }

    /// Hands a request to a variant's container, and tells CloudWatch how that went.
    private func measured<Answer>(
        _ endpoint: RunningEndpoint,
        _ variant: String,
        _ invocation: () async throws -> Answer
    ) async throws -> Answer {
        let metrics = InvocationMetrics(endpoint.key, variant: variant, context.metrics)
        do {
            let answer = try await invocation()
            metrics.record(status: 200)
            return answer
        } catch {
            metrics.record(status: (error as? InferenceFailure)?.status ?? 500)
            throw error
        }
    }

    // MARK: -

    func endpoint(_ request: AWSRequest) throws -> (RunningEndpoint, InvocationErrors) {
        let key = EndpointKey(try request.requiredString("EndpointName"), of: request.caller)
        let errors = InvocationErrors(endpoint: key, requestID: request.requestID)
        guard let endpoint = fleet.endpoint(key) else { throw errors.notFound }
        return (endpoint, errors)
    }

    /// AWS's limit on a request's body, in bytes.
    private static let maximumRequestBytes = 6_291_456

    private func inferenceRequest(_ request: AWSRequest) async throws -> InferenceRequest {
        let body: ByteBuffer
        do {
            body = try await request.body?.collect(upTo: Self.maximumRequestBytes) ?? ByteBuffer()
        } catch let error as AWSError where error.status == 413 {
            throw AWSError(
                "ValidationError",
                "1 validation error detected: Value at 'body' failed to satisfy constraint: Member must have length "
                    + "less than or equal to \(Self.maximumRequestBytes)"
            )
        }
        return InferenceRequest(
            body: body,
            contentType: request.string("ContentType"),
            accept: request.string("Accept"),
            customAttributes: request.string("CustomAttributes"),
            targetModel: request.string("TargetModel"),
            targetContainer: request.string("TargetContainerHostname"),
            inferenceID: request.string("InferenceId")
        )
    }

    /// Sends copies of a request to the endpoint's shadow variants. What they answer, or whether they do, changes nothing
    /// for the caller; captured data have it.
    private func mirror(_ request: InferenceRequest, _ endpoint: RunningEndpoint) {
        for server in endpoint.shadows {
            Task {
                do {
                    guard let lease = try await server.lease() else { return }
                    let answer = try await lease.server.invoke(request)
                    let body = try await answer.body.collect(upTo: ModelServer.maximumAnswerBytes)
                    lease.release()
                    capture(endpoint, server.variant, request, answer.contentType, body)
                } catch {
                    context.logger.info("The shadow variant \(server.variant) did not answer: \(error)")
                }
            }
        }
    }

    private func response(_ answer: InferenceAnswer, _ body: Body, _ variant: String) -> AWSResponse {
        var output: JSON.Object = [
            "ContentType": .string(answer.contentType), "InvokedProductionVariant": .string(variant),
        ]
        if let attributes = answer.customAttributes { output["CustomAttributes"] = .string(attributes) }
        return AWSResponse(output, body: body)
    }

    private func capture(
        _ endpoint: RunningEndpoint,
        _ variant: String,
        _ request: InferenceRequest,
        _ answerType: String,
        _ answer: ByteBuffer
    ) {
        guard let capture = endpoint.capture, capture.isSampled() else { return }
        let exchange = DataCapture.Exchange(
            variant: variant,
            request: request,
            answerType: answerType,
            answer: answer,
            time: context.clock.now()
        )
        Task { await capture.capture(exchange) }
    }
}

/// A container's answer as the events of a `ResponseStream`.
private enum PayloadParts {
    /// - Parameter lease: Held until the stream has ended.
    static func body(of answer: InferenceAnswer, holding lease: VariantLease) -> Body {
        let source = PieceSource(answer.body)
        let stream = AsyncThrowingStream<ByteBuffer, any Error> {
            let piece = await source.next()
            if piece == nil { lease.release() }
            return piece
        }
        return Body(.stream(stream, length: nil))
    }

    private actor PieceSource {
        private var iterator: Body.Chunks.Iterator
        private var hasEnded = false

        init(_ body: Body) { iterator = body.chunks().makeAsyncIterator() }

        func next() async -> ByteBuffer? {
            guard !hasEnded else { return nil }
            do {
                var iterator = self.iterator
                let chunk = try await iterator.next(isolation: #isolation)
                self.iterator = iterator
                guard let chunk else {
                    hasEnded = true
                    return nil
                }
                return EventStreamMessage(
                    event: "PayloadPart",
                    contentType: "application/octet-stream",
                    payload: chunk
                ).encoded
            } catch {
                hasEnded = true
                return Self.failure(error).encoded
            }
        }

        /// What ends a stream whose container did not go on: `ModelStreamError`.
        private static func failure(_ error: any Error) -> EventStreamMessage {
            let isTimeOut = "\(error)".contains("timedOut")
            let document: JSON = [
                "Message": isTimeOut
                    ? "The model did not finish its response in time." : "The model's response stream was broken off.",
                "ErrorCode": isTimeOut ? "ModelInvocationTimeExceeded" : "StreamBroken",
            ]
            return EventStreamMessage(
                exception: "ModelStreamError",
                payload: ByteBuffer(bytes: document.serializedBytes())
            )
        }
    }
}
