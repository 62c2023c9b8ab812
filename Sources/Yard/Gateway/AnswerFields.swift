import AWSProtocol

extension HTTPAnswer {
    /// The fields of the answer's head on the wire, with the date and the body's length.
    ///
    /// An answer to HEAD says itself how long the body would be, where it knows. Fields that HTTP does not allow are left
    /// out, and characters that it does not allow in values become spaces: a value may be what somebody stored.
    func fields(toHead isHead: Bool) -> [(name: String, value: String)] {
        var length: Int? = isBodiless ? nil : isHead ? body.length ?? 0 : body.length
        var fields: [(name: String, value: String)] = []
        fields.reserveCapacity(headers.fields.count + 2)
        for field in headers.fields where Self.isName(field.name) && !Self.isDate(field.name) {
            if Self.isContentLength(field.name) {
                guard isHead, length != nil else { continue }
                length = nil
            }
            fields.append((field.name, Self.legal(field.value)))
        }
        fields.append(("Date", HTTPDate.now()))
        if let length { fields.append(("Content-Length", String(length))) }
        return fields
    }

    /// Whether the status has no body at all.
    var isBodiless: Bool { status == 204 || status == 304 }

    private static func isDate(_ name: String) -> Bool { name.utf8.count == 4 && name.lowercased() == "date" }

    private static func isContentLength(_ name: String) -> Bool {
        name.utf8.count == 14 && name.lowercased() == "content-length"
    }

    /// RFC 9110's token.
    private static func isName(_ name: String) -> Bool {
        !name.isEmpty
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
                    true
                default: "!#$%&'*+.^_`|~".utf8.contains(byte)
                }
            }
    }

    private static func legal(_ value: String) -> String {
        func isControl(_ byte: UInt8) -> Bool { byte < 0x20 && byte != 0x09 || byte == 0x7F }
        guard value.utf8.contains(where: isControl) else { return value }
        return String(decoding: value.utf8.map { isControl($0) ? UInt8(ascii: " ") : $0 }, as: UTF8.self)
    }
}
