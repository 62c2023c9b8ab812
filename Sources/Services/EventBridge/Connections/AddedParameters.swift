import AWSProtocol
import JSON

/// The headers, query and body parameters that a connection adds to requests.
struct AddedParameters {
    var headers: [(name: String, value: String)]
    var query: [(name: String, value: String)]
    var body: [(name: String, value: String)]

    /// `InvocationHttpParameters` or `OAuthHttpParameters`.
    init(_ parameters: JSON?) {
        func pairs(_ member: String) -> [(name: String, value: String)] {
            (parameters?[member]?.arrayValue ?? []).map {
                ($0["Key"]?.stringValue ?? "", $0["Value"]?.stringValue ?? "")
            }
        }
        headers = pairs("HeaderParameters")
        query = pairs("QueryStringParameters")
        body = pairs("BodyParameters")
    }

    /// `a=1&b=x%20y`.
    static func encoded(_ pairs: [(name: String, value: String)]) -> String {
        pairs.map { PercentEncoding.encode($0.name) + "=" + PercentEncoding.encode($0.value) }.joined(separator: "&")
    }
}
