public import JSON

/// What a rule asks of an event.
///
///     let pattern = try EventPattern(parsing: #"{"source": ["aws.s3"], "detail": {"size": [{"numeric": [">", 0]}]}}"#)
///     pattern.matches(event)
///
/// It is compiled once, and follows aws/event-ruler, the engine that EventBridge runs.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html>
public struct EventPattern: Sendable {
    /// One way to fulfil the pattern: what each of these fields must be. `$or` makes several.
    typealias Alternative = [(path: String, matchers: [ValueMatcher])]

    let alternatives: [Alternative]

    /// - Throws: `EventPatternError` in AWS's words where the text is no pattern.
    public init(parsing text: String) throws(EventPatternError) {
        var compiler = PatternCompiler(text)
        let alternatives = try compiler.compile()
        // In the order of their paths, in which event-ruler looks at them.
        self.alternatives = alternatives.map { fields in
            fields.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        }
    }

    public func matches(_ event: JSON) -> Bool { matches(FlatEvent(event)) }

    /// The same, for an event that many patterns are held against.
    public func matches(_ event: FlatEvent) -> Bool {
        alternatives.contains { Self.matches($0, event) }
    }

    /// Whether an event could match whose field at `path` (`source`, `account`) has this value, whatever else it holds.
    public func allows(_ value: String, at path: String) -> Bool {
        alternatives.contains { alternative in
            alternative.filter { $0.path == path }
                .allSatisfy { field in field.matchers.contains { $0.matches(.string(value)) } }
        }
    }

    /// Most events are refused by the first field that is looked at; only those that have arrays of objects need more.
    private static func matches(_ alternative: Alternative, _ event: FlatEvent) -> Bool {
        for field in alternative {
            let found = event[field.path]
            let mayBeAbsent = found.isEmpty || event.hasElements
            let isMatched =
                found.contains { candidate in field.matchers.contains { $0.matches(candidate.value) } }
                || mayBeAbsent && field.matchers.contains(where: \.isAbsence)
            guard isMatched else { return false }
        }
        return !event.hasElements || matchesInOneElement(alternative, event)
    }

    /// Fields inside an array's objects have to be found in one and the same object.
    private static func matchesInOneElement(_ alternative: Alternative, _ event: FlatEvent) -> Bool {
        var memberships: Set<ArrayMembership> = [ArrayMembership()]
        for (position, field) in alternative.enumerated() {
            // Only arrays that later fields are in bind them.
            let binding = alternative[(position + 1)...].reduce(into: Set<Int>()) { arrays, later in
                arrays.formUnion(event.arrays(at: later.path))
            }
            var found = ConsistentFields(event[field.path]) { value in field.matchers.contains { $0.matches(value) } }
            let mayBeAbsent = field.matchers.contains(where: \.isAbsence)
            var next: Set<ArrayMembership> = []
            for membership in memberships {
                let consistent = found.fields(with: membership)
                if consistent.isEmpty, mayBeAbsent { next.insert(membership.restricted(to: binding)) }
                for candidate in consistent where candidate.isMatch {
                    next.insert(membership.joined(with: candidate.membership).restricted(to: binding))
                }
            }
            guard !next.isEmpty else { return false }
            memberships = next
        }
        return true
    }
}

/// Why a text is no event pattern.
public struct EventPatternError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What EventBridge writes behind "Event pattern is not valid. Reason: ".
    public var reason: String

    public var description: String { reason }
}
