/// What a signature says of itself: whose key, on which day, for which region and service.
struct CredentialScope: Sendable, Equatable {
    var accessKeyID: String
    /// `20230501`.
    var date: String
    var region: String
    var service: String

    /// The region that is meant: S3's oldest clients still sign for `US`, as its first region was called.
    var effectiveRegion: String { region == "US" ? "us-east-1" : region }

    /// `20230501/eu-west-1/s3/aws4_request`.
    var text: String { "\(date)/\(region)/\(service)/aws4_request" }

    init(accessKeyID: String, date: String, region: String, service: String) {
        self.accessKeyID = accessKeyID
        self.date = date
        self.region = region
        self.service = service
    }

    /// Parses `AKID/20230501/eu-west-1/s3/aws4_request`; the key itself may contain slashes.
    init?(parsing text: some StringProtocol) {
        let parts = Substring(text).utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            .map(Substring.init)
        guard parts.count >= 5, parts[parts.count - 1] == "aws4_request" else { return nil }
        let tail = parts.count - 4
        self.init(
            accessKeyID: parts[..<tail].joined(separator: "/"),
            date: String(parts[tail]),
            region: String(parts[tail + 1]),
            service: String(parts[tail + 2])
        )
    }

    /// The scope of a request's `Authorization` header, or of its `X-Amz-Credential` in the query; nil where neither
    /// is there or it is not of that form.
    init?(of head: HTTPRequestHead, _ query: QueryItems) {
        if let header = head.headers["authorization"] {
            guard let start = header.range(ofASCII: "Credential=") else { return nil }
            self.init(parsing: header[start.upperBound...].prefix { $0 != "," && $0 != " " })
        } else if let credential = query["X-Amz-Credential"] {
            self.init(parsing: credential)
        } else {
            return nil
        }
    }
}

extension String {
    /// Where `text` first stands, compared byte by byte.
    func range(ofASCII text: String) -> Range<Index>? {
        let wanted = Array(text.utf8)
        guard let first = wanted.first else { return nil }
        var start = utf8.startIndex
        while let found = utf8[start...].firstIndex(of: first) {
            if utf8[found...].starts(with: wanted),
                let end = utf8.index(found, offsetBy: wanted.count, limitedBy: utf8.endIndex)
            {
                return found..<end
            }
            start = utf8.index(after: found)
        }
        return nil
    }
}
