import AWSProtocol
import JSON
import OutgoingHTTP
import StatesLanguage

/// The arguments of an `http:invoke` task.
struct HTTPTaskParameters {
    let connectionARN: String
    private let endpoint: String
    private let method: String
    private let headers: [(name: String, value: String)]
    private let query: [(name: String, value: String)]
    private let body: JSON?
    /// Nil where the body goes out as JSON.
    private let arrayFormat: RequestForm.ArrayFormat?

    private static let methods: Set<String> = ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"]

    private static let forbiddenHeaders: Set<String> = [
        "a-im", "accept-charset", "accept-datetime", "accept-encoding", "authorization", "cache-control", "connection",
        "content-encoding", "content-md5", "date", "expect", "forwarded", "from", "host", "http2-settings", "if-match",
        "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "max-forwards", "origin", "pragma",
        "proxy-authorization", "referer", "server", "te", "trailer", "transfer-encoding", "upgrade", "via", "warning",
    ]

    /// - Throws: `TaskFailure` `States.Runtime` with what is wrong.
    init(_ arguments: JSON) throws(TaskFailure) {
        guard let endpoint = arguments["ApiEndpoint"]?.stringValue, AllowedAddress.isAllowed(endpoint) else {
            throw Self.refused(
                "The field 'ApiEndpoint' must be an HTTPS URL (or, on the yard, an HTTP URL of this machine), found: "
                    + "\(arguments["ApiEndpoint"]?.serialized() ?? "nothing")"
            )
        }
        self.endpoint = endpoint
        guard let method = arguments["Method"]?.stringValue, Self.methods.contains(method) else {
            throw Self.refused(
                "The field 'Method' must be one of GET, POST, PUT, DELETE, PATCH, OPTIONS, HEAD, found: "
                    + "\(arguments["Method"]?.serialized() ?? "nothing")"
            )
        }
        self.method = method
        let connection =
            arguments["InvocationConfig"]?["ConnectionArn"] ?? arguments["Authentication"]?["ConnectionArn"]
        guard let arn = connection?.stringValue else {
            throw Self.refused(
                "The field 'InvocationConfig.ConnectionArn' or 'Authentication.ConnectionArn' is required."
            )
        }
        connectionARN = arn
        headers = try Self.headers(arguments["Headers"])
        query = try RequestForm.pairs(arguments["QueryParameters"], .repeat, field: "QueryParameters")
        body = arguments["RequestBody"].flatMap { $0.isNull ? nil : $0 }
        arrayFormat = try Self.arrayFormat(arguments["Transform"])
    }

    static func refused(_ cause: String) -> TaskFailure { TaskFailure(error: StatesError.runtime, cause: cause) }

    private static func headers(_ given: JSON?) throws(TaskFailure) -> [(name: String, value: String)] {
        guard let given, !given.isNull else { return [] }
        guard let members = given.objectValue else { throw refused("The field 'Headers' must be an object.") }
        var headers: [(name: String, value: String)] = []
        for (name, value) in members {
            let key = name.lowercased()
            let isReserved = ["x-forwarded-", "x-amz-", "x-amzn-"].contains { key.hasPrefix($0) }
            guard !forbiddenHeaders.contains(key), !isReserved else {
                throw refused("The header '\(name)' is not supported in the field 'Headers'.")
            }
            // The task's own.
            if key == "user-agent" || key == "range" { continue }
            for element in value.arrayValue ?? [value] {
                let text = RequestForm.text(element)
                guard isToken(name), !text.contains(where: { $0.isNewline || $0 == "\0" }) else {
                    throw refused("The header '\(name)' has characters that a header cannot have.")
                }
                headers.append((name, text))
            }
        }
        return headers
    }

