import AWSProtocol
import JSON
import NIOCore
import OutgoingHTTP
import StatesLanguage

/// `http:invoke`: calls somebody else's API with what an EventBridge connection adds.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/call-https-apis.html>
extension TaskPerformer {
    /// AWS's limit on a call, connecting and reading included.
    private static let httpLimit = Duration.seconds(60)

    func invokeHTTP(_ job: TaskJob) async throws -> Document {
        let task = try HTTPTaskParameters(job.call.arguments.value)
        var credentials = try await credentials(task, job)
        var (request, answer) = try await exchange(task, credentials, job)
        // EventBridge fetches a new token when an API does not take the one it has.
        if answer.status == 401, credentials.isOAuth, let refused = credentials.authorization {
            credentials = try await self.credentials(task, job, refused: refused)
            if credentials.authorization != refused {
                (request, answer) = try await exchange(task, credentials, job)
            }
        }
        let shown = try task.request(adding: job.exchange?.showsSecrets == true ? credentials : nil, for: job.caller)
        job.exchange?.keep(HTTPExchange.description(of: shown, request, answer))
        return try HTTPTaskResult(answer).output()
    }

    private func credentials(
        _ task: HTTPTaskParameters,
        _ job: TaskJob,
        refused: String? = nil
    ) async throws -> ConnectionCredentials {
        let input: JSON = .compact(["ConnectionArn": .string(task.connectionARN), "Refused": refused.map(JSON.string)])
        do {
            return ConnectionCredentials(
                try await aws.call("events:RetrieveConnectionCredentials", input, as: job.caller)
            )
        } catch {
            throw TaskFailure(error: "Events.\(error.code)", cause: error.message)
        }
    }

    private func exchange(
        _ task: HTTPTaskParameters,
        _ credentials: ConnectionCredentials,
        _ job: TaskJob
    ) async throws -> (OutgoingRequest, OutgoingAnswer) {
        var request = try task.request(adding: credentials, for: job.caller)
        if request.body != nil, !request.headers.contains(where: { $0.name.lowercased() == "content-type" }) {
            request.headers.append(("Content-Type", "application/json; charset=UTF-8"))
        }
        do {
            let limit = Execution.maximumPayload
            return (request, try await environment.http.send(request, within: Self.httpLimit, upTo: limit))
        } catch .timedOut {
            throw TaskFailure(error: "States.Http.Socket", cause: "The HTTP request timed out.")
        } catch .unreachable(let reason) {
            throw TaskFailure(error: "States.Http.Socket", cause: "The HTTP request failed: \(reason)")
        } catch .tooLarge {
            throw TaskFailure(
                error: StatesError.dataLimitExceeded,
                cause: "The state/task 'http' returned a result with a size exceeding the maximum number of bytes "
                    + "service limit."
            )
        }
    }
}

/// What a connection adds to a task's request.
struct ConnectionCredentials: Sendable {
    var headers: [(name: String, value: String)]
    var query: [(name: String, value: String)]
    var body: [(name: String, value: String)]
    var isOAuth: Bool

    /// - Parameter answer: `events:RetrieveConnectionCredentials`'s.
    init(_ answer: JSON) {
        func pairs(_ member: String) -> [(name: String, value: String)] {
            (answer[member]?.arrayValue ?? []).map {
                ($0["Key"]?.stringValue ?? "", $0["Value"]?.stringValue ?? "")
            }
        }
        headers = pairs("Headers")
        query = pairs("QueryStringParameters")
        body = pairs("BodyParameters")
        isOAuth = answer["AuthorizationType"] == "OAUTH_CLIENT_CREDENTIALS"
    }

    var authorization: String? { headers.first { $0.name.lowercased() == "authorization" }?.value }
}

/// A task's output: what the API answered.
struct HTTPTaskResult {
    private let answer: OutgoingAnswer

    init(_ answer: OutgoingAnswer) { self.answer = answer }

    /// - Throws: `TaskFailure` with the status of an answer that is no success, and `States.Runtime` where the answer is no
    ///   text.
    func output() throws -> Document {
        let text = try text()
        guard (200..<300).contains(answer.status) else {
            throw TaskFailure(
                error: "States.Http.StatusCode.\(answer.status)",
                cause: text.isEmpty ? answer.reason : text
            )
        }
        var headers: JSON.Object = [:]
        for (name, value) in answer.headers {
            let name = name.lowercased()
            headers[name] = .array((headers[name]?.arrayValue ?? []) + [.string(value)])
        }
        var output: JSON.Object = ["Headers": .object(headers)]
        if !text.isEmpty { output["ResponseBody"] = body(text) }
        output["StatusCode"] = .integer(answer.status)
        output["StatusText"] = .string(answer.reason)
        return Document(.object(output))
    }

    /// `application/json`, without its parameters.
    private var contentType: String {
        let value = answer.headers.first { $0.name.lowercased() == "content-type" }?.value ?? ""
        return value.prefix { $0 != ";" }.trimming.lowercased()
    }

    private func body(_ text: String) -> JSON {
        let isJSON = contentType == "application/json" || contentType.hasSuffix("+json")
        return (isJSON ? try? JSON(parsing: text) : nil) ?? .string(text)
    }

    private func text() throws -> String {
        let type = contentType
        let isMedia = ["image/", "video/", "audio/"].contains { type.hasPrefix($0) }
        guard answer.body.readableBytes == 0 || (type != "application/octet-stream" && !isMedia) else {
            throw TaskFailure(
                error: StatesError.runtime,
                cause: "Unsupported response content-type '\(type)'. Please see documentation for list of unsupported "
                    + "content-types."
            )
        }
        guard let text = String(validating: answer.body.readableBytesView, as: UTF8.self) else {
            throw TaskFailure(error: StatesError.runtime, cause: "The HTTP response body is not a valid string.")
        }
        return text
    }
}

extension Substring {
    fileprivate var trimming: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
