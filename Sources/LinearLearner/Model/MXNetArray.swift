/// A dense array of single-precision numbers in MXNet's list format (`mx.nd.save`).
struct MXNetArray: Equatable {
    var shape: [Int]
    var values: [Float]

    private static let listMagic: UInt64 = 0x112
    private static let arrayMagic: UInt32 = 0xF993_FAC9

    static func serialize(_ arrays: [(name: String, array: MXNetArray)]) -> [UInt8] {
        var output: [UInt8] = []
        output.append(littleEndian: listMagic)
        output.append(littleEndian: UInt64(0))
        output.append(littleEndian: UInt64(arrays.count))
        for (_, array) in arrays {
            output.append(littleEndian: arrayMagic)
            output.append(littleEndian: Int32(0))  // dense storage
            output.append(littleEndian: UInt32(array.shape.count))
            for dimension in array.shape { output.append(littleEndian: Int64(dimension)) }
            output.append(littleEndian: Int32(1))  // on the CPU
            output.append(littleEndian: Int32(0))
            output.append(littleEndian: Int32(0))  // float32
            for value in array.values { output.append(littleEndian: value.bitPattern) }
        }
        output.append(littleEndian: UInt64(arrays.count))
        for (name, _) in arrays {
            output.append(littleEndian: UInt64(name.utf8.count))
            output += Array(name.utf8)
        }
        return output
    }

    /// - Throws: `AlgorithmError` where the bytes are not a named list of dense float32 arrays.
    static func parse(_ bytes: [UInt8]) throws(AlgorithmError) -> [String: MXNetArray] {
        var reader = LittleEndianReader(bytes)
        guard try reader.next(UInt64.self) == listMagic else {
            throw .client("The model's parameters are not an MXNet list")
        }
        _ = try reader.next(UInt64.self)
        let count = try reader.count(elementSize: 12)
        var arrays: [MXNetArray] = []
        for _ in 0..<count { arrays.append(try parseArray(&reader)) }
        let nameCount = try reader.count(elementSize: 8)
        guard nameCount == count else { throw .client("The model's parameters have no names") }
        var named: [String: MXNetArray] = [:]
        for array in arrays {
            let length = try reader.count(elementSize: 1)
            named[String(decoding: try reader.bytes(length), as: UTF8.self)] = array
        }
        return named
    }

    private static func parseArray(_ reader: inout LittleEndianReader) throws(AlgorithmError) -> MXNetArray {
        guard try reader.next(UInt32.self) == arrayMagic, try reader.next(Int32.self) == 0 else {
            throw .client("The model's parameters are not dense arrays of MXNet 1.x")
        }
        let dimensions = try reader.next(UInt32.self)
        guard dimensions <= 8 else { throw .client("The model's parameters are damaged") }
        var shape: [Int] = []
        var size = 1
        for _ in 0..<dimensions {
            let dimension = try reader.next(Int64.self)
            let (product, overflow) = size.multipliedReportingOverflow(by: Int(dimension))
            guard dimension >= 0, !overflow else { throw .client("The model's parameters are damaged") }
            shape.append(Int(dimension))
            size = product
        }
        _ = try reader.next(UInt64.self)
        guard try reader.next(Int32.self) == 0 else { throw .client("The model's parameters are not float32") }
        guard size <= reader.remaining / 4 else { throw .client("The model's parameters are cut off") }
        var values: [Float] = []
        values.reserveCapacity(size)
        for _ in 0..<size { values.append(Float(bitPattern: try reader.next(UInt32.self))) }
        return MXNetArray(shape: shape, values: values)
    }
}

private struct LittleEndianReader {
    private let storage: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { storage = bytes }

    var remaining: Int { storage.count - position }

    mutating func next<Number: FixedWidthInteger>(_ type: Number.Type) throws(AlgorithmError) -> Number {
        let size = MemoryLayout<Number>.size
        guard remaining >= size else { throw .client("The model's parameters are cut off") }
        defer { position += size }
        return storage.withUnsafeBytes { Number(littleEndian: $0.loadUnaligned(fromByteOffset: position, as: type)) }
    }

    /// A number of elements that can still follow.
    mutating func count(elementSize: Int) throws(AlgorithmError) -> Int {
        let count = try next(UInt64.self)
        guard count <= UInt64(remaining / elementSize) else { throw .client("The model's parameters are cut off") }
        return Int(count)
    }

    mutating func bytes(_ count: Int) throws(AlgorithmError) -> ArraySlice<UInt8> {
        guard remaining >= count else { throw .client("The model's parameters are cut off") }
        defer { position += count }
        return storage[position..<(position + count)]
    }
}

extension [UInt8] {
    fileprivate mutating func append(littleEndian value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }
}
