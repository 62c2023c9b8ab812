import JSON
import JSONPath
import Suggestion

/// Turns a definition's JSON into the interpreter's types, noting everything that is wrong on the way.
struct DefinitionParser {
    let kind: StateMachine.Kind
    private(set) var diagnostics: [Diagnostic] = []
    /// Why a field's value was refused, where that alone is what the user is told.
    private(set) var refusal: String?
    /// Whether the state being parsed is in JSONata.
    var isJSONata = false
    private var isMachineJSONata = false
    /// Whether the definition uses variables, JSONata or `ItemsPointer`.
    var usesRecentLanguage = false
    var stateName = ""
    var stateLocation = ""
    /// The variables that states refer to, by the states' names.
    private var references: [String: [String]] = [:]
    /// The states of the graph being parsed, by name.
    var names: [String: Int] = [:]

    init(kind: StateMachine.Kind) { self.kind = kind }

    mutating func parseMachine(_ object: JSON.Object) -> StateMachine? {
        checkFields(object, ["Comment", "StartAt", "States", "Version", "TimeoutSeconds", "QueryLanguage"], at: "")
        isMachineJSONata = object["QueryLanguage"] == "JSONata"
        usesRecentLanguage = isMachineJSONata
        let timeout = parsePositiveInteger(object["TimeoutSeconds"], at: "/TimeoutSeconds")
        guard let graph = parseGraph(object, at: "") else { return nil }
        return StateMachine(
            comment: object["Comment"]?.stringValue,
            timeoutSeconds: timeout,
            variableReferences: references,
            usesRecentLanguage: usesRecentLanguage,
            graph: graph
        )
    }

    // MARK: Graphs

    /// - Parameter location: of the object that holds `StartAt` and `States`.
    mutating func parseGraph(_ object: JSON.Object, at location: String) -> StateGraph? {
        let missing = ["States", "StartAt"].filter { object[$0] == nil }
        guard missing.isEmpty else {
            fail(
                "These fields are required: [\(missing.joined(separator: ", "))]",
                at: location.isEmpty ? "/" : location
            )
            return nil
        }
        guard case .object(let members)? = object["States"], !members.isEmpty else {
            fail("Expected a non-empty object of states", at: "\(location)/States")
            return nil
        }
        let outer = names
        names = Dictionary(uniqueKeysWithValues: members.keys.enumerated().map { ($1, $0) })
        defer { names = outer }
        let startAt = object["StartAt"]?.stringValue ?? ""
        let start = target(startAt, at: "\(location)/StartAt")
        var states: [State] = []
        for (name, value) in members {
            if let state = parseState(name, value, at: "\(location)/States/\(name)") { states.append(state) }
        }
        guard states.count == members.count, let start else { return nil }
        let graph = StateGraph(start: start, states: states)
        checkReachability(of: graph, at: location)
        return graph
    }

    /// The index of the state that a transition leads to.
    mutating func target(_ name: String, at location: String) -> Int? {
        if let index = names[name] { return index }
        let near = Suggestion.nearest(to: name, among: names.keys.sorted())
        note(
            "MISSING_TRANSITION_TARGET",
            "Missing 'Next' target: \(name)" + (near.map { " (did you mean '\($0)'?)" } ?? ""),
            at: location
        )
        return nil
    }

    private mutating func checkReachability(of graph: StateGraph, at location: String) {
        guard graph.states.contains(where: \.isTerminal) else {
            return note("MISSING_END_STATE", "Workflow has no terminal state", at: nil)
        }
        var reached: Set<Int> = [graph.start]
        var queue = [graph.start]
        while let index = queue.popLast() {
            for next in graph.states[index].successors where reached.insert(next).inserted { queue.append(next) }
        }
        for (index, state) in graph.states.enumerated() where !reached.contains(index) {
            note(
                "MISSING_TRANSITION_TARGET",
                "State \"\(state.name)\" is not reachable.",
                at: "\(location)/States/\(state.name)"
            )
        }
    }

    // MARK: Query language

    /// Takes over the state's language: its own, or the machine's.
    mutating func chooseLanguage(_ language: JSON?, at location: String) -> Bool {
        isJSONata = language.map { $0 == "JSONata" } ?? isMachineJSONata
        if isJSONata { usesRecentLanguage = true }
        guard isMachineJSONata, !isJSONata else { return true }
        fail("'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine", at: location)
        return false
    }

    // MARK: Places and references

    /// The place of a location within its state: `Output/result`.
    func place(at location: String) -> String { String(location.dropFirst(stateLocation.utf8.count + 1)) }

    func place(of field: String, at location: String) -> String { place(at: "\(location)/\(field)") }

    /// Notes the variables that the state refers to.
    mutating func refer(to variables: [String]) {
        guard !variables.isEmpty else { return }
        var known = references[stateName] ?? []
        for variable in variables where !known.contains(variable) { known.append(variable) }
        references[stateName] = known
    }

    // MARK: Notes

    mutating func note(_ code: String, _ message: String, at location: String?) {
        diagnostics.append(Diagnostic(code, message, at: location))
    }

    mutating func fail(_ message: String, at location: String) {
        note("SCHEMA_VALIDATION_FAILED", message, at: location)
    }

    /// Notes a value that is of the right type and still cannot be.
    mutating func refuse(_ reason: String, at location: String) {
        refusal = refusal ?? reason
        fail(reason, at: location)
    }

    mutating func checkFields(_ object: JSON.Object, _ known: Set<String>, at location: String) {
        for key in object.keys where !known.contains(key) {
            let near = Suggestion.nearest(to: key, among: known.sorted())
            fail(
                "Field '\(key)' is not supported" + (near.map { ", did you mean '\($0)'?" } ?? ""),
                at: location.isEmpty ? "/" : location
            )
        }
    }
}

extension State {
    fileprivate var isTerminal: Bool {
        switch kind {
        case .succeed, .fail: true
        case .choice: false
        default: transition == .end
        }
    }

    /// Where the state may go on, its catchers included.
    fileprivate var successors: [Int] {
        var found = catchers.map(\.next)
        if case .choice(let rules, let otherwise) = kind {
            return found + rules.map(\.next) + [otherwise].compactMap(\.self)
        }
        if case .next(let index) = transition { found.append(index) }
        return found
    }
}
