import AWSProtocol
import JSON

/// An error in the form of the OCI distribution specification.
/// <https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#error-codes>
struct RegistryError: Error, Sendable {
    var code: String
    var message: String
    var status: Int
    var headers: [(name: String, value: String)] = []

    init(_ code: String, _ message: String, status: Int, headers: [(name: String, value: String)] = []) {
        self.code = code
        self.message = message
        self.status = status
        self.headers = headers
    }

    /// ECR's error in the words of a registry.
    init(_ error: AWSError) {
        let (code, status) = Self.codes[error.code] ?? ("UNKNOWN", error.status)
        self.init(code, error.message, status: status)
    }

    private static let codes: [String: (String, Int)] = [
        "RepositoryNotFoundException": ("NAME_UNKNOWN", 404),
        "ImageNotFoundException": ("MANIFEST_UNKNOWN", 404),
        "ImageTagAlreadyExistsException": ("TAG_INVALID", 400),
        "ImageDigestDoesNotMatchException": ("DIGEST_INVALID", 400),
        "UnsupportedImageTypeException": ("MANIFEST_INVALID", 415),
        "LayersNotFoundException": ("BLOB_UNKNOWN", 404),
        "ReferencedImagesNotFoundException": ("MANIFEST_BLOB_UNKNOWN", 404),
        "UploadNotFoundException": ("BLOB_UPLOAD_UNKNOWN", 404),
        "InvalidLayerException": ("DIGEST_INVALID", 400),
        "InvalidLayerPartException": ("SIZE_INVALID", 400),
        "InvalidParameterException": ("MANIFEST_INVALID", 400),
        "RequestEntityTooLargeException": ("SIZE_INVALID", 413),
        "LimitExceededException": ("TOOMANYREQUESTS", 429),
    ]

    var answer: HTTPAnswer {
        let body: JSON = ["errors": [["code": .string(code), "message": .string(message)]]]
        var answer = HTTPAnswer(
            status: status,
            headers: ["Content-Type": "application/json"],
            body: Body(body.serialized())
        )
        for (name, value) in headers { answer.headers.append(name, value) }
        return answer
    }

    static func imageNotFound(_ reference: String) -> RegistryError {
        RegistryError("MANIFEST_UNKNOWN", "Requested image not found", status: 404)
    }

    static func invalidName(_ name: String) -> RegistryError {
        RegistryError("NAME_INVALID", "The repository name '\(name)' is not one that Amazon ECR allows", status: 400)
    }

    static func invalidDigest(_ digest: String) -> RegistryError {
        RegistryError("DIGEST_INVALID", "The digest '\(digest)' is not sha256: and 64 hexadecimal digits", status: 400)
    }

    static let methodNotAllowed = RegistryError(
        "UNSUPPORTED",
        "The registry does not support this operation here.",
        status: 405
    )

    static let notFound = RegistryError("UNSUPPORTED", "The registry has nothing under this path.", status: 404)
}
