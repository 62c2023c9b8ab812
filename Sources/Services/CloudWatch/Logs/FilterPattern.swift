import AWSProtocol
import JSON

/// What `FilterLogEvents` looks for in a message: terms and phrases.
///
/// `ERROR timeout` wants both, `?ERROR ?WARN` any, `-DEBUG` is not to occur, `"two words"` is one phrase; letters count
/// as they are.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html>
struct FilterPattern {
    private var required: [String] = []
    private var alternatives: [String] = []
    private var excluded: [String] = []

    static let all = FilterPattern()

    private init() {}

    /// - Throws: `InvalidParameterException` for patterns over fields (`{…}`, `[…]`, `%…%`), which are not served, and
    ///   for a quotation mark that is not closed.
    init(_ text: String) throws(AWSError) {
        if let first = text.first(where: { !$0.isWhitespace }), "{[%".contains(first) {
            throw .invalidParameter(
                "Invalid filter pattern: Trainyard serves terms and quoted phrases, not patterns that begin with '\(first)'."
            )
        }
        var rest = text[...]
        while let start = rest.firstIndex(where: { !$0.isWhitespace }) {
            rest = rest[start...]
            let mark = rest[start]
            if mark == "?" || mark == "-" { rest.removeFirst() }
            let term = try Self.takeTerm(from: &rest)
            guard !term.isEmpty else { continue }
            switch mark {
            case "?": alternatives.append(term)
            case "-": excluded.append(term)
            default: required.append(term)
            }
        }
    }

    private static func takeTerm(from rest: inout Substring) throws(AWSError) -> String {
        guard rest.first == "\"" else {
            let end = rest.firstIndex(where: \.isWhitespace) ?? rest.endIndex
            defer { rest = rest[end...] }
            return String(rest[..<end])
        }
        rest.removeFirst()
        var term = ""
        while let character = rest.popFirst() {
            if character == "\"" { return term }
            if character == "\\", let escaped = rest.popFirst() { term.append(escaped) } else { term.append(character) }
        }
        throw .invalidParameter("Invalid filter pattern: a quotation mark is not closed.")
    }

    func matches(_ message: String) -> Bool {
        required.allSatisfy(message.contains)
            && (alternatives.isEmpty || alternatives.contains(where: message.contains))
            && !excluded.contains(where: message.contains)
    }
}
