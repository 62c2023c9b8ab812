/// The addresses that a CIDR names, or a single one.
struct AddressBlock: Sendable {
    private let bytes: [UInt8]
    private let fixedBits: Int

    /// The single address; nil where the text is none.
    init?(address text: String) {
        guard Self.looksLikeAddress(text), let bytes = Self.parse(text) else { return nil }
        self.bytes = bytes
        fixedBits = bytes.count * 8
    }

    /// - Throws: what event-ruler says of a text that is no CIDR; it names no place.
    init(cidr text: String) throws(EventPatternError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[1].isEmpty else {
            throw EventPatternError(reason: "Malformed CIDR, one '/' required")
        }
        guard let bits = Int32(parts[1]) else {
            throw EventPatternError(reason: "Malformed CIDR, mask bits must be an integer")
        }
        guard bits >= 0 else { throw EventPatternError(reason: "Malformed CIDR, mask bits must not be negative") }
        let address = String(parts[0])
        guard Self.looksLikeAddress(address) else {
            throw EventPatternError(reason: "Nonstandard IP address: \(address)")
        }
        guard let bytes = Self.parse(address) else {
            throw EventPatternError(reason: "Invalid IP address: \(address)")
        }
        guard bits < bytes.count * 8 else {
            throw EventPatternError(
                reason: bytes.count == 4 ? "IPv4 mask bits must be < 32" : "IPv6 mask bits must be < 128"
            )
        }
        self.bytes = bytes
        fixedBits = Int(bits)
    }

    func contains(_ text: String) -> Bool {
        guard Self.looksLikeAddress(text), let address = Self.parse(text), address.count == bytes.count else {
            return false
        }
        return (0..<fixedBits).allSatisfy { bit in
            let mask: UInt8 = 0x80 >> UInt8(bit % 8)
            return address[bit / 8] & mask == bytes[bit / 8] & mask
        }
    }

    private static func looksLikeAddress(_ text: String) -> Bool {
        let isHexadecimal = text.utf8.allSatisfy { $0 == UInt8(ascii: ":") || Character(Unicode.Scalar($0)).isHexDigit }
        if isHexadecimal { return text.contains(":") }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy { (48...57).contains($0) } }
    }

    private static func parse(_ text: String) -> [UInt8]? {
        guard text.contains(":") else {
            let parts = text.split(separator: ".").map { UInt8($0) }
            return parts.contains(nil) ? nil : parts.compactMap { $0 }
        }
        let halves = text.split(separator: "::", maxSplits: 2, omittingEmptySubsequences: false).map(groups)
        guard !halves.contains(nil) else { return nil }
        let groups = halves.compactMap { $0 }
        switch groups.count {
        case 1: return groups[0].count == 16 ? groups[0] : nil
        case 2:
            let gap = 16 - groups[0].count - groups[1].count
            return gap >= 2 ? groups[0] + Array(repeating: 0, count: gap) + groups[1] : nil
        default: return nil
        }
    }

    /// The bytes of groups of hexadecimal digits; nil where one is none.
    private static func groups(_ text: Substring) -> [UInt8]? {
        guard !text.isEmpty else { return [] }
        var bytes: [UInt8] = []
        for group in text.split(separator: ":", omittingEmptySubsequences: false) {
            guard group.count <= 4, let value = UInt16(group, radix: 16) else { return nil }
            bytes += [UInt8(value >> 8), UInt8(value & 0xFF)]
        }
        return bytes
    }
}
