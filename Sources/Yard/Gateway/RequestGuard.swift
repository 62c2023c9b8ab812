import AWSProtocol

/// Keeps web pages from driving the yard: a browser on this machine reaches it, and so does every page open in it.
///
/// A page can make the browser send requests here, under this machine's name (then the browser says which page it was)
/// or under a name of the page's own that resolves to this machine (DNS rebinding; then the host is not ours).
struct RequestGuard: Sendable {
    /// Names, and suffixes after a dot, that are ours.
    static let hostNames = [
        "localhost", "localhost.localstack.cloud", "localhost.trainyard", "amazonaws.com", "host.docker.internal",
        "host.containers.internal",
    ]

    private let hostNames: [String]

    init(_ configuration: YardConfiguration) {
        hostNames = Self.hostNames + (configuration.hostNames + [configuration.host]).map { $0.lowercased() }
    }

    /// - Throws: `AccessDenied` (403) where the request may come from a web page that is not ours.
    func admit(_ head: HTTPRequestHead) throws(AWSError) {
        if let host = head.headers["host"], !isOurs(host) {
            throw AWSError(
                "AccessDenied",
                "The host \(host) is not one of this yard's names. Use 127.0.0.1 or localhost, or start it with "
                    + "--host-name \(Self.name(of: host)).",
                status: 403
            )
        }
        guard changesState(head) else { return }
        if let origin = head.headers["origin"], !isOurs(origin: origin) {
            throw AWSError("AccessDenied", "Requests of web pages at \(origin) are not accepted.", status: 403)
        }
        if head.headers["sec-fetch-site"] == "cross-site" {
            throw AWSError("AccessDenied", "Requests of other sites' web pages are not accepted.", status: 403)
        }
    }

    private func changesState(_ head: HTTPRequestHead) -> Bool {
        switch head.method {
        case "GET", "HEAD": head.query.contains("Action=")
        case "OPTIONS": false
        default: true
        }
    }

    private func isOurs(origin: String) -> Bool {
        guard let scheme = origin.firstRange(of: "://") else { return false }
        return isOurs(String(origin[scheme.upperBound...]))
    }

    private func isOurs(_ host: String) -> Bool {
        if Self.isIPv4(host) { return true }
        let name = Self.name(of: host).lowercased()
        if name.isEmpty || name.hasPrefix("[") { return true }
        return hostNames.contains { name == $0 || name.hasSuffix(".\($0)") }
    }

    /// The name without the port.
    private static func name(of host: String) -> String {
        if host.hasPrefix("["), let end = host.firstIndex(of: "]") { return String(host[...end]) }
        return String(host.prefix { $0 != ":" })
    }

    /// Whether it is an IP address, with or without a port: nobody can make one resolve to something else.
    private static func isIPv4(_ host: String) -> Bool {
        let parts = host.utf8.prefix { $0 != UInt8(ascii: ":") }
            .split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { UInt8(Substring($0)) != nil }
    }
}
