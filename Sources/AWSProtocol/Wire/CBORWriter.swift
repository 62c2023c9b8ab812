import JSON

/// Writes a tree as CBOR (RFC 8949), deterministically: shortest lengths, members in the tree's order.
struct CBORWriter {
    private(set) var bytes: [UInt8] = []
    private let shapes: ShapeTable?

    init(_ shapes: ShapeTable?) { self.shapes = shapes }

    /// Writes a value. The shape says which strings are blobs and which numbers are moments.
    mutating func write(_ value: JSON, _ shape: Shape?) {
        switch value {
        case .null: bytes.append(0xF6)
        case .bool(let value): bytes.append(value ? 0xF5 : 0xF4)
        case .integer(let integer): number(integer, shape)
        case .double(let double):
            if shape?.kind == .timestamp { bytes.append(0xC1) }
            float(double)
        case .string(let text):
            if shape?.kind == .blob, let content = Base64.decode(text) {
                head(2, UInt64(content.count))
                bytes.append(contentsOf: content)
            } else {
                string(text)
            }
        case .array(let values):
            let element = shape?.element.flatMap { shapes?[$0] }
            head(4, UInt64(values.count))
            for value in values { write(value, element) }
        case .object(let object): map(object, shape)
        }
    }

    private mutating func map(_ object: JSON.Object, _ shape: Shape?) {
        let entry = shape?.value.flatMap { shapes?[$0] }
        let members = object.filter { !$0.value.isNull }
        head(5, UInt64(members.count))
        for (key, value) in members {
            string(key)
            write(value, entry ?? shape?.member(key).flatMap { shapes?[$0] })
        }
    }

    private mutating func number(_ integer: Int, _ shape: Shape?) {
        switch shape?.kind {
        case .timestamp:
            bytes.append(0xC1)
            float(Double(integer))
        case .double, .float: float(Double(integer))
        default:
            if integer >= 0 { head(0, UInt64(integer)) } else { head(1, UInt64(-1 - integer)) }
        }
    }

    private mutating func string(_ text: String) {
        head(3, UInt64(text.utf8.count))
        bytes.append(contentsOf: text.utf8)
    }

    private mutating func float(_ value: Double) {
        bytes.append(0xFB)
        bigEndian(value.bitPattern, 8)
    }

    private mutating func head(_ major: UInt8, _ argument: UInt64) {
        let initial = major << 5
        switch argument {
        case 0..<24: bytes.append(initial | UInt8(argument))
        case 24...0xFF:
            bytes.append(initial | 24)
            bigEndian(argument, 1)
        case 0x100...0xFFFF:
            bytes.append(initial | 25)
            bigEndian(argument, 2)
        case 0x1_0000...0xFFFF_FFFF:
            bytes.append(initial | 26)
            bigEndian(argument, 4)
        default:
            bytes.append(initial | 27)
            bigEndian(argument, 8)
        }
    }

    private mutating func bigEndian(_ value: UInt64, _ count: Int) {
        for shift in stride(from: (count - 1) * 8, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(shift)))
        }
    }
}
