import Crypto
import NIOCore

/// Verifies AWS Signature Version 4 on requests, as AWS does: in the header or in a presigned URL, with the payload's
/// hash and the signatures of an `aws-chunked` body's chunks.
///
/// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html
public final class SignatureV4: Sendable {
    private let credentials: any CredentialSource
    private let defaultRegion: String
    private let keys = SigningKeys()

    /// How far a client's clock may be off.
    static let allowedSkew: Duration = .seconds(15 * 60)

    /// - Parameter defaultRegion: where requests without a signature are taken to go.
    public init(credentials: any CredentialSource, defaultRegion: String = "us-east-1") {
        self.credentials = credentials
        self.defaultRegion = defaultRegion
    }

    /// Who makes the request, and its body.
    ///
    /// A body that cannot be checked at once is checked while it is read: it then ends by throwing
    /// `XAmzContentSHA256Mismatch` or `SignatureDoesNotMatch`, and what has been read of it must be thrown away.
    /// - Throws: `MissingAuthenticationToken`, `InvalidAccessKeyId`, `SignatureDoesNotMatch`, `RequestTimeTooSkewed`…:
    ///   each under the code that the service's protocol has for it.
    public func verify(_ request: RoutedRequest, _ body: Body, now: Timestamp) async throws(AWSError) -> VerifiedRequest
    {
        let errors = SignatureErrors(service: request.service)
        switch SignatureClaim.kind(request.head, request.query) {
        case .none: return try await anonymous(request, body, errors)
        case .outdated:
            guard let claim = SignatureV2(request.query), request.service.signingName == "s3" else {
                throw errors.outdated
            }
            return try await verify(claim, request, body, now, errors)
        case .header(let header):
            let claim = try SignatureClaim(header: header, request.head, errors)
            try checkTime(of: claim, now, errors)
            return try await verify(claim, request, body, now, errors)
        case .presigned:
            let claim = try SignatureClaim(presigned: request.query, errors)
            guard now - claim.moment <= .seconds(claim.expires ?? 0) else { throw errors.expired(claim, now) }
            guard claim.moment - now <= Self.allowedSkew else {
                throw request.service.wireProtocol == .restXML
                    ? AWSError("AccessDenied", "Request is not yet valid", status: 403) : errors.skewed(claim, now)
            }
            return try await verify(claim, request, body, now, errors)
        }
    }

    /// S3 still takes presigned URLs of the former signature version, and old clients still make them.
    private func verify(
        _ claim: SignatureV2,
        _ request: RoutedRequest,
        _ body: Body,
        _ now: Timestamp,
        _ errors: SignatureErrors
    ) async throws(AWSError) -> VerifiedRequest {
        guard let credential = try await credential(accessKeyID: claim.accessKeyID) else {
            throw errors.unknownKey(claim.accessKeyID)
        }
        try claim.verify(request, with: credential, now: now)
        if let expiration = credential.expiration, expiration <= now { throw errors.expiredToken }
        let decoded = try PayloadDecoding(request.head).decode(body, hash: nil, signing: nil)
        var caller = Caller(account: credential.account, region: defaultRegion, principal: credential.principal)
        caller.accessKeyID = credential.accessKeyID
        return VerifiedRequest(caller: caller, credential: credential, body: decoded)
    }

    private func credential(accessKeyID: String) async throws(AWSError) -> Credential? {
        do {
            return try await credentials.credential(accessKeyID: accessKeyID)
        } catch {
            throw error as? AWSError ?? .internalFailure(error)
        }
    }

    private func checkTime(of claim: SignatureClaim, _ now: Timestamp, _ errors: SignatureErrors) throws(AWSError) {
        let difference = now - claim.moment
        guard difference <= Self.allowedSkew, difference >= .zero - Self.allowedSkew else {
            throw errors.skewed(claim, now)
        }
        guard claim.date.hasPrefix(claim.scope.date) else { throw errors.malformedCredential(claim.scope.text) }
    }

    // MARK: The key

    private func verify(
        _ claim: SignatureClaim,
        _ request: RoutedRequest,
        _ body: Body,
        _ now: Timestamp,
        _ errors: SignatureErrors
    ) async throws(AWSError) -> VerifiedRequest {
        let credential = try await credential(of: claim, now, errors)
        let payload = try await payload(of: request, claim, body, errors)
        try checkHeaders(of: request, claim, errors)
        let service = claim.scope.service
        let canonical = CanonicalRequest(
            request.head,
            signedHeaders: claim.signedHeaders,
            payloadHash: payload.hash,
            service: service == "s3express" ? "s3" : service
        )
        let stringToSign = Self.stringToSign(date: claim.date, scope: claim.scope, canonicalRequest: canonical.text)
        let key = keys.key(secret: credential.secretAccessKey, scope: claim.scope)
        guard Hexadecimal.areEqual(key.signature(of: stringToSign), claim.signature) else {
            throw errors.mismatch(claim, stringToSign: stringToSign, canonicalRequest: canonical.text)
        }
        let signing = ChunkSigning(key: key, date: claim.date, scope: claim.scope.text, signature: claim.signature)
        let decoded = try PayloadDecoding(request.head).decode(payload.body, hash: payload.hash, signing: signing)
        var caller = Caller(
            account: credential.account,
            region: claim.scope.effectiveRegion,
            principal: credential.principal
        )
        caller.accessKeyID = credential.accessKeyID
        return VerifiedRequest(caller: caller, credential: credential, body: decoded)
    }

