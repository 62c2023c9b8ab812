import AWSProtocol
import JSON

/// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
enum BucketName {
    /// - Throws: `InvalidBucketName`.
    static func check(_ name: String) throws(AWSError) {
        guard isValid(name) else {
            throw AWSError(
                "InvalidBucketName",
                "The specified bucket is not valid.",
                fields: ["BucketName": .string(name)]
            )
        }
    }

    private static func isValid(_ name: String) -> Bool {
        let bytes = Array(name.utf8)
        guard (3...63).contains(bytes.count), let first = bytes.first, let last = bytes.last else { return false }
        let isAlphanumeric = { (byte: UInt8) in (97...122).contains(byte) || (48...57).contains(byte) }
        guard isAlphanumeric(first), isAlphanumeric(last) else { return false }
        guard bytes.allSatisfy({ isAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") }) else {
            return false
        }
        guard !name.contains(".."), !isAddress(name) else { return false }
        let prefixes = ["xn--", "sthree-", "amzn-s3-demo-"]
        let suffixes = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"]
        return !prefixes.contains(where: name.hasPrefix) && !suffixes.contains(where: name.hasSuffix)
    }

    private static func isAddress(_ name: String) -> Bool {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { UInt8($0) != nil }
    }

    /// Whether the text has the form of a region's name (`eu-central-1`), or is the old name `EU`.
    static func isRegion(_ text: String) -> Bool {
        if text == "EU" { return true }
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard (3...4).contains(parts.count), let number = parts.last, UInt8(number) != nil else { return false }
        return parts.dropLast().allSatisfy { part in
            part.utf8.count >= 2 && part.utf8.allSatisfy { (97...122).contains($0) }
        }
    }
}
