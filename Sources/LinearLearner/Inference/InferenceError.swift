/// Why a request to a model cannot be answered: always the client's mistake.
public struct InferenceError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Of the HTTP answer: 400 of a body that cannot be used, 415 of a content type, 406 of an `Accept`.
    public var statusCode: Int
    /// The body of the answer, which `InvokeEndpoint` hands on as `OriginalMessage`.
    public var message: String

    public var description: String { message }

    /// The line that the container logs.
    public var logLine: String { "Customer Error: \(message)" }

    static func unreadable(_ reason: String) -> InferenceError {
        InferenceError(statusCode: 400, message: "unable to evaluate payload provided: \(reason)")
    }

    static func wrongWidth(_ found: Int, _ expected: Int, _ place: String) -> InferenceError {
        let hint =
            found == expected + 1
            ? " (one more than the model takes: a request has no label)" : ""
        return unreadable(
            "The feature dimension of the input: \(found) does not match the feature dimension of the model: "
                + "\(expected). Please fix the input and try again. It is \(place)\(hint)"
        )
    }
}

/// The formats of requests and answers.
enum InferenceFormat: String, CaseIterable {
    case csv = "text/csv"
    case json = "application/json"
    case jsonLines = "application/jsonlines"
    case recordIO = "application/x-recordio-protobuf"

    init(contentType: String?) throws(InferenceError) {
        guard let contentType, !contentType.isEmpty else {
            self = .csv
            return
        }
        guard let format = InferenceFormat(mediaType: contentType) else {
            throw InferenceError(
                statusCode: 415,
                message: "Content-type \(contentType) not supported. Supported content-types are \(Self.list)"
            )
        }
        self = format
    }

    init(accept: String?) throws(InferenceError) {
        guard let accept, !accept.isEmpty else {
            self = .json
            return
        }
        for choice in accept.split(separator: ",") {
            if let format = InferenceFormat(mediaType: String(choice)) {
                self = format
                return
            }
            if ["*/*", "application/*"].contains(Self.bare(String(choice))) {
                self = .json
                return
            }
        }
        throw InferenceError(
            statusCode: 406,
            message: "Accept type \(accept) not supported. Supported accept types are \(Self.list)"
        )
    }

    private init?(mediaType: String) {
        let bare = Self.bare(mediaType)
        self.init(rawValue: bare == "application/x-jsonlines" ? Self.jsonLines.rawValue : bare)
    }

    /// Without parameters and spaces, in small letters.
    private static func bare(_ mediaType: String) -> String {
        mediaType.prefix { $0 != ";" }.filter { $0 != " " }.lowercased()
    }

    private static var list: String { allCases.map(\.rawValue).joined(separator: ", ") }
}
