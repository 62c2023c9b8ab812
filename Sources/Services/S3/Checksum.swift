import AWSProtocol

/// Of what the checksum of an object uploaded in parts is taken.
///
/// https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
enum ChecksumType: String, Sendable {
    /// Of the parts' checksums.
    case composite = "COMPOSITE"
    case fullObject = "FULL_OBJECT"
}

extension ChecksumAlgorithm {
    /// Nil where checksums of parts cannot be combined to that of the whole.
    var generator: CyclicGenerator? {
        switch self {
        case .crc32: CyclicGenerator(polynomial: 0xEDB8_8320, width: 32)
        case .crc32c: CyclicGenerator(polynomial: 0x82F6_3B78, width: 32)
        case .crc64nvme: CyclicGenerator(polynomial: 0x9A6C_9329_AC4B_C9B5, width: 64)
        case .sha1, .sha256: nil
        }
    }

    /// What a multipart upload that does not say gets.
    var defaultType: ChecksumType { self == .crc64nvme ? .fullObject : .composite }

    func allows(_ type: ChecksumType) -> Bool {
        switch type {
        case .composite: self != .crc64nvme
        case .fullObject: generator != nil
        }
    }
}

/// The polynomial of a reflected CRC, for arithmetic on CRCs.
struct CyclicGenerator: Sendable {
    /// The coefficients, lowest power in the highest bit.
    let polynomial: UInt64
    /// In bits.
    let width: Int

    /// The CRC of two byte strings one after the other, from theirs: the first is multiplied by x to the power of the
    /// second's length in bits.
    func combine(_ first: UInt64, _ second: UInt64, secondLength: Int) -> UInt64 {
        var shift = one
        // x^8, squared for each binary digit of the length.
        var power = one >> 8
        var length = secondLength
        while length > 0 {
            if length & 1 == 1 { shift = multiply(shift, power) }
            power = multiply(power, power)
            length >>= 1
        }
        return multiply(first, shift) ^ second
    }

    /// The polynomial 1: reflected, so the highest bit.
    private var one: UInt64 { 1 << UInt64(width - 1) }

    /// The product of two polynomials modulo the generator.
    private func multiply(_ left: UInt64, _ right: UInt64) -> UInt64 {
        var product: UInt64 = 0
        var right = right
        var bit = one
        while bit != 0 {
            if left & bit != 0 { product ^= right }
            right = right & 1 == 1 ? right >> 1 ^ polynomial : right >> 1
            bit >>= 1
        }
        return product
    }
}

extension UInt64 {
    /// The lowest `count` bytes, most significant first.
    func bigEndianBytes(_ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: self >> UInt64((count - 1 - $0) * 8)) }
    }

    init(bigEndianBytes bytes: some Sequence<UInt8>) {
        self = bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }
}
