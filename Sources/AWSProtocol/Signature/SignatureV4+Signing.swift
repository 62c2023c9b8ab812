import Crypto

extension SignatureV4 {
    /// What is signed of a payload.
    public enum Payload: Sendable {
        /// Nothing: S3 over TLS, and presigned URLs.
        case unsigned
        case bytes([UInt8])
        /// Its SHA-256 in hexadecimal, or one of S3's words such as `STREAMING-UNSIGNED-PAYLOAD-TRAILER`.
        case hash(String)

        var hash: String {
            switch self {
            case .unsigned: PayloadDecoding.unsigned
            case .bytes(let bytes): Hexadecimal.sha256(bytes)
            case .hash(let hash): hash
            }
        }
    }

    /// The request with the headers of a signature. It must have a `Host` header, which is signed with all `x-amz-`
    /// headers and the content's type and hash.
    public static func sign(
        _ head: HTTPRequestHead,
        payload: Payload,
        credential: Credential,
        region: String,
        service: String,
        at moment: Timestamp
    ) -> HTTPRequestHead {
        var head = head
        let date = moment.basicISO8601
        head.headers["X-Amz-Date"] = date
        if let token = credential.sessionToken { head.headers["X-Amz-Security-Token"] = token }
        if service == "s3" { head.headers["X-Amz-Content-SHA256"] = payload.hash }
        let scope = CredentialScope(credential, date: date, region: region, service: service)
        let names = Set(head.headers.fields.map { $0.name.lowercased() })
        let signed = names.filter { ["host", "content-type", "content-md5"].contains($0) || $0.hasPrefix("x-amz-") }
            .sorted()
        let signature = signature(of: head, signed, payload.hash, scope, date, credential)
        head.headers["Authorization"] =
            "\(SignatureClaim.algorithm) Credential=\(credential.accessKeyID)/\(scope.text), "
            + "SignedHeaders=\(signed.joined(separator: ";")), Signature=\(signature)"
        return head
    }

    /// The request with the signature in its query: a URL that anybody may use for `seconds`.
    public static func presign(
        _ head: HTTPRequestHead,
        expiresIn seconds: Int,
        payload: Payload = .unsigned,
        credential: Credential,
        region: String,
        service: String,
        at moment: Timestamp
    ) -> HTTPRequestHead {
        var head = head
        let date = moment.basicISO8601
        let scope = CredentialScope(credential, date: date, region: region, service: service)
        let signed = head.headers.fields.map { $0.name.lowercased() }.filter { $0 == "host" || $0.hasPrefix("x-amz-") }
            .sorted()
        var parameters = [
            ("X-Amz-Algorithm", SignatureClaim.algorithm),
            ("X-Amz-Credential", "\(credential.accessKeyID)/\(scope.text)"),
            ("X-Amz-Date", date),
            ("X-Amz-Expires", String(seconds)),
            ("X-Amz-SignedHeaders", signed.joined(separator: ";")),
        ]
        if let token = credential.sessionToken { parameters.append(("X-Amz-Security-Token", token)) }
        let added = parameters.map { "\($0.0)=\(PercentEncoding.encode($0.1))" }
        head.query = ([head.query].filter { !$0.isEmpty } + added).joined(separator: "&")
        let signature = signature(of: head, signed, payload.hash, scope, date, credential)
        head.query += "&X-Amz-Signature=\(signature)"
        return head
    }

    private static func signature(
        of head: HTTPRequestHead,
        _ signedHeaders: [String],
        _ payloadHash: String,
        _ scope: CredentialScope,
        _ date: String,
        _ credential: Credential
    ) -> String {
        let canonical = CanonicalRequest(
            head,
            signedHeaders: signedHeaders,
            payloadHash: payloadHash,
            service: scope.service
        )
        let text = stringToSign(date: date, scope: scope, canonicalRequest: canonical.text)
        return SigningKeys.derive(secret: credential.secretAccessKey, scope: scope).signature(of: text)
    }
}

extension CredentialScope {
    fileprivate init(_ credential: Credential, date: String, region: String, service: String) {
        self.init(
            accessKeyID: credential.accessKeyID,
            date: String(date.prefix(8)),
            region: region,
            service: service
        )
    }
}
