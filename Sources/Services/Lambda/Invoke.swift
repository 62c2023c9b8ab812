import AWSProtocol
import JSON
import NIOCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension LambdaService {
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>
    func invoke(_ request: AWSRequest) async throws -> AWSResponse {
        let reference = try FunctionReference(
            request.requiredString("FunctionName"),
            qualifier: request.string("Qualifier"),
            caller: request.caller
        )
        let type = request.string("InvocationType") ?? "RequestResponse"
        let function = try await resolve(reference)
        let limit = type == "Event" ? LambdaLimits.asynchronousRequest : LambdaLimits.request
        let event = try await event(request.body, type, limit: limit)
        switch type {
        case "DryRun":
            return AWSResponse(["StatusCode": 204, "ExecutedVersion": .string(function.version.name)], status: 204)
        case "Event":
            try await enqueue(event, for: function.reference, request)
            return AWSResponse(["StatusCode": 202], status: 202)
        default:
            let invocation = Invocation(
                requestID: request.requestID,
                event: event,
                functionARN: function.reference.arn,
                clientContext: try clientContext(request)
            )
            let executed = routed(function)
            let outcome = try await run(executed, invocation)
            return AWSResponse(
                .compact([
                    "StatusCode": 200,
                    "FunctionError": outcome.isError ? "Unhandled" : nil,
                    "LogResult": request.string("LogType") == "Tail"
                        ? .string(Data(outcome.tail).base64EncodedString()) : nil,
                    "ExecutedVersion": .string(executed.version.name),
                ]),
                body: Body(outcome.payload)
            )
        }
    }

    /// The version that a reference means now.
    func resolve(_ reference: FunctionReference) async throws -> ResolvedFunction {
        try await resolved.function(reference) {
            try await read(reference) { rows in
                guard try rows.existingFunction() != nil else {
                    // A call names the version that it would have reached.
                    var missing = reference
                    missing.qualifier = missing.qualifier ?? "$LATEST"
                    throw AWSError.functionNotFound(missing)
                }
                return try rows.resolve()
            }
        }
    }

    /// Runs a function with one event, in a warm environment where there is one.
    func run(_ function: ResolvedFunction, _ invocation: Invocation) async throws -> InvocationOutcome {
        try await metrics.measuring(function.reference) {
            do {
                return try await pool.withEnvironment(for: function) { await $0.invoke(invocation) }
            } catch let failure as LaunchFailure {
                return .failure(failure.type, "RequestId: \(invocation.requestID) Error: \(failure.message)")
            }
        }
    }

    /// An alias may send a part of its calls to a second version.
    func routed(_ function: ResolvedFunction) -> ResolvedFunction {
        var draw = Double.random(in: 0..<1)
        for (version, weight) in function.routing {
            if draw < weight {
                var routed = function
                routed.version = version
                return routed
            }
            draw -= weight
        }
        return function
    }

    private func event(_ body: Body?, _ type: String, limit: Int) async throws -> ByteBuffer {
        if let length = body?.length, length > limit { throw AWSError.tooLarge(length, type, limit: limit) }
        let event: ByteBuffer
        do {
            event = try await body?.collect(upTo: limit) ?? ByteBuffer()
        } catch let error as AWSError where error.status == 413 {
            throw AWSError.tooLarge(limit + 1, type, limit: limit)
        }
        if event.readableBytes == 0 { return ByteBuffer(string: "{}") }
        do {
            _ = try event.withUnsafeReadableBytes { bytes in
                try JSON(parsing: bytes.assumingMemoryBound(to: UInt8.self))
            }
        } catch {
            throw AWSError.lambda(
                "InvalidRequestContentException",
                "Could not parse request body into json: Could not parse payload into json: \(error)"
            )
        }
        return event
    }

    private func clientContext(_ request: AWSRequest) throws(AWSError) -> String? {
        guard let text = request.string("ClientContext"), !text.isEmpty else { return nil }
        guard let data = Data(base64Encoded: text), let decoded = String(data: data, encoding: .utf8),
            (try? JSON(parsing: decoded)) != nil
        else {
            throw .lambda(
                "InvalidRequestContentException",
                "Client context must be a valid Base64-encoded JSON object."
            )
        }
        return decoded.filter { !$0.isNewline }
    }
}
