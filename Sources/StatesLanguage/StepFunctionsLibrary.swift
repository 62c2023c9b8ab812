import Crypto
import JSON
import JSONata

/// JSONata's functions as Step Functions has them: without `$eval`, with AWS's own.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html>
enum StepFunctionsLibrary {
    /// The functions that need no chance.
    static let plain: JSONataLibrary = {
        do {
            return try JSONataLibrary.standard.removing("eval")
                .adding("partition", signature: "<a-n:a>", arity: 2) { arguments throws(JSONataError) in
                    try partition(arguments)
                }
                .adding("range", signature: "<n-n-n:a>", arity: 3) { arguments throws(JSONataError) in
                    try range(arguments)
                }
                .adding("hash", signature: "<s-s:s>", arity: 2) { arguments throws(JSONataError) in
                    try hash(arguments)
                }
                .adding("parse", signature: "<s-:x>") { arguments throws(JSONataError) in try parse(arguments) }
        } catch {
            preconditionFailure("The functions' signatures are constants: \(error)")
        }
    }()

    /// The functions, those of chance among them drawing from `chance`.
    static func library(_ chance: Chance) throws(JSONataError) -> JSONataLibrary {
        try plain.adding("uuid", signature: "<:s>", arity: 0) { _ throws(JSONataError) in .string(chance.uuid()) }
            .adding("random", signature: "<n?:n>", arity: 0) { arguments throws(JSONataError) in
                guard let seed = arguments.first??.doubleValue else { return .double(chance.fraction()) }
                var generator = SeededGenerator(seed: UInt64(bitPattern: Int64(seed.rounded(.towardZero))))
                return .double(Double.random(in: 0..<1, using: &generator))
            }
    }

    // MARK: Functions

    private static func partition(_ arguments: [JSON?]) throws(JSONataError) -> JSON? {
        guard let elements = arguments.first??.arrayValue, let size = arguments.last??.doubleValue else { return nil }
        guard size >= 1, size <= 1e9 else {
            throw JSONataError(code: "D3010", message: "The chunk size of $partition must be positive")
        }
        let step = Int(size)
        return .array(
            stride(from: 0, to: elements.count, by: step).map { start in
                .array(Array(elements[start..<min(start + step, elements.count)]))
            }
        )
    }

    private static func range(_ arguments: [JSON?]) throws(JSONataError) -> JSON? {
        let numbers = arguments.compactMap { $0?.doubleValue }
        guard numbers.count == 3 else { return nil }
        let (first, last, step) = (numbers[0], numbers[1], numbers[2])
        guard step != 0 else { throw JSONataError(code: "D3011", message: "The step of $range must not be zero") }
        guard (last - first) / step <= 1e6 else {
            throw JSONataError(code: "D2014", message: "The range has more than 1000000 elements")
        }
        return .array(
            stride(from: first, through: last, by: step).map { Int(exactly: $0).map(JSON.integer) ?? .double($0) }
        )
    }

    private static func hash(_ arguments: [JSON?]) throws(JSONataError) -> JSON? {
        guard let text = arguments.first??.stringValue, let name = arguments.last??.stringValue else { return nil }
        let bytes = Array(text.utf8)
        switch name {
        case "MD5": return .string(hexadecimal(Insecure.MD5.hash(data: bytes)))
        case "SHA-1": return .string(hexadecimal(Insecure.SHA1.hash(data: bytes)))
        case "SHA-256": return .string(hexadecimal(SHA256.hash(data: bytes)))
        case "SHA-384": return .string(hexadecimal(SHA384.hash(data: bytes)))
        case "SHA-512": return .string(hexadecimal(SHA512.hash(data: bytes)))
        default:
            throw JSONataError(
                code: "D3012",
                message: "$hash knows MD5, SHA-1, SHA-256, SHA-384 and SHA-512, not \(name)"
            )
        }
    }

    private static func hexadecimal(_ digest: some Sequence<UInt8>) -> String {
        digest.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }

    private static func parse(_ arguments: [JSON?]) throws(JSONataError) -> JSON? {
        guard let text = arguments.first??.stringValue else { return nil }
        do {
            return try JSON(parsing: text)
        } catch {
            throw JSONataError(code: "D3013", message: "$parse was given what is not valid JSON: \(error)")
        }
    }
}
