import AWSProtocol
import JSON

/// S3's errors in S3's words.
///
/// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
extension AWSError {
    static func noSuchBucket(_ bucket: String) -> AWSError {
        AWSError(
            "NoSuchBucket",
            "The specified bucket does not exist",
            status: 404,
            fields: ["BucketName": .string(bucket)]
        )
    }

    static func noSuchKey(_ key: String) -> AWSError {
        AWSError("NoSuchKey", "The specified key does not exist.", status: 404, fields: ["Key": .string(key)])
    }

    static func noSuchVersion(_ key: String, _ version: String) -> AWSError {
        AWSError(
            "NoSuchVersion",
            "The specified version does not exist.",
            status: 404,
            fields: ["Key": .string(key), "VersionId": .string(version)]
        )
    }

    static func noSuchUpload(_ upload: String) -> AWSError {
        AWSError(
            "NoSuchUpload",
            "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted "
                + "or completed.",
            status: 404,
            fields: ["UploadId": .string(upload)]
        )
    }

    static func accessDenied(_ message: String = "Access Denied") -> AWSError {
        AWSError("AccessDenied", message, status: 403)
    }

    static func invalidArgument(_ message: String, _ name: String, _ value: String?) -> AWSError {
        AWSError(
            "InvalidArgument",
            message,
            fields: .compact(["ArgumentName": .string(name), "ArgumentValue": value.map { .string($0) }])
        )
    }

    static func invalidRequest(_ message: String) -> AWSError { AWSError("InvalidRequest", message) }

    static func preconditionFailed(_ condition: String) -> AWSError {
        AWSError(
            "PreconditionFailed",
            "At least one of the pre-conditions you specified did not hold",
            status: 412,
            fields: ["Condition": .string(condition)]
        )
    }

    /// A header asks for what S3 defines but the yard does not do.
    static func headerNotImplemented(_ header: String) -> AWSError {
        AWSError(
            "NotImplemented",
            "A header you provided implies functionality that is not implemented",
            status: 501,
            fields: ["Header": .string(header)]
        )
    }

    static func methodNotAllowed(_ method: String, on resource: String) -> AWSError {
        AWSError(
            "MethodNotAllowed",
            "The specified method is not allowed against this resource.",
            status: 405,
            fields: ["Method": .string(method), "ResourceType": .string(resource)]
        )
    }

    static let malformedXML = AWSError(
        "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our published schema"
    )

    static let accessControlListsDisabled = AWSError(
        "AccessControlListNotSupported",
        "The bucket does not allow ACLs"
    )
}
