/// The form of a request that is signed.
///
/// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
struct CanonicalRequest {
    let text: String

    /// - Parameter signedHeaders: names in lower case, sorted.
    init(_ head: HTTPRequestHead, signedHeaders: [String], payloadHash: String, service: String) {
        var text = ""
        text.reserveCapacity(512)
        func write(line: String) {
            text += line
            text += "\n"
        }
        write(line: head.method)
        write(line: Self.path(head.path, service: service))
        write(line: Self.query(head.query))
        for name in signedHeaders {
            text += name
            text += ":"
            var isFirst = true
            for field in head.headers.fields where HTTPHeaderList.isEqual(field.name, name) {
                if !isFirst { text += "," }
                isFirst = false
                text += Self.collapsed(field.value)
            }
            text += "\n"
        }
        write(line: "")
        write(line: signedHeaders.joined(separator: ";"))
        text += payloadHash
        self.text = text
    }

    /// S3 takes a path as it means (encoded once); every other service encodes what is on the wire again, without
    /// empty segments and dots.
    private static func path(_ path: String, service: String) -> String {
        if service == "s3" { return PercentEncoding.encode(PercentEncoding.decode(path), keepingSlash: true) }
        return PercentEncoding.encode(normalized(path), keepingSlash: true)
    }

    private static func normalized(_ path: String) -> String {
        guard path.range(ofASCII: "//") != nil || path.range(ofASCII: "/.") != nil else { return path }
        var segments: [Substring] = []
        for segment in path.split(separator: "/") where segment != "." {
            if segment == ".." { _ = segments.popLast() } else { segments.append(segment) }
        }
        let joined = "/" + segments.joined(separator: "/")
        return path.hasSuffix("/") && !segments.isEmpty ? joined + "/" : joined
    }

    /// Sorted by name, then by value, each encoded; the signature itself is not a part of what is signed.
    private static func query(_ query: String) -> String {
        guard !query.isEmpty else { return "" }
        var pairs: [(name: String, value: String)] = []
        for part in query.split(separator: "&") {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = PercentEncoding.encode(PercentEncoding.decode(pair[0]))
            guard name != "X-Amz-Signature" else { continue }
            pairs.append((name, pair.count > 1 ? PercentEncoding.encode(PercentEncoding.decode(pair[1])) : ""))
        }
        pairs.sort { $0.name == $1.name ? $0.value < $1.value : $0.name < $1.name }
        return pairs.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
    }

    /// Without white space at the ends, and with single spaces within.
    private static func collapsed(_ value: String) -> String {
        guard value.utf8.contains(0x20) || value.utf8.contains(0x09) else { return value }
        return value.split(whereSeparator: { $0 == " " || $0 == "\t" }).joined(separator: " ")
    }
}
