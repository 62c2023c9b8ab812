import AWSProtocol
import Crypto

/// IAM's unique ids: four letters that say the kind, then seventeen more.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids>
enum UniqueID: String {
    case user = "AIDA"
    case role = "AROA"
    case managedPolicy = "ANPA"

    static func make(_ kind: UniqueID) -> String { kind.rawValue + RandomText.upperAlphanumeric(17) }

    /// The id of something that was never created but is used: the same for the same ARN.
    static func derived(_ kind: UniqueID, from arn: String) -> String {
        let digits = SHA256.hash(data: Array(arn.utf8)).prefix(17).map { Base32.alphabet[Int($0 & 31)] }
        return kind.rawValue + String(decoding: digits, as: UTF8.self)
    }
}

/// The digits of access key ids.
enum Base32 {
    static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".utf8)

    /// The lowest `5 * count` bits of `value`.
    static func encode(_ value: Int, count: Int) -> String {
        String(decoding: (0..<count).reversed().map { alphabet[value >> (5 * $0) & 31] }, as: UTF8.self)
    }

    /// Nil where a character is not a digit. At most twelve digits.
    static func decode(_ text: some StringProtocol) -> Int? {
        guard text.utf8.count <= 12 else { return nil }
        var value = 0
        for byte in text.utf8 {
            guard let digit = alphabet.firstIndex(of: byte) else { return nil }
            value = value << 5 | digit
        }
        return value
    }
}
