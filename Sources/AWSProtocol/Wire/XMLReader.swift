/// Why a text is not well-formed XML.
struct XMLReadingError: Error {}

/// A small, strict XML parser over UTF-8: elements, attributes, text, CDATA, comments and the predefined entities.
/// Document types are refused, since entities of one's own only serve attacks here.
struct XMLReader {
    private let bytes: [UInt8]
    private var position = 0
    private var depth = 0
    private static let maximumDepth = 64

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The root element of a document.
    static func read(_ bytes: [UInt8]) throws(XMLReadingError) -> XMLElement {
        var reader = XMLReader(bytes)
        return try reader.document()
    }

    private mutating func document() throws(XMLReadingError) -> XMLElement {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
        try skipProlog()
        guard take("<") else { throw XMLReadingError() }
        let root = try element()
        try skipProlog()
        guard position == bytes.count else { throw XMLReadingError() }
        return root
    }

    /// White space, comments and processing instructions.
    private mutating func skipProlog() throws(XMLReadingError) {
        while true {
            skipWhitespace()
            if take("<?") {
                try skip(past: "?>")
            } else if take("<!--") {
                try skip(past: "-->")
            } else {
                return
            }
        }
    }

    /// An element whose `<` has been taken.
    private mutating func element() throws(XMLReadingError) -> XMLElement {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumDepth else { throw XMLReadingError() }
        let qualifiedName = try name()
        var element = XMLElement(name: Self.local(qualifiedName))
        while true {
            let hadSpace = skipWhitespace()
            if take("/>") { return element }
            if take(">") { break }
            guard hadSpace else { throw XMLReadingError() }
            element.attributes.append(try attribute())
        }
        try content(of: &element, qualifiedName)
        return element
    }

    private mutating func attribute() throws(XMLReadingError) -> (name: String, value: String) {
        let name = try name()
        skipWhitespace()
        guard take("=") else { throw XMLReadingError() }
        skipWhitespace()
        guard position < bytes.count, bytes[position] == 0x22 || bytes[position] == 0x27 else {
            throw XMLReadingError()
        }
        let quote = bytes[position]
        position += 1
        guard let end = bytes[position...].firstIndex(of: quote) else { throw XMLReadingError() }
        defer { position = end + 1 }
        return (Self.local(name), try Self.resolved(bytes[position..<end]))
    }

    private mutating func content(of element: inout XMLElement, _ name: String) throws(XMLReadingError) {
        var text: [UInt8] = []
        while true {
            guard let next = bytes[position...].firstIndex(of: UInt8(ascii: "<")) else { throw XMLReadingError() }
            if next > position { text += Array(try Self.resolved(bytes[position..<next]).utf8) }
            position = next
            if take("</") {
                guard try self.name() == name else { throw XMLReadingError() }
                skipWhitespace()
                guard take(">") else { throw XMLReadingError() }
                element.text = String(decoding: text, as: UTF8.self)
                return
            } else if take("<!--") {
                try skip(past: "-->")
            } else if take("<![CDATA[") {
                let start = position
                try skip(past: "]]>")
                text += bytes[start..<(position - 3)]
            } else if take("<?") {
                try skip(past: "?>")
            } else if take("<!") {
                throw XMLReadingError()
            } else {
                position += 1
                element.children.append(try self.element())
            }
        }
    }

    // MARK: Characters

    private mutating func name() throws(XMLReadingError) -> String {
        let start = position
        while position < bytes.count, Self.isNameByte(bytes[position]) { position += 1 }
        guard position > start else { throw XMLReadingError() }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        PercentEncoding.isUnreserved(byte) && byte != UInt8(ascii: "~") || byte == UInt8(ascii: ":") || byte >= 0x80
    }

    private static func local(_ name: String) -> String {
        guard let colon = name.utf8.lastIndex(of: UInt8(ascii: ":")) else { return name }
        return String(name[name.utf8.index(after: colon)...])
    }

    /// Text with its entities resolved and line ends made `\n`.
    private static func resolved(_ bytes: ArraySlice<UInt8>) throws(XMLReadingError) -> String {
        guard bytes.contains(where: { $0 == UInt8(ascii: "&") || $0 == 0x0D }) else { return try text(bytes) }
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count)
        var index = bytes.startIndex
        while index < bytes.endIndex {
            let byte = bytes[index]
            index += 1
            if byte == 0x0D {
                if index < bytes.endIndex, bytes[index] == 0x0A { index += 1 }
                output.append(0x0A)
            } else if byte == UInt8(ascii: "&") {
                guard let end = bytes[index...].firstIndex(of: UInt8(ascii: ";")) else { throw XMLReadingError() }
                output += Array(try entity(String(decoding: bytes[index..<end], as: UTF8.self)).utf8)
                index = end + 1
            } else {
                output.append(byte)
            }
        }
        return try text(output[...])
    }

    private static func text(_ bytes: ArraySlice<UInt8>) throws(XMLReadingError) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw XMLReadingError() }
        return text
    }

    private static func entity(_ name: String) throws(XMLReadingError) -> String {
        switch name {
        case "amp": return "&"
        case "lt": return "<"
        case "gt": return ">"
        case "quot": return "\""
        case "apos": return "'"
        default:
            let isHexadecimal = name.hasPrefix("#x")
            guard name.hasPrefix("#"),
                let value = UInt32(name.dropFirst(isHexadecimal ? 2 : 1), radix: isHexadecimal ? 16 : 10),
                let scalar = Unicode.Scalar(value)
            else { throw XMLReadingError() }
            return String(Character(scalar))
        }
    }

    // MARK: Scanning

    @discardableResult
    private mutating func skipWhitespace() -> Bool {
        let start = position
        while position < bytes.count, [0x20, 0x0A, 0x0D, 0x09].contains(bytes[position]) { position += 1 }
        return position > start
    }

    private mutating func take(_ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard position + count <= bytes.count else { return false }
        for offset in 0..<count where bytes[position + offset] != text.utf8Start[offset] { return false }
        position += count
        return true
    }

    private mutating func skip(past end: StaticString) throws(XMLReadingError) {
        while position < bytes.count {
            if take(end) { return }
            position += 1
        }
        throw XMLReadingError()
    }
}
