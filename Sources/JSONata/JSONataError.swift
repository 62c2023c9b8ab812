/// Why an expression could not be compiled or evaluated.
public struct JSONataError: Error, Hashable, Sendable, CustomStringConvertible {
    /// JSONata's own code: `S…` for syntax, `T…` for types, `D…` for values, `U1001` for limits.
    public var code: String
    /// Where in the expression, in UTF-16 units from its start; nil where the place is unknown.
    public var position: Int?
    /// The operator, function or word concerned.
    public var token: String?
    /// The value concerned, as JSON text or as the expression spelled it.
    public var value: String?
    /// The second value concerned, where two are compared.
    public var value2: String?
    /// Which argument of a function is concerned, counted from 1.
    public var index: Int?

    private var customMessage: String?

    init(
        _ code: String,
        position: Int? = nil,
        token: String? = nil,
        value: String? = nil,
        value2: String? = nil,
        index: Int? = nil
    ) {
        self.code = code
        self.position = position
        self.token = token
        self.value = value
        self.value2 = value2
        self.index = index
    }

    /// An error of a function that a host registers, with its own wording.
    public init(code: String, message: String) {
        self.code = code
        customMessage = message
    }

    /// What went wrong, in the words of the reference implementation.
    public var message: String {
        if let customMessage { return customMessage }
        guard let template = Self.templates[code] else { return code }
        return filled(template)
    }

    public var description: String { "\(code): \(message)" }

    private func filled(_ template: String) -> String {
        var text = ""
        var rest = template[...]
        while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
            text += rest[..<open]
            let name = rest[rest.index(after: open)..<close]
            text += field(String(name))
            rest = rest[rest.index(after: close)...]
        }
        return text + rest
    }

    private func field(_ name: String) -> String {
        switch name {
        case "token": token ?? "undefined"
        case "value": value ?? "undefined"
        case "value2": value2 ?? "undefined"
        case "index": index.map(String.init) ?? "undefined"
        default: "undefined"
        }
    }
}
