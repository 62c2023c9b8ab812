import AWSProtocol
import Compute
import JSON
import NIOCore
import NIOHTTP1

/// A model's container as a program that answers `/ping` and `/invocations`.
///
/// <https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html>
struct HTTPModelContainer: ModelContainer {
    /// An answer to `/ping` must come within this.
    private static let pingTimeout = TimeAmount.seconds(2)
    private static let maximumErrorBytes = 64 << 10

    let name: String
    let program: ServingProgram
    private let client: LoopbackHTTPClient

    init(name: String, program: ServingProgram) {
        self.name = name
        self.program = program
        client = LoopbackHTTPClient(program.address)
    }

    var isUsable: Bool { program.isRunning }

    var isIdleCostly: Bool { true }

    func stop(grace: Duration) async { await program.stop(grace: grace) }

    /// Whether the container says that it is ready.
    func isHealthy() async -> Bool {
        do {
            let answer = try await client.send(.GET, "/ping", timeout: Self.pingTimeout)
            _ = try await answer.collect(upTo: 0)
            return answer.status == 200
        } catch {
            return false
        }
    }

    func executionParameters() async -> [UInt8]? {
        do {
            let answer = try await client.send(.GET, "/execution-parameters", timeout: .seconds(10))
            let body = try await answer.collect(upTo: 1 << 20)
            return answer.status == 200 ? Array(body.readableBytesView) : nil
        } catch {
            return nil
        }
    }

    func invoke(_ request: InferenceRequest) async throws(InferenceFailure) -> InferenceAnswer {
        guard request.targetModel == nil else { throw .targetModelNotSupported }
        return try await post("/invocations", request)
    }

    /// Sends a request to one of the container's addresses.
    func post(_ path: String, _ request: InferenceRequest) async throws(InferenceFailure) -> InferenceAnswer {
        let answer = try await send(.POST, path, headers(request), request.body, request.timeout)
        let isAnswer = (200..<300).contains(answer.status)
        guard isAnswer else {
            let body = try? await answer.collect(upTo: Self.maximumErrorBytes)
            throw .model(
                container: name,
                status: answer.status,
                body: body.map { Array($0.readableBytesView) } ?? []
            )
        }
        let length = answer.headers.first(name: "content-length").flatMap { Int($0) }
        return InferenceAnswer(
            contentType: answer.headers.first(name: "content-type") ?? "application/octet-stream",
            customAttributes: answer.headers.first(name: "x-amzn-sagemaker-custom-attributes"),
            body: try await body(answer, length)
        )
    }

    /// Sends a request with a JSON document: those that load and unload models.
    func exchange(_ method: HTTPMethod, _ path: String, _ document: JSON?) async throws(InferenceFailure) -> Int {
        let bytes = document.map { ByteBuffer(bytes: $0.serializedBytes()) } ?? ByteBuffer()
        let headers: HTTPHeaders = ["Content-Type": "application/json", "Accept": "application/json"]
        let answer = try await send(method, path, headers, bytes, .seconds(60))
        let body = try? await answer.collect(upTo: Self.maximumErrorBytes)
        guard (200..<300).contains(answer.status) || answer.status == 409 else {
            throw .model(
                container: name,
                status: answer.status,
                body: body.map { Array($0.readableBytesView) } ?? []
            )
        }
        return answer.status
    }

    private func send(
        _ method: HTTPMethod,
        _ path: String,
        _ headers: HTTPHeaders,
        _ body: ByteBuffer,
        _ timeout: Duration
    ) async throws(InferenceFailure) -> LoopbackAnswer {
        do {
            return try await client.send(
                method,
                path,
                headers: headers,
                body: body,
                timeout: TimeAmount(timeout)
            )
        } catch {
            throw failure(error)
        }
    }

    /// What is sent with its length is collected, so that a failure in the middle is a failure; the rest is streamed.
    private func body(_ answer: LoopbackAnswer, _ length: Int?) async throws(InferenceFailure) -> Body {
        guard let length else { return Body(.stream(answer.body, length: nil)) }
        do {
            let body = try await answer.collect(upTo: length)
            return Body(body)
        } catch {
            throw failure(error)
        }
    }

    private func failure(_ error: any Error) -> InferenceFailure {
        error as? LoopbackFailure == .timedOut ? .timedOut(container: name) : .unreachable(container: name)
    }

    private func headers(_ request: InferenceRequest) -> HTTPHeaders {
        var headers = HTTPHeaders()
        if let type = request.contentType { headers.add(name: "Content-Type", value: type) }
        if let accept = request.accept { headers.add(name: "Accept", value: accept) }
        if let attributes = request.customAttributes {
            headers.add(name: "X-Amzn-SageMaker-Custom-Attributes", value: attributes)
        }
        if let model = request.targetModel { headers.add(name: "X-Amzn-SageMaker-Target-Model", value: model) }
        if let id = request.inferenceID { headers.add(name: "X-Amzn-SageMaker-Inference-Id", value: id) }
        return headers
    }
}
