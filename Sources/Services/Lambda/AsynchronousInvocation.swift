import AWSProtocol
import GRDB
import JSON
import Logging
import NIOCore
import Store

/// `InvocationType=Event`: the event is on disk when the call is answered, and is delivered after.
///
/// A function's error is tried again after one and after two minutes; a throttled event for up to six hours.
/// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>
extension LambdaService {
    private static let topic = "lambda.invocations"

    /// The deprecated operation that only does asynchronous calls.
    func invokeAsync(_ request: AWSRequest) async throws -> AWSResponse {
        var request = request
        request.input["InvocationType"] = "Event"
        _ = try await invoke(request)
        return AWSResponse(["Status": 202], status: 202)
    }

    func enqueue(_ event: ByteBuffer, for reference: FunctionReference, _ request: AWSRequest) async throws {
        let message: JSON = .compact([
            "account": .string(reference.account),
            "region": .string(reference.region),
            "function": .string(reference.name),
            "qualifier": reference.qualifier.map { .string($0) },
            "requestID": .string(request.requestID),
            "event": .string(String(buffer: event)),
            "attempt": 1,
            "accepted": .integer(clock.now().milliseconds),
        ])
        let outbox = store.outbox
        try await store.write { db in try outbox.enqueue(topic: Self.topic, message, in: db) }
    }

    func deliverAsynchronousInvocations() {
        let policy = RetryPolicy(
            maximumAttempts: .max,
            maximumAge: .seconds(6 * 3600),
            firstDelay: .seconds(1),
            longestDelay: .seconds(300)
        )
        store.outbox.deliver(topic: Self.topic, retry: policy) { [weak self] message in
            try await self?.deliver(message)
        } deadLetter: { [logger] message, error in
            logger.warning(
                "An asynchronous invocation is given up",
                metadata: ["function": "\(message["function"]?.stringValue ?? "")", "error": "\(error)"]
            )
        }
    }

    private func deliver(_ message: JSON) async throws {
        guard let account = message["account"]?.stringValue, let region = message["region"]?.stringValue,
            let name = message["function"]?.stringValue, let requestID = message["requestID"]?.stringValue,
            let event = message["event"]?.stringValue
        else { return }
        let qualifier = message["qualifier"]?.stringValue
        let reference = FunctionReference(account: account, region: region, name: name, qualifier: qualifier)
        let function: ResolvedFunction
        do {
            function = try await resolve(reference)
        } catch let error as AWSError where error.status == 404 {
            logger.info("An event's function is gone", metadata: ["function": "\(reference.arn)"])
            return
        }
        let invocation = Invocation(
            requestID: requestID,
            event: ByteBuffer(string: event),
            functionARN: reference.arn,
            clientContext: nil
        )
        let outcome = try await run(routed(function), invocation)
        if outcome.isError { try await retry(message, reference) }
    }

    private func retry(_ message: JSON, _ reference: FunctionReference) async throws {
        let configuration = try await read(reference) { rows in
            try rows.document("lambda_event_invoke_configs", "qualifier", reference.qualifier ?? "$LATEST")
        }
        let attempt = message["attempt"]?.intValue ?? 1
        let accepted = Timestamp(milliseconds: message["accepted"]?.intValue ?? 0)
        let due = clock.now() + .seconds(attempt == 1 ? 60 : 120)
        let maximumAge = configuration?["MaximumEventAgeInSeconds"]?.intValue ?? 6 * 3600
        guard attempt <= configuration?["MaximumRetryAttempts"]?.intValue ?? 2, due < accepted + .seconds(maximumAge)
        else {
            logger.info("An event failed for the last time", metadata: ["function": "\(reference.arn)"])
            return
        }
        var next = message
        next["attempt"] = .integer(attempt + 1)
        let (outbox, again) = (store.outbox, next)
        try await store.write { db in try outbox.enqueue(topic: Self.topic, again, after: due, in: db) }
    }
}