    private func credential(
        of claim: SignatureClaim,
        _ now: Timestamp,
        _ errors: SignatureErrors
    ) async throws(AWSError) -> Credential {
        let key = claim.scope.accessKeyID
        guard let credential = try await credential(accessKeyID: key) else { throw errors.unknownKey(key) }
        // A token beside a long-term key proves nothing and harms nothing: dummy environments often set one.
        if let token = credential.sessionToken {
            guard let claimed = claim.sessionToken, Hexadecimal.areEqual(claimed, token) else {
                throw errors.invalidToken
            }
        }
        if let expiration = credential.expiration, expiration <= now { throw errors.expiredToken }
        return credential
    }

    /// S3 demands that every `x-amz-` header is signed.
    private func checkHeaders(
        of request: RoutedRequest,
        _ claim: SignatureClaim,
        _ errors: SignatureErrors
    ) throws(AWSError) {
        guard claim.signedHeaders.contains("host") else { throw errors.unsigned(["host"]) }
        guard request.service.wireProtocol == .restXML, claim.expires == nil else { return }
        let unsigned = request.head.headers.fields.map { $0.name.lowercased() }
            .filter { $0.hasPrefix("x-amz-") && !claim.signedHeaders.contains($0) }
        guard unsigned.isEmpty else { throw errors.unsigned(unsigned) }
    }

    // MARK: The payload

    /// The payload's hash as it was signed: what the header says, or what the body has.
    private func payload(
        of request: RoutedRequest,
        _ claim: SignatureClaim,
        _ body: Body,
        _ errors: SignatureErrors
    ) async throws(AWSError) -> (hash: String, body: Body) {
        let isS3 = request.service.wireProtocol == .restXML
        if let hash = request.head.headers["x-amz-content-sha256"] { return (hash, body) }
        if claim.expires != nil, isS3 {
            return (request.query["X-Amz-Content-Sha256"] ?? PayloadDecoding.unsigned, body)
        }
        guard !isS3 else { throw errors.missingPayloadHash }
        let buffer = try await body.collected()
        return (buffer.withUnsafeReadableBytes { Hexadecimal.string(SHA256.hash(data: $0)) }, Body(buffer))
    }

    // MARK: Without a signature

    /// S3 decides itself whom it serves without a signature, and STS gives roles to holders of identity tokens.
    private func anonymous(
        _ request: RoutedRequest,
        _ body: Body,
        _ errors: SignatureErrors
    ) async throws(AWSError) -> VerifiedRequest {
        var body = body
        switch request.service.signingName {
        case "s3": body = try PayloadDecoding(request.head).decode(body, hash: nil, signing: nil)
        case "sts":
            body = Body(try await body.collected())
            let form = QueryItems(parsing: String(buffer: try await body.collected()))
            guard form["Action"] ?? request.query["Action"] == "AssumeRoleWithWebIdentity" else { throw errors.missing }
        default: throw errors.missing
        }
        return VerifiedRequest(caller: .anonymous(region: defaultRegion), credential: nil, body: body)
    }

    /// Believes every signature: who the client claims to be, and the body out of its `aws-chunked` frame.
    ///
    /// An unknown key of twelve digits is its account; a request without a signature is the default account's.
    public func decode(
        _ request: RoutedRequest,
        _ body: Body,
        defaultAccount: String = "000000000000"
    ) async throws(AWSError) -> VerifiedRequest {
        let decoded = try PayloadDecoding(request.head).decode(body, hash: nil, signing: nil)
        guard let scope = CredentialScope(of: request.head, request.query) else {
            let caller = Caller(account: defaultAccount, region: defaultRegion)
            return VerifiedRequest(caller: caller, credential: nil, body: decoded)
        }
        let key = scope.accessKeyID
        let credential = try await credential(accessKeyID: key)
        let isAccount = key.utf8.count == 12 && key.utf8.allSatisfy { (0x30...0x39).contains($0) }
        let account = credential?.account ?? (isAccount ? key : defaultAccount)
        let caller = Caller(
            account: account,
            region: scope.effectiveRegion,
            principal: credential?.principal,
            accessKeyID: key
        )
        return VerifiedRequest(caller: caller, credential: credential, body: decoded)
    }

    static func stringToSign(date: String, scope: CredentialScope, canonicalRequest: String) -> String {
        "\(SignatureClaim.algorithm)\n\(date)\n\(scope.text)\n\(Hexadecimal.sha256(canonicalRequest.utf8))"
    }
}

/// A request of which is known who makes it.
public struct VerifiedRequest: Sendable {
    public var caller: Caller
    /// The key that signed; nil for anonymous requests, and for keys that nobody checked.
    public var credential: Credential?
    /// The payload itself, without any frame. `trailers` is set where the client announced any.
    public var body: Body
}
