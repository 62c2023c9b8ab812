import AWSProtocol
import Testing

@Suite struct ChecksumTests {
    /// Of `123456789`: the check values of the catalogue of parametrised CRC algorithms.
    @Test(arguments: [
        (ChecksumAlgorithm.crc32, "y/Q5Jg=="), (.crc32c, "4waSgw=="), (.crc64nvme, "rosUhgp5mIg="),
        (.sha1, "98O8HYCOBHMq32eZZczDTKeuNEE="), (.sha256, "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU="),
    ])
    func `The check value is right, in whatever pieces the bytes come`(
        _ algorithm: ChecksumAlgorithm,
        _ expected: String
    ) {
        let bytes = Array("123456789".utf8)
        for split in 0...bytes.count {
            var checksum = Checksum(algorithm)
            checksum.update(Array(bytes[..<split]))
            checksum.update(Array(bytes[split...]))
            #expect(checksum.base64 == expected)
            #expect(checksum.bytes.count == algorithm.byteCount)
        }
    }

    @Test(arguments: 0..<40)
    func `Base64 comes back as it was`(_ count: Int) {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37) }
        #expect(Base64.decode(Base64.encode(bytes)) == bytes)
    }

    @Test(arguments: ["A", "A===", "AA=A", "A*==", "AAAAA", "AA=", "===="])
    func `What is not base64 is refused`(_ text: String) { #expect(Base64.decode(text) == nil) }
}
