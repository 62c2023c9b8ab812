/// Which servers may be called without TLS.
public enum AllowedAddress {
    /// Whether a URL is one that AWS would call, by HTTPS, or one of this machine, which a yard may call by HTTP too.
    public static func isAllowed(_ url: String) -> Bool {
        let scheme = url.prefix { $0 != ":" }.lowercased()
        let rest = url.dropFirst(scheme.count)
        guard rest.hasPrefix("://"), let host = host(rest.dropFirst(3)) else { return false }
        return scheme == "https" || (scheme == "http" && isThisMachine(host))
    }

    private static func host(_ text: Substring) -> String? {
        let authority = text.prefix { !"/?#".contains($0) }
        guard !authority.contains("@") else { return nil }
        let host =
            authority.hasPrefix("[")
            ? authority.prefix { $0 != "]" }.dropFirst() : authority.prefix { $0 != ":" }
        return host.isEmpty ? nil : host.lowercased()
    }

    private static func isThisMachine(_ host: String) -> Bool {
        host == "localhost" || host.hasSuffix(".localhost") || host == "::1"
            || (host.hasPrefix("127.") && host.split(separator: ".").count == 4
                && host.allSatisfy { $0.isNumber || $0 == "." })
    }
}
