import JSON
import JSONPath
import Suggestion

/// A call of an intrinsic function: `States.Format('{} of {}', $.index, States.ArrayLength($.items))`.
struct IntrinsicCall: Sendable, Expression {
    var function: IntrinsicFunction
    var arguments: [Argument]

    indirect enum Argument: Sendable {
        case literal(JSON)
        case path(JSONPath)
        case call(IntrinsicCall)
    }

    var variables: [String] {
        arguments.flatMap { argument -> [String] in
            switch argument {
            case .literal: []
            case .path(let path): path.variables
            case .call(let call): call.variables
            }
        }
    }

    func evaluate(in scope: inout Scope) throws(ExpressionFailure) -> JSON {
        var values: [JSON] = []
        for argument in arguments {
            switch argument {
            case .literal(let value): values.append(value)
            case .call(let call): values.append(try call.evaluate(in: &scope))
            case .path(let path):
                do {
                    values.append(try path.value(in: scope, document: scope.input))
                } catch {
                    throw ExpressionFailure(
                        "The function '\(function.rawValue)' had the following error: "
                            + "The JsonPath argument for the field '\(path.text)' could not be found in the input "
                            + "'\(scope.input)'",
                        error: StatesError.intrinsicFailure
                    )
                }
            }
        }
        do {
            return try function.apply(values, &scope.random)
        } catch {
            throw ExpressionFailure(
                "The function '\(function.rawValue)' had the following error: \(error.message)",
                error: StatesError.intrinsicFailure
            )
        }
    }
}

/// Why a text is no call of an intrinsic function.
struct IntrinsicSyntaxError: Error {
    var message: String
}

/// Parses calls of intrinsic functions.
struct IntrinsicParser {
    private let bytes: [UInt8]
    private var position = 0

    init(_ text: String) { bytes = Array(text.utf8) }

    mutating func parseWhole() throws(IntrinsicSyntaxError) -> IntrinsicCall {
        skipSpaces()
        let call = try parseCall()
        skipSpaces()
        guard position == bytes.count else { throw IntrinsicSyntaxError(message: "Unexpected text after the call") }
        return call
    }

    private mutating func parseCall() throws(IntrinsicSyntaxError) -> IntrinsicCall {
        let name = scan { $0 != UInt8(ascii: "(") && $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: ")") }
        guard let function = IntrinsicFunction(rawValue: name) else {
            let near = Suggestion.nearest(to: name, among: IntrinsicFunction.allCases.map(\.rawValue))
            throw IntrinsicSyntaxError(
                message: "Unknown function '\(name)'" + (near.map { "; did you mean '\($0)'?" } ?? "")
            )
        }
        guard take("(") else { throw IntrinsicSyntaxError(message: "Expected '(' after \(name)") }
        var arguments: [IntrinsicCall.Argument] = []
        skipSpaces()
        if take(")") { return try checked(function, arguments) }
        while true {
            arguments.append(try parseArgument())
            skipSpaces()
            if take(",") { continue }
            guard take(")") else { throw IntrinsicSyntaxError(message: "Expected ',' or ')' in \(name)") }
            return try checked(function, arguments)
        }
    }

    private func checked(
        _ function: IntrinsicFunction,
        _ arguments: [IntrinsicCall.Argument]
    ) throws(IntrinsicSyntaxError) -> IntrinsicCall {
        guard function.argumentCounts.contains(arguments.count) else {
            throw IntrinsicSyntaxError(
                message: "Wrong number of arguments for \(function.rawValue): \(arguments.count)"
            )
        }
        return IntrinsicCall(function: function, arguments: arguments)
    }

    private mutating func parseArgument() throws(IntrinsicSyntaxError) -> IntrinsicCall.Argument {
        skipSpaces()
        guard position < bytes.count else { throw IntrinsicSyntaxError(message: "Expected an argument") }
        switch bytes[position] {
        case UInt8(ascii: "'"): return .literal(.string(try parseText()))
        case UInt8(ascii: "$"): return .path(try parsePath())
        case UInt8(ascii: "S"): return .call(try parseCall())
        default:
            let word = scan { $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: ")") && $0 != 0x20 }
            guard let value = try? JSON(parsing: word) else {
                throw IntrinsicSyntaxError(message: "'\(word)' is no argument")
            }
            return .literal(value)
        }
    }

    /// A text in single quotes, `\'` and `\\` being escapes. The braces of `States.Format` keep theirs.
    private mutating func parseText() throws(IntrinsicSyntaxError) -> String {
        position += 1
        var decoded: [UInt8] = []
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            if byte == UInt8(ascii: "'") { return String(decoding: decoded, as: UTF8.self) }
            if byte == UInt8(ascii: "\\"), position < bytes.count {
                let escaped = bytes[position]
                position += 1
                if escaped == UInt8(ascii: "{") || escaped == UInt8(ascii: "}") || escaped == UInt8(ascii: "n") {
                    decoded.append(byte)
                }
                decoded.append(escaped)
                continue
            }
            decoded.append(byte)
        }
        throw IntrinsicSyntaxError(message: "Unterminated text")
    }

    /// A path ends at a comma or parenthesis outside of its own brackets.
    private mutating func parsePath() throws(IntrinsicSyntaxError) -> JSONPath {
        let start = position
        var depth = 0
        var quote: UInt8?
        while position < bytes.count {
            let byte = bytes[position]
            if let open = quote {
                if byte == open { quote = nil }
            } else if depth > 0, byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") {
                quote = byte
            } else if byte == UInt8(ascii: "[") || byte == UInt8(ascii: "(") {
                depth += 1
            } else if byte == UInt8(ascii: "]") || (byte == UInt8(ascii: ")") && depth > 0) {
                depth -= 1
            } else if depth == 0, byte == UInt8(ascii: ",") || byte == UInt8(ascii: ")") || byte == 0x20 {
                break
            }
            position += 1
        }
        do {
            return try JSONPath(String(decoding: bytes[start..<position], as: UTF8.self))
        } catch {
            throw IntrinsicSyntaxError(message: error.description)
        }
    }

    private mutating func scan(while condition: (UInt8) -> Bool) -> String {
        let start = position
        while position < bytes.count, condition(bytes[position]) { position += 1 }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func skipSpaces() {
        while position < bytes.count, bytes[position] == 0x20 || bytes[position] == 0x0A { position += 1 }
    }
}
