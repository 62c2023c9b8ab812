public import AWSProtocol
public import JSON
import Synchronization

/// Stands in for the other services: answers calls by closures and records them.
///
///     let aws = RecordingCaller(["sts:AssumeRole": { _ in AWSResponse(["Credentials": […]]) }])
public final class RecordingCaller: AWSCaller {
    public typealias Answer = @Sendable (AWSRequest) async throws(AWSError) -> AWSResponse

    private let answers: Mutex<[Operation: Answer]>
    private let recorded = Mutex<[AWSRequest]>([])

    public init(_ answers: [Operation: Answer] = [:]) { self.answers = Mutex(answers) }

    /// The calls so far, in order, those of `operation` only where it is given.
    public func requests(of operation: Operation? = nil) -> [AWSRequest] {
        recorded.withLock { $0.filter { operation == nil || $0.operation == operation } }
    }

    /// Answers `operation` by `answer` from now on.
    public func answer(_ operation: Operation, _ answer: @escaping Answer) {
        answers.withLock { $0[operation] = answer }
    }

    /// Answers `operation` with the same output from now on.
    public func answer(_ operation: Operation, with output: JSON.Object) {
        answer(operation) { _ throws(AWSError) in AWSResponse(output) }
    }

    public func send(_ request: AWSRequest) async throws(AWSError) -> AWSResponse {
        recorded.withLock { $0.append(request) }
        guard let answer = answers.withLock({ $0[request.operation] }) else { throw .notServed(request.operation) }
        return try await answer(request)
    }
}
