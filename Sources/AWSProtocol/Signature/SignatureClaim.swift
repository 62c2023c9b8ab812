/// What a request says about its own signature.
struct SignatureClaim: Sendable {
    var scope: CredentialScope
    /// Names in lower case, sorted.
    var signedHeaders: [String]
    var signature: String
    /// `20230501T123456Z`.
    var date: String
    var moment: Timestamp
    var sessionToken: String?
    /// Seconds for which a presigned URL is good; nil where the signature is in the header.
    var expires: Int?

    static let algorithm = "AWS4-HMAC-SHA256"

    /// How a request says who it is.
    enum Kind {
        case header(String)
        case presigned
        /// Signature Version 2, which AWS has retired but for S3's presigned URLs.
        case outdated
        case none
    }

    static func kind(_ head: HTTPRequestHead, _ query: QueryItems) -> Kind {
        if let header = head.headers["authorization"] {
            return header.hasPrefix("AWS ") ? .outdated : .header(header)
        }
        if query.contains("X-Amz-Algorithm") || query.contains("X-Amz-Signature") { return .presigned }
        return query.contains("AWSAccessKeyId") && query.contains("Signature") ? .outdated : .none
    }

    /// What stands in an `Authorization` header behind the algorithm.
    private struct Parameters {
        var credential: Substring?
        var signedHeaders: Substring?
        var signature: Substring?

        init(_ text: Substring) {
            for part in text.utf8.split(whereSeparator: { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: " ") }) {
                if let value = Self.value(part, of: "Credential=") {
                    credential = value
                } else if let value = Self.value(part, of: "SignedHeaders=") {
                    signedHeaders = value
                } else if let value = Self.value(part, of: "Signature=") {
                    signature = value
                }
            }
        }

        private static func value(_ part: Substring.UTF8View.SubSequence, of name: StaticString) -> Substring? {
            let count = name.utf8CodeUnitCount
            let bytes = UnsafeBufferPointer(start: name.utf8Start, count: count)
            guard part.count > count, part.starts(with: bytes) else { return nil }
            return Substring(part.dropFirst(count))
        }

        var missing: [String] {
            [("Credential", credential), ("Signature", signature), ("SignedHeaders", signedHeaders)]
                .filter { $0.1 == nil }.map(\.0)
        }
    }

    /// Reads an `Authorization` header.
    init(header: String, _ head: HTTPRequestHead, _ errors: SignatureErrors) throws(AWSError) {
        guard header.hasPrefix(Self.algorithm) else { throw errors.unsupportedAlgorithm }
        let parameters = Parameters(header.dropFirst(Self.algorithm.count))
        guard let credential = parameters.credential, let signedHeaders = parameters.signedHeaders,
            let signature = parameters.signature
        else { throw errors.incomplete(parameters.missing, header) }
        guard let scope = CredentialScope(parsing: credential) else {
            throw errors.malformedCredential(String(credential))
        }
        guard let date = head.headers["x-amz-date"] ?? head.headers["date"], let moment = Timestamp(parsing: date)
        else {
            throw errors.missingDate(header)
        }
        self.scope = scope
        self.signedHeaders = Self.names(signedHeaders)
        self.signature = String(signature)
        self.date = Self.isBasic(date) ? date : moment.basicISO8601
        self.moment = moment
        sessionToken = head.headers["x-amz-security-token"]
    }

    /// Reads a presigned URL.
    init(presigned query: QueryItems, _ errors: SignatureErrors) throws(AWSError) {
        guard query["X-Amz-Algorithm"] == Self.algorithm, let credential = query["X-Amz-Credential"],
            let date = query["X-Amz-Date"], let moment = Timestamp(parsing: date),
            let signedHeaders = query["X-Amz-SignedHeaders"], let signature = query["X-Amz-Signature"],
            let expires = query["X-Amz-Expires"]
        else { throw errors.incompleteQuery }
        guard let scope = CredentialScope(parsing: credential) else { throw errors.malformedCredential(credential) }
        guard let seconds = Int(expires) else { throw errors.query("X-Amz-Expires should be a number") }
        guard seconds >= 0 else { throw errors.query("X-Amz-Expires must be non-negative") }
        guard seconds <= 604_800 else {
            throw errors.query(
                "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less "
                    + "than 604800 seconds"
            )
        }
        self.scope = scope
        self.signedHeaders = Self.names(signedHeaders[...])
        self.signature = signature
        self.date = date
        self.moment = moment
        self.expires = seconds
        sessionToken = query["X-Amz-Security-Token"]
    }

    /// Whether a moment is written as `20230501T123456Z` already.
    private static func isBasic(_ date: String) -> Bool {
        date.utf8.count == 16 && date.utf8.dropFirst(8).first == UInt8(ascii: "T") && date.hasSuffix("Z")
    }

    private static func names(_ list: Substring) -> [String] {
        let list = list.utf8.contains { (0x41...0x5A).contains($0) } ? list.lowercased()[...] : list
        let names = list.utf8.split(separator: UInt8(ascii: ";")).map { String(Substring($0)) }
        return zip(names, names.dropFirst()).allSatisfy { $0 < $1 } ? names : names.sorted()
    }
}
