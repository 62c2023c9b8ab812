import JSON

/// The state that an execution failed in, as its history tells it: AWS's causes do not say which attempt it was.
public struct FailedState: Sendable, Equatable {
    public var name: String
    /// How often the state's work was tried, the first time included.
    public var attempts: Int
    /// What the state was given.
    public var input: String
    /// The field of the state whose value could not be had from its input (`card.$`), where that is why.
    public var field: String?

    /// Which state and attempt it was, with the field and the input it did not suit.
    public var description: String {
        var lines = [
            "It failed in the state '\(name)'" + (attempts > 1 ? " after \(attempts) attempts." : ".")
        ]
        if let field { lines.append("The field that its input did not suit: \(field)") }
        let shown = input.count <= Self.longest ? input : input.prefix(Self.longest) + "…"
        if !shown.isEmpty { lines.append("The state's input: \(shown)") }
        return lines.joined(separator: "\n")
    }

    private static let longest = 1000

    /// What AWS's cause of a failed data flow says: `An error occurred while executing the state 'Charge' (entered at the
    /// event id #8). The JSONPath '$.card' specified for the field 'card.$' could not be found in the input '{…}'`.
    struct Place {
        var enteredEvent: Int?
        var field: String?

        /// Nil where the cause is another one.
        init?(cause: String) {
            guard cause.hasPrefix("An error occurred while executing the state '") else { return nil }
            enteredEvent = Self.text(in: cause, from: "(entered at the event id #", to: ")").flatMap { Int($0) }
            field = Self.text(in: cause, from: "for the field '", to: "'")
        }

        private static func text(in cause: String, from start: String, to end: String) -> String? {
            guard let opening = cause.firstRange(of: start) else { return nil }
            let rest = cause[opening.upperBound...]
            guard let closing = rest.firstRange(of: end) else { return nil }
            return String(rest[..<closing.lowerBound])
        }
    }
}
