/// What comes before a request's body, as it stood on the wire: signatures are computed over exactly this.
public struct HTTPRequestHead: Sendable {
    public var method: String
    /// The path as sent, percent-encoded, beginning with `/`.
    public var path: String
    /// What follows the `?` as sent, without it; empty where there is none.
    public var query: String
    public var headers: HTTPHeaderList

    public init(method: String, path: String, query: String = "", headers: HTTPHeaderList = [:]) {
        self.method = method
        self.path = path.isEmpty ? "/" : path
        self.query = query
        self.headers = headers
    }

    /// A head with the request target as it stands in the request line: `/bucket/key?uploads`.
    public init(method: String, target: String, headers: HTTPHeaderList = [:]) {
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        self.init(
            method: method,
            path: parts.first.map(String.init) ?? "/",
            query: parts.count > 1 ? String(parts[1]) : "",
            headers: headers
        )
    }
}

/// An answer ready to be written to the connection.
public struct HTTPAnswer: Sendable {
    public var status: Int
    /// Without `Content-Length`, `Date` and `Connection`: the server adds these.
    public var headers: HTTPHeaderList
    public var body: Body

    public init(status: Int, headers: HTTPHeaderList = [:], body: Body = .empty) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}
