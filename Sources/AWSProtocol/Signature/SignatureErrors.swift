import JSON

/// What is answered to a signature that is not good: each protocol's services have their own codes for it.
struct SignatureErrors: Sendable {
    let service: ServiceModel

    /// What the user can do about it.
    private static let mend = #"Run eval "$(trainyard env)", or start the yard with --open."#

    private static let mismatchMessage =
        "The request signature we calculated does not match the signature you provided. "
        + "Check your key and signing method."

    private var isS3: Bool { service.wireProtocol == .restXML }

    private var isQuery: Bool { service.wireProtocol == .query }

    /// JSON services answer 400 where the others answer 403.
    private var status: Int { [.awsJSON10, .awsJSON11, .rpcV2CBOR].contains(service.wireProtocol) ? 400 : 403 }

    /// S3's code, that of query services, or that of JSON services.
    private func error(_ s3: String, _ query: String, _ json: String, _ message: String, s3Status: Int = 403)
        -> AWSError
    {
        AWSError(isS3 ? s3 : isQuery ? query : json, "\(message) \(Self.mend)", status: isS3 ? s3Status : status)
    }

    // MARK: Form

    var missing: AWSError {
        let message =
            isS3
            ? "Access Denied. The request is not signed."
            : isQuery ? "Request is missing Authentication Token." : "Missing Authentication Token."
        var error = error("AccessDenied", "MissingAuthenticationToken", "MissingAuthenticationTokenException", message)
        if isQuery || isS3 { error.status = 403 }
        return error
    }

    var outdated: AWSError {
        let message =
            "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."
        return error("InvalidRequest", "IncompleteSignature", "IncompleteSignatureException", message, s3Status: 400)
    }

    var unsupportedAlgorithm: AWSError {
        let message = isS3 ? "Unsupported Authorization Type" : "Unsupported AWS 'algorithm'."
        return error("InvalidArgument", "IncompleteSignature", "IncompleteSignatureException", message, s3Status: 400)
    }

    func incomplete(_ missing: [String], _ header: String) -> AWSError {
        let parts = missing.map { "Authorization header requires '\($0)' parameter." }
        let message =
            isS3
            ? "The authorization header is malformed; missing \(missing.joined(separator: ", "))."
            : parts.joined(separator: " ")
        return error(
            "AuthorizationHeaderMalformed",
            "IncompleteSignature",
            "IncompleteSignatureException",
            message,
            s3Status: 400
        )
    }

    func malformedCredential(_ credential: String) -> AWSError {
        error(
            "AuthorizationHeaderMalformed",
            "IncompleteSignature",
            "IncompleteSignatureException",
            "The credential is malformed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".",
            s3Status: 400
        )
    }

    func missingDate(_ header: String) -> AWSError {
        let message =
            isS3
            ? "AWS authentication requires a valid Date or x-amz-date header."
            : "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
        return error("AccessDenied", "IncompleteSignature", "IncompleteSignatureException", message)
    }

    var incompleteQuery: AWSError {
        query(
            "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, "
                + "X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters."
        )
    }

    func query(_ message: String) -> AWSError {
        AWSError(
            isS3
                ? "AuthorizationQueryParametersError"
                : isQuery ? "IncompleteSignature" : "IncompleteSignatureException",
            message
        )
    }

    var missingPayloadHash: AWSError {
        AWSError("InvalidRequest", "Missing required header for this request: x-amz-content-sha256")
    }

    func unsigned(_ headers: [String]) -> AWSError {
        AWSError(
            "AccessDenied",
            "There were headers present in the request which were not signed",
            status: 403,
            fields: ["HeadersNotSigned": .string(headers.joined(separator: ", "))]
        )
    }

    // MARK: Key

    func unknownKey(_ accessKeyID: String) -> AWSError {
        let message =
            isS3
            ? "The AWS Access Key Id you provided does not exist in our records."
            : "The security token included in the request is invalid."
        var error = error("InvalidAccessKeyId", "InvalidClientTokenId", "UnrecognizedClientException", message)
        if isS3 { error.fields["AWSAccessKeyId"] = .string(accessKeyID) }
        return error
    }

    var invalidToken: AWSError {
        let message =
            isS3
            ? "The provided token is malformed or otherwise invalid."
            : "The security token included in the request is invalid."
        return error("InvalidToken", "InvalidClientTokenId", "UnrecognizedClientException", message, s3Status: 400)
    }

    var expiredToken: AWSError {
        let message =
            isS3 ? "The provided token has expired." : "The security token included in the request is expired"
        return error("ExpiredToken", "ExpiredToken", "ExpiredTokenException", message, s3Status: 400)
    }

    // MARK: Time

    func skewed(_ claim: SignatureClaim, _ now: Timestamp) -> AWSError {
        guard !isS3 else {
            return AWSError(
                "RequestTimeTooSkewed",
                "The difference between the request time and the current time is too large.",
                status: 403,
                fields: [
                    "RequestTime": .string(claim.date), "ServerTime": .string(now.iso8601Seconds),
                    "MaxAllowedSkewMilliseconds": 900_000,
                ]
            )
        }
        let isEarly = claim.moment > now
        let bound = now + (isEarly ? .seconds(900) : .seconds(-900))
        let message =
            (isEarly ? "Signature not yet current: " : "Signature expired: ") + claim.date
            + (isEarly ? " is still later than " : " is now earlier than ") + bound.basicISO8601
            + " (\(now.basicISO8601) \(isEarly ? "+" : "-") 15 min.)"
        return AWSError(isQuery ? "SignatureDoesNotMatch" : "InvalidSignatureException", message, status: status)
    }

    func expired(_ claim: SignatureClaim, _ now: Timestamp) -> AWSError {
        let expires = claim.moment + .seconds(claim.expires ?? 0)
        guard isS3 else { return skewed(claim, now) }
        return AWSError(
            "AccessDenied",
            "Request has expired",
            status: 403,
            fields: [
                "X-Amz-Expires": .integer(claim.expires ?? 0), "Expires": .string(expires.iso8601Seconds),
                "ServerTime": .string(now.iso8601Seconds),
            ]
        )
    }

    // MARK: Signature

    func mismatch(_ claim: SignatureClaim, stringToSign: String, canonicalRequest: String) -> AWSError {
        let message =
            isS3
            ? Self.mismatchMessage
            : "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
                + "Access Key and signing method. Consult the service documentation for details."
        var error = error("SignatureDoesNotMatch", "SignatureDoesNotMatch", "InvalidSignatureException", message)
        if isS3 {
            error.fields = [
                "AWSAccessKeyId": .string(claim.scope.accessKeyID), "StringToSign": .string(stringToSign),
                "SignatureProvided": .string(claim.signature), "CanonicalRequest": .string(canonicalRequest),
            ]
        }
        return error
    }

    static func payloadMismatch(claimed: String, computed: String) -> AWSError {
        AWSError(
            "XAmzContentSHA256Mismatch",
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
            fields: [
                "ClientComputedContentSHA256": .string(claimed), "S3ComputedContentSHA256": .string(computed),
            ]
        )
    }

    static let chunkMismatch = AWSError(
        "SignatureDoesNotMatch",
        "\(mismatchMessage) \(mend)",
        status: 403
    )

    static let incompleteBody = AWSError(
        "IncompleteBody",
        "The request body terminated unexpectedly"
    )
}
