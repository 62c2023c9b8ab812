import JSON

/// What a value of a template refers to, without evaluating it.
struct References {
    enum Reference: Hashable {
        /// `Ref`, or `${Name}` in `Fn::Sub`.
        case name(String)
        /// `Fn::GetAtt`, or `${Name.Attribute}` in `Fn::Sub`.
        case attribute(String, String)

        var target: String {
            switch self {
            case .name(let name), .attribute(let name, _): name
            }
        }
    }

    private(set) var all: [Reference] = []

    init(in value: JSON) { collect(value) }

    private mutating func collect(_ value: JSON) {
        switch value {
        case .array(let elements):
            for element in elements { collect(element) }
        case .object(let members):
            if members.count == 1, let (function, argument) = members.first, isReference(function, argument) { return }
            for (_, member) in members { collect(member) }
        default: break
        }
    }

    private mutating func isReference(_ function: String, _ argument: JSON) -> Bool {
        switch function {
        case "Ref":
            guard let name = argument.stringValue else { return false }
            all.append(.name(name))
            return true
        case "Fn::GetAtt":
            guard let (id, attribute) = GetAtt.parts(argument) else { return false }
            all.append(.attribute(id, attribute.stringValue ?? ""))
            collect(attribute)
            return true
        case "Fn::Sub":
            let text = argument.stringValue ?? argument[0]?.stringValue ?? ""
            let own = argument[1]?.objectValue
            for case .variable(let name) in Substitution.pieces(of: text) where own?[name] == nil {
                all.append(Substitution.reference(name))
            }
            for (_, value) in own ?? [:] { collect(value) }
            return true
        default:
            return false
        }
    }
}

enum GetAtt {
    /// The logical id and the attribute, in either form of writing.
    static func parts(_ argument: JSON) -> (id: String, attribute: JSON)? {
        if let text = argument.stringValue {
            let parts = text.split(separator: ".", maxSplits: 1)
            return parts.count == 2 ? (String(parts[0]), .string(String(parts[1]))) : nil
        }
        guard let id = argument[0]?.stringValue, let attribute = argument[1] else { return nil }
        return (id, attribute)
    }
}

/// The text of `Fn::Sub`.
enum Substitution {
    enum Piece: Hashable {
        case literal(String)
        case variable(String)
    }

    /// `a${B}c` in pieces; `${!B}` is the literal `${B}`.
    static func pieces(of text: String) -> [Piece] {
        var pieces: [Piece] = []
        var literal = ""
        var rest = text[...]
        while let character = rest.first {
            if rest.hasPrefix("${"), let end = rest.firstIndex(of: "}") {
                let name = rest[rest.index(rest.startIndex, offsetBy: 2)..<end]
                rest = rest[rest.index(after: end)...]
                if name.hasPrefix("!") {
                    literal += "${" + name.dropFirst() + "}"
                } else {
                    if !literal.isEmpty { pieces.append(.literal(literal)) }
                    literal = ""
                    pieces.append(.variable(name.filter { !$0.isWhitespace }))
                }
            } else {
                literal.append(character)
                rest.removeFirst()
            }
        }
        if !literal.isEmpty { pieces.append(.literal(literal)) }
        return pieces
    }

    static func reference(_ name: String) -> References.Reference {
        guard let dot = name.firstIndex(of: ".") else { return .name(name) }
        return .attribute(String(name[..<dot]), String(name[name.index(after: dot)...]))
    }
}