    private static func isToken(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"()<>@,;:\\\"/[]?={}".utf8.contains($0) }
    }

    private static func arrayFormat(_ transform: JSON?) throws(TaskFailure) -> RequestForm.ArrayFormat? {
        let encoding = transform?["RequestBodyEncoding"]?.stringValue ?? "NONE"
        let format = transform?["RequestEncodingOptions"]?["ArrayFormat"]?.stringValue ?? "INDICES"
        guard ["NONE", "URL_ENCODED"].contains(encoding) else {
            throw refused("The field 'RequestBodyEncoding' must be NONE or URL_ENCODED, found: \(encoding)")
        }
        guard let arrayFormat = RequestForm.ArrayFormat(rawValue: format) else {
            throw refused(
                "The field 'ArrayFormat' must be one of INDICES, REPEAT, COMMAS, BRACKETS, found: \(format)"
            )
        }
        return encoding == "NONE" ? nil : arrayFormat
    }

    // MARK: The request

    /// The request with what the connection adds: where both have a key, the connection's value stands.
    /// - Throws: `States.Runtime` where the connection has a body to add to a text.
    func request(
        adding credentials: ConnectionCredentials?,
        for caller: Caller
    ) throws(TaskFailure) -> OutgoingRequest {
        let added = credentials?.headers ?? []
        let names = Set(added.map { $0.name.lowercased() })
        var all = headers.filter { !names.contains($0.name.lowercased()) } + added
        all.append(("User-Agent", "Amazon|StepFunctions|HttpInvoke|\(caller.region)"))
        all.append(("Range", "bytes=0-262144"))
        return OutgoingRequest(
            method,
            address(adding: credentials?.query ?? []),
            headers: all,
            body: try text(of: merged(credentials?.body ?? []))
        )
    }

    private func address(adding added: [(name: String, value: String)]) -> String {
        let names = Set(added.map(\.name))
        let all = query.filter { !names.contains($0.name) } + added
        guard !all.isEmpty else { return endpoint }
        let parts = endpoint.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        return "\(parts[0])\(parts[0].contains("?") ? "&" : "?")\(RequestForm.encoded(all))"
    }

    private func merged(_ added: [(name: String, value: String)]) throws(TaskFailure) -> JSON? {
        guard !added.isEmpty else { return body }
        guard var members = body == nil ? [:] : body?.objectValue else {
            throw Self.refused(
                "The connection's body parameters cannot be merged with a request body that is no object."
            )
        }
        for (name, value) in added { members[name] = .string(value) }
        return .object(members)
    }

    private func text(of body: JSON?) throws(TaskFailure) -> String? {
        guard let body else { return nil }
        if let text = body.stringValue { return text }
        guard let arrayFormat else { return body.serialized() }
        return RequestForm.encoded(try RequestForm.pairs(body, arrayFormat, field: "RequestBody"))
    }
}

/// JSON as the pairs of a form or of a query.
enum RequestForm {
    enum ArrayFormat: String {
        case indices = "INDICES"
        case `repeat` = "REPEAT"
        case commas = "COMMAS"
        case brackets = "BRACKETS"
    }

    /// - Throws: `States.Runtime` for what has no keys.
    static func pairs(
        _ value: JSON?,
        _ format: ArrayFormat,
        field: String
    ) throws(TaskFailure) -> [(name: String, value: String)] {
        guard let value, !value.isNull else { return [] }
        if let text = value.stringValue {
            return text.split(separator: "&").map {
                let pair = $0.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                return (String(pair[0]), pair.count > 1 ? String(pair[1]) : "")
            }
        }
        guard let members = value.objectValue else {
            throw HTTPTaskParameters.refused("The field '\(field)' must be an object.")
        }
        return members.flatMap { pairs($0.value, format, named: $0.key) }
    }

    private static func pairs(
        _ value: JSON,
        _ format: ArrayFormat,
        named name: String
    ) -> [(name: String, value: String)] {
        switch value {
        case .null: return []
        case .object(let members): return members.flatMap { pairs($0.value, format, named: "\(name)[\($0.key)]") }
        case .array(let elements) where format == .commas: return [(name, elements.map(text).joined(separator: ","))]
        case .array(let elements):
            return elements.enumerated().flatMap { index, element in
                let suffix =
                    switch format {
                    case .indices: "[\(index)]"
                    case .brackets: "[]"
                    case .repeat, .commas: ""
                    }
                return pairs(element, format, named: name + suffix)
            }
        default: return [(name, text(value))]
        }
    }

    static func text(_ value: JSON) -> String { value.isNull ? "" : value.stringValue ?? value.serialized() }

    static func encoded(_ pairs: [(name: String, value: String)]) -> String {
        pairs.map { PercentEncoding.encode($0.name) + "=" + PercentEncoding.encode($0.value) }.joined(separator: "&")
    }
}
