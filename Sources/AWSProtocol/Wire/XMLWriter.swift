/// Writes XML text.
struct XMLWriter {
    private(set) var bytes: [UInt8] = []

    init(declaration: Bool = true) {
        bytes.reserveCapacity(1024)
        if declaration { append("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n") }
    }

    mutating func open(_ name: String, namespace: String? = nil, attributes: [(name: String, value: String)] = []) {
        append("<")
        append(name)
        if let namespace { attribute("xmlns", namespace) }
        for (name, value) in attributes { attribute(name, value) }
        append(">")
    }

    mutating func close(_ name: String) {
        append("</")
        append(name)
        append(">")
    }

    mutating func element(_ name: String, _ text: String) {
        open(name)
        self.text(text)
        close(name)
    }

    /// Text with what has a meaning in XML escaped.
    mutating func text(_ text: String) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "&"): append("&amp;")
            case UInt8(ascii: "<"): append("&lt;")
            case UInt8(ascii: ">"): append("&gt;")
            case UInt8(ascii: "\""): append("&quot;")
            case 0x0D: append("&#xD;")
            // Characters that XML 1.0 does not have, not even escaped; S3's `encoding-type=url` is the way round.
            case 0x00...0x08, 0x0B, 0x0C, 0x0E...0x1F: append("&#x\(String(byte, radix: 16));")
            default: bytes.append(byte)
            }
        }
    }

    private mutating func attribute(_ name: String, _ value: String) {
        append(" ")
        append(name)
        append("=\"")
        text(value)
        append("\"")
    }

    private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }
}
