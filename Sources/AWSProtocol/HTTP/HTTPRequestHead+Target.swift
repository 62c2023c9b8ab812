extension HTTPRequestHead {
    /// The path with its escapes resolved.
    public var decodedPath: String { PercentEncoding.decode(path) }

    /// The first value of that name in the query, decoded; nil where there is none.
    public func queryValue(_ name: String) -> String? { QueryItems(parsing: query)[name] }
}
