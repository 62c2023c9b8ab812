import AWSProtocol
import JSON

/// What a request says of the bytes that it carries.
struct IntegrityClaims: Sendable {
    /// `Content-MD5`, decoded.
    var md5: [UInt8]?
    /// The checksum that the client asks for or gives; nil where it leaves the choice to S3.
    var algorithm: ChecksumAlgorithm?
    /// The checksum's value where a header gives it, in base64.
    var value: String?

    /// - Throws: `InvalidDigest`, `InvalidRequest` where the claims are no digests or more than one checksum.
    init(_ request: AWSRequest) throws(AWSError) {
        if let text = request.string("ContentMD5") {
            guard let bytes = Base64.decode(text), bytes.count == 16 else {
                throw AWSError(
                    "InvalidDigest",
                    "The Content-MD5 you specified was invalid.",
                    fields: ["Content-MD5": .string(text)]
                )
            }
            md5 = bytes
        }
        for unserved in ["SHA512", "MD5", "XXHASH64", "XXHASH3", "XXHASH128"]
        where request.string("Checksum\(unserved)") != nil || request.string("ChecksumAlgorithm") == unserved {
            throw .headerNotImplemented("x-amz-checksum-\(unserved.lowercased())")
        }
        let given = ChecksumAlgorithm.allCases.filter { request.string($0.memberName) != nil }
        guard given.count <= 1 else {
            throw .invalidRequest(
                "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."
            )
        }
        algorithm = given.first ?? request.string("ChecksumAlgorithm").flatMap(ChecksumAlgorithm.init)
        guard let algorithm = given.first, let text = request.string(algorithm.memberName) else { return }
        guard Base64.decode(text)?.count == algorithm.byteCount else {
            throw .invalidRequest("Value for \(algorithm.headerName) header is invalid.")
        }
        value = text
    }

    /// Takes up a checksum that came after the body.
    /// - Throws: `InvalidRequest` where it is no checksum.
    mutating func take(_ trailers: BodyTrailers?) throws(AWSError) {
        guard let trailers, let algorithm, value == nil, let text = trailers[algorithm.headerName] else { return }
        guard Base64.decode(text)?.count == algorithm.byteCount else {
            throw .invalidRequest("Value for \(algorithm.headerName) trailing header is invalid.")
        }
        value = text
    }

    /// - Throws: `BadDigest` where the bytes received are others than those claimed.
    func verify(md5 actualMD5: [UInt8], checksum: String, _ algorithm: ChecksumAlgorithm) throws(AWSError) {
        if let md5, md5 != actualMD5 {
            throw AWSError(
                "BadDigest",
                "The Content-MD5 you specified did not match what we received.",
                fields: [
                    "ExpectedDigest": .string(Base64.encode(md5)),
                    "CalculatedDigest": .string(Base64.encode(actualMD5)),
                ]
            )
        }
        if let value, value != checksum {
            throw AWSError(
                "BadDigest",
                "The \(algorithm.rawValue) you specified did not match the calculated checksum."
            )
        }
    }
}
