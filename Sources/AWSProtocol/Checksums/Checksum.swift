import Crypto
public import NIOCore

/// A checksum of bytes that arrive in pieces.
public struct Checksum: Sendable {
    private enum State: Sendable {
        case crc32(CRC32)
        case crc64(CRC64NVME)
        case sha1(Insecure.SHA1)
        case sha256(SHA256)
    }

    public let algorithm: ChecksumAlgorithm
    private var state: State

    public init(_ algorithm: ChecksumAlgorithm) {
        self.algorithm = algorithm
        state =
            switch algorithm {
            case .crc32: .crc32(CRC32(.ieee))
            case .crc32c: .crc32(CRC32(.castagnoli))
            case .crc64nvme: .crc64(CRC64NVME())
            case .sha1: .sha1(Insecure.SHA1())
            case .sha256: .sha256(SHA256())
            }
    }

    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        switch state {
        case .crc32(var checksum):
            checksum.update(bytes)
            state = .crc32(checksum)
        case .crc64(var checksum):
            checksum.update(bytes)
            state = .crc64(checksum)
        case .sha1(var hash):
            hash.update(bufferPointer: bytes)
            state = .sha1(hash)
        case .sha256(var hash):
            hash.update(bufferPointer: bytes)
            state = .sha256(hash)
        }
    }

    /// Takes in a buffer's readable bytes.
    public mutating func update(_ buffer: ByteBuffer) { buffer.withUnsafeReadableBytes { update($0) } }

    public mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

    /// The value of what has been taken in so far, big-endian.
    public var bytes: [UInt8] {
        switch state {
        case .crc32(let checksum): Self.bigEndian(checksum.value)
        case .crc64(let checksum): Self.bigEndian(checksum.value)
        case .sha1(let hash): Array(hash.finalize())
        case .sha256(let hash): Array(hash.finalize())
        }
    }

    /// The value as S3 writes it.
    public var base64: String { Base64.encode(bytes) }

    private static func bigEndian<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
        withUnsafeBytes(of: value.bigEndian) { Array($0) }
    }
}
