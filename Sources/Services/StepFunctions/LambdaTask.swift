import AWSProtocol
import JSON
import NIOCore
import StatesLanguage

extension TaskPerformer {
    /// A Task whose resource is the function's ARN: its input is the event, its output the function's answer.
    func invokeFunction(_ job: TaskJob) async throws -> Document {
        let response = try await invoke(
            ["FunctionName": .string(job.call.resource.arn), "InvocationType": "RequestResponse"],
            payload: job.call.arguments.text,
            job
        ) { $0 }
        return response.payload
    }

    private struct Invocation {
        var response: AWSResponse
        var payload: Document
        /// How many bytes the function answered.
        var length = 0
    }

    /// `lambda:invoke`: the output holds the answer together with what the call told.
    func invokeLambda(_ job: TaskJob) async throws -> Document {
        var members = job.call.arguments.value.objectValue ?? [:]
        let given = members.removeValue(forKey: "Payload") ?? .null
        // A text is taken for the event's JSON as it stands.
        let payload = given.isNull ? "{}" : given.stringValue ?? given.serialized()
        // The integration reads the answer, so that white space in it is lost.
        let invocation = try await invoke(members, payload: payload, job) { text in
            (try? JSON(parsing: text))?.serialized() ?? text
        }
        let response = invocation.response
        let version = response.output["ExecutedVersion"] ?? "$LATEST"
        let requestID = RequestID.make()
        var output: JSON.Object = ["ExecutedVersion": version, "Payload": invocation.payload.value]
        let headers: JSON.Object = .compact([
            "X-Amz-Executed-Version": version, "x-amzn-Remapped-Content-Length": "0", "Connection": "keep-alive",
            "x-amzn-RequestId": .string(requestID), "X-Amz-Log-Result": response.output["LogResult"],
            "Content-Length": .string(String(invocation.length)),
            "Date": .string(clock.now().httpDate),
            "X-Amzn-Trace-Id": .string(SDKMetadata.traceID(requestID, at: clock.now())),
            "Content-Type": "application/json",
        ])
        output.merge(SDKMetadata.members(headers, requestID: requestID))
        output["StatusCode"] = response.output["StatusCode"] ?? 200
        if let log = response.output["LogResult"] { output["LogResult"] = log }
        return Document(.object(output))
    }

    private func invoke(
        _ members: JSON.Object,
        payload: String,
        _ job: TaskJob,
        cause: (String) -> String
    ) async throws -> Invocation {
        let response: AWSResponse
        do {
            response = try await aws.send(AWSRequest("lambda:Invoke", members, body: Body(payload), caller: job.caller))
        } catch {
            throw TaskFailure(optimized: error, service: "lambda")
        }
        let limit = Execution.maximumPayload + 1
        guard let body = try? await response.body?.collect(upTo: 8 * limit) else {
            return Invocation(response: response, payload: .null)
        }
        let text = String(buffer: body)
        guard response.output["FunctionError"] == nil else { throw TaskFailure(functionAnswer: cause(text)) }
        let payload = text.isEmpty ? .null : (try? Document(parsing: text)) ?? Document(.string(text))
        return Invocation(response: response, payload: payload, length: text.utf8.count)
    }
}

extension TaskFailure {
    /// What a function that failed says of itself.
    fileprivate init(functionAnswer text: String) {
        let type = (try? JSON(parsing: text))?["errorType"]?.stringValue
        guard let type else {
            self.init(
                error: "Lambda.Unknown",
                cause: "The cause could not be determined because Lambda did not return an error type. "
                    + "Returned payload: \(text)"
            )
            return
        }
        self.init(error: type, cause: text)
    }
}
