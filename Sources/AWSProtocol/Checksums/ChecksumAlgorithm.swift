/// The checksums that AWS's clients send with objects, as the model's `ChecksumAlgorithm` spells them.
public enum ChecksumAlgorithm: String, Sendable, Hashable, CaseIterable {
    case crc32 = "CRC32"
    case crc32c = "CRC32C"
    case crc64nvme = "CRC64NVME"
    case sha1 = "SHA1"
    case sha256 = "SHA256"

    /// The header, or trailer, with the value: `x-amz-checksum-crc32`.
    public var headerName: String { "x-amz-checksum-\(rawValue.lowercased())" }

    /// The member of requests and answers with the value: `ChecksumCRC32`.
    public var memberName: String { "Checksum\(rawValue)" }

    /// The length of the value in bytes, before base64.
    public var byteCount: Int {
        switch self {
        case .crc32, .crc32c: 4
        case .crc64nvme: 8
        case .sha1: 20
        case .sha256: 32
        }
    }
}
