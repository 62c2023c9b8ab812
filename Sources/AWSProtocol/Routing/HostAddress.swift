/// What a host name says: `bucket.s3.localhost` names a bucket, `states.us-east-1.amazonaws.com` a service.
struct HostAddress: Sendable, Equatable {
    var service: String?
    var bucket: String?
    var region: String?

    /// Says nothing.
    init() {}

    /// Reads a `Host` header; the port does not matter.
    init(_ header: String, suffixes: [String]) {
        let host = header.lowercased().prefix { $0 != ":" }
        guard !header.hasPrefix("["), let rest = Self.labels(of: host, under: suffixes), !rest.isEmpty else { return }
        if let place = rest.lastIndex(where: { $0 == "s3" || $0.hasPrefix("s3-") }), rest.count - place <= 3 {
            service = "s3"
            region = rest[(place + 1)...].last.map(String.init)
            if place > 0 { bucket = rest[..<place].joined(separator: ".") }
            return
        }
        for count in [2, 1] where rest.count >= count {
            guard let model = ServiceModels.model(endpointPrefix: rest.prefix(count).joined(separator: ".")) else {
                continue
            }
            service = model.signingName
            if rest.count > count { region = String(rest[count]) }
            return
        }
        bucket = rest.joined(separator: ".")
    }

    /// The labels before the longest suffix that fits; nil where none does.
    private static func labels(of host: Substring, under suffixes: [String]) -> [Substring]? {
        var best: Substring?
        for suffix in suffixes where host.hasSuffix("." + suffix) {
            let rest = host.dropLast(suffix.utf8.count + 1)
            if best.map({ rest.utf8.count < $0.utf8.count }) ?? true { best = rest }
        }
        return best?.split(separator: ".")
    }
}
