import Testing

@testable import RecordIO

@Suite struct RecordIOTests {
    /// features {values: float32 [1, 2]}, label {values: float32 [3]}.
    private static let dense: [UInt8] =
        [0x0A, 0x16, 0x0A, 6] + Array("values".utf8) + [0x12, 12, 0x12, 10, 0x0A, 8, 0, 0, 0x80, 0x3F, 0, 0, 0, 0x40]
        + [0x12, 0x12, 0x0A, 6] + Array("values".utf8) + [0x12, 8, 0x12, 6, 0x0A, 4, 0, 0, 0x40, 0x40]

    private static func framed(_ payload: [UInt8]) -> [UInt8] {
        let length = (0..<4).map { UInt8(truncatingIfNeeded: payload.count >> (8 * $0)) }
        let padding = [UInt8](repeating: 0, count: (4 - payload.count % 4) % 4)
        return [0x0A, 0x23, 0xD7, 0xCE] + length + payload + padding
    }

    @Test func `records are read one after another`() throws {
        let file = RecordFile(bytes: Self.framed(Self.dense) + Self.framed(Self.dense))
        let records = try file.map { try $0.get() }
        #expect(records.count == 2)
        #expect(records[1].features["values"]?.dense() == [1, 2])
        #expect(records[1].label["values"]?.dense() == [3])
    }

    @Test func `a sparse tensor has its zeros`() {
        #expect(Record.Tensor(values: [5, 7], keys: [1, 3], shape: [6]).dense() == [0, 5, 0, 7, 0, 0])
        #expect(Record.Tensor(values: [5, 7], shape: [2]).dense() == [5, 7])
    }

    @Test func `a damaged file ends in a failure`() {
        let whole = Self.framed(Self.dense)
        for count in 1..<(8 + Self.dense.count) {
            let results = Array(RecordFile(bytes: Array(whole[..<count])))
            #expect(results.count == 1)
            #expect(throws: RecordIOError.self) { try results.first?.get() }
        }
        for index in whole.indices {
            var damaged = whole
            damaged[index] ^= 0xFF
            for result in RecordFile(bytes: damaged) { _ = try? result.get().features["values"]?.dense() }
        }
    }
}
