import Crypto
import JSON

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The intrinsic functions of the JSONPath query language.
///
/// See <https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html>.
enum IntrinsicFunction: String, Sendable, CaseIterable {
    case array = "States.Array"
    case arrayPartition = "States.ArrayPartition"
    case arrayContains = "States.ArrayContains"
    case arrayRange = "States.ArrayRange"
    case arrayGetItem = "States.ArrayGetItem"
    case arrayLength = "States.ArrayLength"
    case arrayUnique = "States.ArrayUnique"
    case base64Encode = "States.Base64Encode"
    case base64Decode = "States.Base64Decode"
    case hash = "States.Hash"
    case jsonMerge = "States.JsonMerge"
    case stringToJSON = "States.StringToJson"
    case jsonToString = "States.JsonToString"
    case mathRandom = "States.MathRandom"
    case mathAdd = "States.MathAdd"
    case stringSplit = "States.StringSplit"
    case uuid = "States.UUID"
    case format = "States.Format"

    var argumentCounts: ClosedRange<Int> {
        switch self {
        case .array: 0...Int.max
        case .format: 1...Int.max
        case .uuid: 0...0
        case .arrayLength, .arrayUnique, .base64Encode, .base64Decode, .stringToJSON, .jsonToString: 1...1
        case .arrayRange, .jsonMerge: 3...3
        case .mathRandom: 2...3
        default: 2...2
        }
    }

    func apply(_ arguments: [JSON], _ random: inout SeededGenerator) throws(ExpressionFailure) -> JSON {
        switch self {
        case .array, .arrayPartition, .arrayContains, .arrayRange, .arrayGetItem, .arrayLength, .arrayUnique:
            return try applyToArrays(arguments)
        case .base64Encode: return .string(Data(try arguments.text(0, upTo: 10000).utf8).base64EncodedString())
        case .base64Decode: return try decode(arguments.text(0, upTo: 10000))
        case .hash: return .string(try digest(arguments[0], arguments.text(1)))
        case .jsonMerge: return try merge(arguments)
        case .stringToJSON: return try parse(arguments.text(0))
        case .jsonToString: return .string(arguments[0].serialized())
        case .mathRandom: return try randomNumber(arguments, &random)
        case .mathAdd: return .integer(try arguments.integer(0) &+ arguments.integer(1))
        case .stringSplit: return try split(arguments.text(0), at: arguments.text(1))
        case .uuid: return .string(Self.uuid(&random))
        case .format: return .string(try Self.format(arguments))
        }
    }

    // MARK: Arrays

    private func applyToArrays(_ arguments: [JSON]) throws(ExpressionFailure) -> JSON {
        switch self {
        case .array: return .array(arguments)
        case .arrayPartition: return try partition(arguments.array(0), by: arguments.integer(1))
        case .arrayContains: return .bool(try arguments.array(0).contains(arguments[1]))
        case .arrayRange: return try range(arguments.integer(0), arguments.integer(1), arguments.integer(2))
        case .arrayGetItem:
            let elements = try arguments.array(0)
            let index = try arguments.integer(1)
            guard elements.indices.contains(index) else {
                throw ExpressionFailure("Index \(index) out of bounds for the array of length \(elements.count)")
            }
            return elements[index]
        case .arrayLength: return .integer(try arguments.array(0).count)
        default:
            var seen = Set<JSON>()
            return .array(try arguments.array(0).filter { seen.insert($0).inserted })
        }
    }

    private func partition(_ elements: [JSON], by size: Int) throws(ExpressionFailure) -> JSON {
        guard size > 0 else { throw ExpressionFailure("The chunk size must be a positive integer") }
        return .array(
            stride(from: 0, to: elements.count, by: size).map {
                .array(Array(elements[$0..<min($0 + size, elements.count)]))
            }
        )
    }

    private func range(_ first: Int, _ last: Int, _ step: Int) throws(ExpressionFailure) -> JSON {
        guard step != 0 else { throw ExpressionFailure("The increment must not be zero") }
        guard abs((last - first) / step) < 1000 else {
            throw ExpressionFailure("The range must not contain more than 1000 elements")
        }
        return .array(stride(from: first, through: last, by: step).map(JSON.integer))
    }

    // MARK: Texts and documents

    private func decode(_ text: String) throws(ExpressionFailure) -> JSON {
        guard let data = Data(base64Encoded: text) else { throw ExpressionFailure("Invalid Base64 text") }
        return .string(String(decoding: data, as: UTF8.self))
    }

    private func digest(_ value: JSON, _ algorithm: String) throws(ExpressionFailure) -> String {
        let data = Data((value.stringValue ?? value.serialized()).utf8)
        guard data.count <= 10000 else { throw ExpressionFailure("The data must not exceed 10000 characters") }
        switch algorithm {
        case "MD5": return hexadecimal(Insecure.MD5.hash(data: data))
        case "SHA-1": return hexadecimal(Insecure.SHA1.hash(data: data))
        case "SHA-256": return hexadecimal(SHA256.hash(data: data))
        case "SHA-384": return hexadecimal(SHA384.hash(data: data))
        case "SHA-512": return hexadecimal(SHA512.hash(data: data))
        default: throw ExpressionFailure("Unknown hashing algorithm '\(algorithm)'")
        }
    }

