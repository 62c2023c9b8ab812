import AWSProtocol
import JSON
import OutgoingHTTP

/// The request by which an event reaches an API destination.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html>
struct DestinationCall: Sendable {
    /// AWS waits so long for an answer.
    static let limit = Duration.seconds(5)
    static let maximumAnswer = 1 << 20

    /// Whether AWS tries again after an answer with this status.
    static func isPassing(_ status: Int) -> Bool { status >= 500 || [401, 407, 409, 429].contains(status) }

    let request: OutgoingRequest

    /// - Parameters:
    ///   - parameters: The target's `HttpParameters`.
    ///   - added: What the connection adds, as `RetrieveConnectionCredentials` answers it. It wins over the target's own.
    init(_ destination: Destination, _ parameters: JSON?, input: String, adding added: JSON) {
        let query = Self.merged(parameters?["QueryStringParameters"], added["QueryStringParameters"])
        var url = Self.url(destination.endpoint, parameters?["PathParameterValues"]?.arrayValue ?? [])
        if !query.isEmpty { url += (url.contains("?") ? "&" : "?") + AddedParameters.encoded(query) }
        var headers = Self.merged(parameters?["HeaderParameters"], added["Headers"])
        let names = Set(headers.map { $0.name.lowercased() })
        let usual = [
            (name: "Content-Type", value: "application/json; charset=utf-8"),
            (name: "User-Agent", value: "Amazon/EventBridge/ApiDestinations"),
        ]
        headers += usual.filter { !names.contains($0.name.lowercased()) }
        let hasBody = !["GET", "HEAD", "OPTIONS"].contains(destination.method)
        request = OutgoingRequest(
            destination.method,
            url,
            headers: headers,
            body: hasBody ? Self.body(input, added["BodyParameters"]) : nil
        )
    }

    private static func url(_ endpoint: String, _ values: [JSON]) -> String {
        var values = values.compactMap(\.stringValue)[...]
        return endpoint.split(separator: "*", omittingEmptySubsequences: false).enumerated()
            .reduce(into: "") { url, part in
                if part.offset > 0 { url += values.popFirst().map { PercentEncoding.encode($0) } ?? "*" }
                url += part.element
            }
    }

    private static func merged(_ own: JSON?, _ added: JSON?) -> [(name: String, value: String)] {
        let added = (added?.arrayValue ?? []).map {
            (name: $0["Key"]?.stringValue ?? "", value: $0["Value"]?.stringValue ?? "")
        }
        let names = Set(added.map { $0.name.lowercased() })
        let own = (own?.objectValue ?? [:]).map { (name: $0.key, value: $0.value.stringValue ?? "") }
        return own.filter { !names.contains($0.name.lowercased()) } + added
    }

    /// The input, with the connection's parameters where it is an object.
    private static func body(_ input: String, _ added: JSON?) -> String {
        guard let added = added?.arrayValue, !added.isEmpty, var members = (try? JSON(parsing: input))?.objectValue
        else {
            return input
        }
        for parameter in added { members[parameter["Key"]?.stringValue ?? ""] = parameter["Value"] }
        return JSON.object(members).serialized()
    }
}
