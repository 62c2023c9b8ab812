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

    /// Reads an `Authorization` header.
    init(header: String, _ head: HTTPRequestHead, _ errors: SignatureErrors) throws(AWSError) {
        guard header.hasPrefix(Self.algorithm) else { throw errors.unsupportedAlgorithm }
        var parameters: [Substring: Substring] = [:]
        let parts = header.utf8.dropFirst(Self.algorithm.utf8.count)
            .split { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: " ") }
        for part in parts {
            let pair = part.split(separator: UInt8(ascii: "="), maxSplits: 1)
            if pair.count == 2 { parameters[Substring(pair[0])] = Substring(pair[1]) }
        }
        guard let credential = parameters["Credential"], let signedHeaders = parameters["SignedHeaders"],
            let signature = parameters["Signature"]
        else {
            let missing = ["Credential", "Signature", "SignedHeaders"].filter { parameters[$0[...]] == nil }
            throw errors.incomplete(missing, header)
        }
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
        self.date = moment.basicISO8601
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

    private static func names(_ list: Substring) -> [String] {
        let names = list.utf8.split(separator: UInt8(ascii: ";")).map { Substring($0).lowercased() }
        return names.sorted()
    }
}
