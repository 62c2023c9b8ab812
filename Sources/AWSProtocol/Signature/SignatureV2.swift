import Crypto

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Signature Version 2 in a presigned URL of S3: what `aws s3 presign` of the AWS CLI 1 and boto3's
/// `generate_presigned_url` still make by default where the region is one of S3's first.
///
/// https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html#RESTAuthenticationQueryStringAuth
struct SignatureV2: Sendable {
    let accessKeyID: String
    private let signature: String
    /// Seconds since 1970.
    private let expires: Int
    private let token: String?

    /// Query parameters that name a part of a resource, or change the answer: they are signed.
    private static let signedParameters: Set<String> = [
        "accelerate", "acl", "cors", "defaultObjectAcl", "delete", "inventory", "lifecycle", "location", "logging",
        "metrics", "notification", "partNumber", "policy", "replication", "requestPayment", "restore", "select",
        "select-type", "tagging", "torrent", "uploadId", "uploads", "versionId", "versioning", "versions", "website",
        "analytics", "object-lock", "legal-hold", "retention", "response-cache-control",
        "response-content-disposition", "response-content-encoding", "response-content-language",
        "response-content-type", "response-expires",
    ]

    /// Reads the URL's parameters; nil where they are not all there.
    init?(_ query: QueryItems) {
        guard let accessKeyID = query["AWSAccessKeyId"], let signature = query["Signature"],
            let expires = query["Expires"].flatMap({ Int($0) })
        else { return nil }
        self.accessKeyID = accessKeyID
        self.signature = signature
        self.expires = expires
        token = query["x-amz-security-token"]
    }

    /// - Throws: `AccessDenied` where the URL has expired, `SignatureDoesNotMatch`, `InvalidToken`.
    func verify(_ request: RoutedRequest, with credential: Credential, now: Timestamp) throws(AWSError) {
        guard now <= Timestamp(milliseconds: 0) + .seconds(expires) else {
            throw AWSError("AccessDenied", "Request has expired", status: 403)
        }
        if let expected = credential.sessionToken, expected != token {
            throw AWSError("InvalidToken", "The provided token is malformed or otherwise invalid.", status: 400)
        }
        let key = SymmetricKey(data: Array(credential.secretAccessKey.utf8))
        let text = Array(stringToSign(of: request).utf8)
        guard let code = Data(base64Encoded: signature),
            HMAC<Insecure.SHA1>.isValidAuthenticationCode(code, authenticating: text, using: key)
        else {
            throw AWSError(
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided. Check your key and "
                    + "signing method.",
                status: 403
            )
        }
    }

    private func stringToSign(of request: RoutedRequest) -> String {
        let headers = request.head.headers
        let lines = [
            request.head.method, headers["content-md5"] ?? "", headers["content-type"] ?? "", String(expires),
        ]
        return lines.map { $0 + "\n" }.joined() + amazonHeaders(of: request) + resource(of: request)
    }

    /// The `x-amz-` headers, those that moved into the URL included.
    private func amazonHeaders(of request: RoutedRequest) -> String {
        var values: [String: [String]] = [:]
        for field in request.head.headers.fields where field.name.lowercased().hasPrefix("x-amz-") {
            values[field.name.lowercased(), default: []].append(field.value)
        }
        for item in request.query.items where item.name.lowercased().hasPrefix("x-amz-") {
            values[item.name.lowercased()] = [item.value]
        }
        return values.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value.joined(separator: ","))\n" }.joined()
    }

    private func resource(of request: RoutedRequest) -> String {
        let bucket = request.isHostStyle ? request.labels.first { $0.name == "Bucket" }?.value : nil
        let path = (bucket.map { "/\($0)" } ?? "") + request.head.path
        let parts = request.query.items.filter { Self.signedParameters.contains($0.name) }
            .sorted { $0.name < $1.name }
            .map { $0.hasValue ? "\($0.name)=\($0.value)" : $0.name }
        return parts.isEmpty ? path : path + "?" + parts.joined(separator: "&")
    }
}