    private func hexadecimal(_ digest: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    private func merge(_ arguments: [JSON]) throws(ExpressionFailure) -> JSON {
        guard let first = arguments[0].objectValue, let second = arguments[1].objectValue else {
            throw ExpressionFailure("The first two arguments must be JSON objects")
        }
        guard arguments[2] == .bool(false) else { throw ExpressionFailure("Deep merging is not supported") }
        return .object(first.merging(second))
    }

    private func parse(_ text: String) throws(ExpressionFailure) -> JSON {
        guard text.contains(where: { !$0.isWhitespace }) else { return .null }
        do {
            return try JSON(parsing: text)
        } catch {
            throw ExpressionFailure("Invalid JSON text: \(error)")
        }
    }

    /// Each character of the separator separates; empty parts are left out.
    private func split(_ text: String, at separators: String) throws(ExpressionFailure) -> JSON {
        .array(text.split { separators.contains($0) }.map { .string(String($0)) })
    }

    private static func format(_ arguments: [JSON]) throws(ExpressionFailure) -> String {
        let template = Array(try arguments.text(0).utf8)
        var output: [UInt8] = []
        var next = 1
        var position = 0
        while position < template.count {
            let byte = template[position]
            if byte == UInt8(ascii: "\\"), position + 1 < template.count {
                let escaped = template[position + 1]
                output.append(escaped == UInt8(ascii: "n") ? 0x0A : escaped)
                position += 2
            } else if byte == UInt8(ascii: "{"), position + 1 < template.count,
                template[position + 1] == UInt8(ascii: "}")
            {
                guard next < arguments.count else { throw ExpressionFailure("Too few arguments for the template") }
                output.append(contentsOf: arguments[next].javaText.utf8)
                next += 1
                position += 2
            } else {
                output.append(byte)
                position += 1
            }
        }
        guard next == arguments.count else { throw ExpressionFailure("Too many arguments for the template") }
        return String(decoding: output, as: UTF8.self)
    }

    // MARK: Chance

    private func randomNumber(
        _ arguments: [JSON],
        _ random: inout SeededGenerator
    ) throws(ExpressionFailure) -> JSON {
        let first = try arguments.integer(0)
        let last = try arguments.integer(1)
        guard first < last else { throw ExpressionFailure("The end of the range must be greater than its start") }
        guard arguments.count == 3 else { return .integer(Int.random(in: first..<last, using: &random)) }
        var seeded = SeededGenerator(seed: UInt64(bitPattern: Int64(try arguments.integer(2))))
        return .integer(Int.random(in: first..<last, using: &seeded))
    }

    static func uuid(_ random: inout SeededGenerator) -> String {
        let high = random.next() & 0xFFFF_FFFF_FFFF_0FFF | 0x4000
        let low = random.next() & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        let digits = [high, low].map { value in
            let text = String(value, radix: 16)
            return String(repeating: "0", count: 16 - text.utf8.count) + text
        }.joined()
        var parts: [Substring] = []
        var rest = Substring(digits)
        for length in [8, 4, 4, 4, 12] {
            parts.append(rest.prefix(length))
            rest = rest.dropFirst(length)
        }
        return parts.joined(separator: "-")
    }
}

extension [JSON] {
    fileprivate func text(_ index: Int, upTo limit: Int = .max) throws(ExpressionFailure) -> String {
        guard let text = self[index].stringValue else {
            throw ExpressionFailure("Argument \(index + 1) must be a string, found \(self[index])")
        }
        guard text.count <= limit else { throw ExpressionFailure("A text must not exceed \(limit) characters") }
        return text
    }

    fileprivate func array(_ index: Int) throws(ExpressionFailure) -> [JSON] {
        guard let elements = self[index].arrayValue else {
            throw ExpressionFailure("Argument \(index + 1) must be an array, found \(self[index])")
        }
        return elements
    }

    /// Numbers with a fraction are rounded, as AWS does.
    fileprivate func integer(_ index: Int) throws(ExpressionFailure) -> Int {
        guard let number = self[index].doubleValue else {
            throw ExpressionFailure("Argument \(index + 1) must be a number, found \(self[index])")
        }
        if case .integer(let value) = self[index] { return value }
        guard number.magnitude < 9e18 else { throw ExpressionFailure("Argument \(index + 1) is out of range") }
        return Int(number.rounded())
    }
}

extension JSON {
    /// The value as Java writes it into a text: `{Arg1=1, Arg2=[]}`.
    fileprivate var javaText: String {
        switch self {
        case .string(let text): text
        case .array(let elements): "[\(elements.map(\.javaText).joined(separator: ", "))]"
        case .object(let members): "{\(members.map { "\($0.key)=\($0.value.javaText)" }.joined(separator: ", "))}"
        default: serialized()
        }
    }
}
