import JSON

/// Why bytes are not CBOR, or not such as Smithy's protocol allows.
struct CBORReadingError: Error {
    var message: String
}

/// Reads CBOR (RFC 8949) into a tree: byte strings become base64, tagged times become seconds.
struct CBORReader {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var position = 0
    private var depth = 0
    private static let maximumDepth = 128

    private init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    static func read(_ bytes: [UInt8]) throws(CBORReadingError) -> JSON {
        let result = bytes.withUnsafeBufferPointer { bytes in
            Result<JSON, CBORReadingError> { () throws(CBORReadingError) in
                var reader = CBORReader(bytes)
                let value = try reader.value()
                guard reader.position == bytes.count else { throw CBORReadingError(message: "Bytes after the value") }
                return value
            }
        }
        return try result.get()
    }

    private mutating func value() throws(CBORReadingError) -> JSON {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumDepth else { throw CBORReadingError(message: "Nested too deeply") }
        let initial = try byte()
        let additional = initial & 31
        switch initial >> 5 {
        case 0: return integer(try argument(additional), isNegative: false)
        case 1: return integer(try argument(additional), isNegative: true)
        case 2: return .string(Base64.encode(try string(additional, major: 2)))
        case 3: return .string(try text(additional))
        case 4: return try array(additional)
        case 5: return try map(additional)
        case 6:
            _ = try argument(additional)
            return try value()
        default: return try simple(additional)
        }
    }

    private func integer(_ magnitude: UInt64, isNegative: Bool) -> JSON {
        if magnitude <= UInt64(Int.max) { return .integer(isNegative ? -1 - Int(magnitude) : Int(magnitude)) }
        return .double(isNegative ? -1 - Double(magnitude) : Double(magnitude))
    }

    private mutating func text(_ additional: UInt8) throws(CBORReadingError) -> String {
        guard let text = String(validating: try string(additional, major: 3), as: UTF8.self) else {
            throw CBORReadingError(message: "Invalid UTF-8")
        }
        return text
    }

    /// A string of bytes or text, whole or in chunks.
    private mutating func string(_ additional: UInt8, major: UInt8) throws(CBORReadingError) -> [UInt8] {
        guard additional == 31 else { return Array(try take(try argument(additional))) }
        var content: [UInt8] = []
        while true {
            let initial = try byte()
            if initial == 0xFF { return content }
            guard initial >> 5 == major, initial & 31 != 31 else { throw CBORReadingError(message: "Bad chunk") }
            content += try take(try argument(initial & 31))
        }
    }

    private mutating func array(_ additional: UInt8) throws(CBORReadingError) -> JSON {
        var values: [JSON] = []
        if additional == 31 {
            while try !takeBreak() { values.append(try value()) }
            return .array(values)
        }
        let count = try argument(additional)
        guard count <= UInt64(bytes.count - position) else { throw CBORReadingError(message: "Unexpected end") }
        values.reserveCapacity(Int(count))
        for _ in 0..<count { values.append(try value()) }
        return .array(values)
    }

    private mutating func map(_ additional: UInt8) throws(CBORReadingError) -> JSON {
        var object = JSON.Object()
        let count = additional == 31 ? UInt64.max : try argument(additional)
        var read: UInt64 = 0
        while read < count {
            if additional == 31, try takeBreak() { break }
            let initial = try byte()
            guard initial >> 5 == 3 else { throw CBORReadingError(message: "A map's key must be text") }
            let key = try text(initial & 31)
            object[key] = try value()
            read += 1
        }
        return .object(object)
    }

    private mutating func simple(_ additional: UInt8) throws(CBORReadingError) -> JSON {
        switch additional {
        case 20: return .bool(false)
        case 21: return .bool(true)
        case 22, 23: return .null
        case 25: return .double(Self.half(UInt16(try argument(25))))
        case 26: return .double(Double(Float(bitPattern: UInt32(try argument(26)))))
        case 27: return .double(Double(bitPattern: try argument(27)))
        default: throw CBORReadingError(message: "Unknown simple value \(additional)")
        }
    }

    private static func half(_ bits: UInt16) -> Double {
        let exponent = Int(bits >> 10 & 31)
        let fraction = Double(bits & 0x3FF)
        let sign: Double = bits >> 15 == 1 ? -1 : 1
        switch exponent {
        case 0: return sign * fraction * 0x1p-24
        case 31: return fraction == 0 ? sign * .infinity : .nan
        default: return sign * (1 + fraction / 1024) * Double(sign: .plus, exponent: exponent - 15, significand: 1)
        }
    }

    // MARK: Bytes

    private mutating func byte() throws(CBORReadingError) -> UInt8 {
        guard position < bytes.count else { throw CBORReadingError(message: "Unexpected end") }
        defer { position += 1 }
        return bytes[position]
    }

    private mutating func takeBreak() throws(CBORReadingError) -> Bool {
        guard position < bytes.count else { throw CBORReadingError(message: "Unexpected end") }
        guard bytes[position] == 0xFF else { return false }
        position += 1
        return true
    }

    private mutating func argument(_ additional: UInt8) throws(CBORReadingError) -> UInt64 {
        guard additional >= 24 else { return UInt64(additional) }
        guard additional <= 27 else { throw CBORReadingError(message: "Bad length") }
        var value: UInt64 = 0
        for byte in try take(1 << UInt64(additional - 24)) { value = value << 8 | UInt64(byte) }
        return value
    }

    private mutating func take(_ count: UInt64) throws(CBORReadingError) -> UnsafeBufferPointer<UInt8>.SubSequence {
        guard count <= UInt64(bytes.count - position) else { throw CBORReadingError(message: "Unexpected end") }
        defer { position += Int(count) }
        return bytes[position..<(position + Int(count))]
    }
}
