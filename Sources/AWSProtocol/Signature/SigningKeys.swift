import Crypto
import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A derived key, and the beginning that is common to everything that is signed with it.
struct SigningKey: Sendable {
    private let begun: HMAC<SHA256>

    init(_ key: SymmetricKey) { begun = HMAC<SHA256>(key: key) }

    /// The signature in hexadecimal.
    func signature(of text: String) -> String {
        var code = begun
        var text = text
        text.withUTF8 { code.update(data: UnsafeRawBufferPointer($0)) }
        return Hexadecimal.string(code.finalize())
    }
}

/// Signature V4's derived keys, remembered: four HMACs saved for each request of a key, day, region and service.
final class SigningKeys: Sendable {
    private struct Name: Hashable {
        var secret: String
        var date: String
        var region: String
        var service: String
    }

    private static let limit = 256
    private let keys = Mutex<[Name: SigningKey]>([:])

    func key(secret: String, scope: CredentialScope) -> SigningKey {
        let name = Name(secret: secret, date: scope.date, region: scope.region, service: scope.service)
        if let key = keys.withLock({ $0[name] }) { return key }
        let key = Self.derive(secret: secret, scope: scope)
        keys.withLock { keys in
            // Days pass: forgetting everything now and then costs less than remembering what is oldest.
            if keys.count >= Self.limit { keys.removeAll(keepingCapacity: true) }
            keys[name] = key
        }
        return key
    }

    static func derive(secret: String, scope: CredentialScope) -> SigningKey {
        var key = SymmetricKey(data: Array("AWS4\(secret)".utf8))
        for part in [scope.date, scope.region, scope.service, "aws4_request"] {
            key = SymmetricKey(data: HMAC<SHA256>.authenticationCode(for: Array(part.utf8), using: key))
        }
        return SigningKey(key)
    }
}

/// Hashes in the lower-case hexadecimal in which Signature V4 writes them.
enum Hexadecimal {
    static func string(_ bytes: some ContiguousBytes) -> String {
        bytes.withUnsafeBytes { bytes in
            String(unsafeUninitializedCapacity: 2 * bytes.count) { text in
                for (place, byte) in bytes.enumerated() {
                    text[2 * place] = digit(byte >> 4)
                    text[2 * place + 1] = digit(byte & 15)
                }
                return 2 * bytes.count
            }
        }
    }

    static func sha256(_ bytes: some Sequence<UInt8>) -> String {
        var hash = SHA256()
        let isHashed: Void? = bytes.withContiguousStorageIfAvailable {
            hash.update(bufferPointer: UnsafeRawBufferPointer($0))
        }
        if isHashed == nil { hash.update(data: Array(bytes)) }
        return string(hash.finalize())
    }

    /// Compares in a time that does not depend on where the texts differ.
    static func areEqual(_ left: String, _ right: String) -> Bool {
        guard left.utf8.count == right.utf8.count else { return false }
        return zip(left.utf8, right.utf8).reduce(0) { $0 | $1.0 ^ $1.1 } == 0
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}
