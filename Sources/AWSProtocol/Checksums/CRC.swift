/// CRC-32 as in zip files (IEEE) or as in iSCSI (Castagnoli), eight bytes a step.
struct CRC32: Sendable {
    enum Polynomial: Sendable {
        case ieee, castagnoli
    }

    private static let ieee = slicingTables(0xEDB8_8320 as UInt32)
    private static let castagnoli = slicingTables(0x82F6_3B78 as UInt32)

    private let tables: [UInt32]
    private var state = UInt32.max

    init(_ polynomial: Polynomial) { tables = polynomial == .ieee ? Self.ieee : Self.castagnoli }

    var value: UInt32 { ~state }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        var crc = state
        tables.withUnsafeBufferPointer { tables in
            var index = 0
            while index + 8 <= bytes.count {
                let word =
                    UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)) ^ UInt64(crc)
                crc = sliced(word, tables)
                index += 8
            }
            while index < bytes.count {
                crc = crc >> 8 ^ tables[Int(UInt8(truncatingIfNeeded: crc) ^ bytes[index])]
                index += 1
            }
        }
        state = crc
    }
}

/// CRC-64/NVME, the checksum that AWS's clients prefer for multipart objects.
struct CRC64NVME: Sendable {
    private static let tables = slicingTables(0x9A6C_9329_AC4B_C9B5 as UInt64)

    private var state = UInt64.max

    var value: UInt64 { ~state }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        var crc = state
        Self.tables.withUnsafeBufferPointer { tables in
            var index = 0
            while index + 8 <= bytes.count {
                crc = sliced(
                    UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)) ^ crc,
                    tables
                )
                index += 8
            }
            while index < bytes.count {
                crc = crc >> 8 ^ tables[Int(UInt8(truncatingIfNeeded: crc) ^ bytes[index])]
                index += 1
            }
        }
        state = crc
    }
}

/// The state after a word of eight bytes that the state before has been mixed into.
@inline(__always)
private func sliced<State: FixedWidthInteger>(_ word: UInt64, _ tables: UnsafeBufferPointer<State>) -> State {
    let first = tables[1792 + Int(word & 0xFF)] ^ tables[1536 + Int(word >> 8 & 0xFF)]
    let second = tables[1280 + Int(word >> 16 & 0xFF)] ^ tables[1024 + Int(word >> 24 & 0xFF)]
    let third = tables[768 + Int(word >> 32 & 0xFF)] ^ tables[512 + Int(word >> 40 & 0xFF)]
    let fourth = tables[256 + Int(word >> 48 & 0xFF)] ^ tables[Int(word >> 56)]
    return first ^ second ^ third ^ fourth
}

/// Eight tables of 256: table n says what a byte does to the state n bytes later. The polynomial is reflected.
private func slicingTables<State: FixedWidthInteger & UnsignedInteger>(_ polynomial: State) -> [State] {
    var tables = [State](repeating: 0, count: 2048)
    for byte in 0..<256 {
        var state = State(byte)
        for _ in 0..<8 { state = state & 1 == 1 ? state >> 1 ^ polynomial : state >> 1 }
        tables[byte] = state
    }
    for place in 256..<2048 {
        let previous = tables[place - 256]
        tables[place] = previous >> 8 ^ tables[Int(previous & 0xFF)]
    }
    return tables
}
