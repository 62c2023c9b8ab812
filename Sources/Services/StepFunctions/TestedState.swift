import AWSProtocol
import JSON
import StatesLanguage

/// A state taken out of its machine, to be run by itself.
///
/// It runs in a machine made for it: where it would go next stand states that hand on what they get. A Map or Parallel
/// state, whose branches are always mocked, becomes a task whose answer is the mock.
struct TestedState: Sendable {
    /// The name of a state that is defined alone.
    static let standaloneName = "StateName"

    let name: String
    let fields: JSON.Object
    let isJSONata: Bool

    var kind: String { fields["Type"]?.stringValue ?? "" }
    var hasBranches: Bool { kind == "Map" || kind == "Parallel" }
    var resource: TaskResource? { fields["Resource"]?.stringValue.flatMap { TaskResource($0) } }
    var retriers: [JSON] { fields["Retry"]?.arrayValue ?? [] }
    var catchers: [JSON] { fields["Catch"]?.arrayValue ?? [] }

    /// - Throws: `ValidationException` where the machine has no such state, `InvalidDefinition`.
    init(_ definition: String, named stateName: String?) throws(AWSError) {
        guard let root = try? JSON(parsing: definition), let object = root.objectValue else {
            // The parser words what is wrong with it.
            try Self.check(definition)
            throw AWSError("InvalidDefinition", "Invalid State Machine Definition")
        }
        let inherited = object["QueryLanguage"]?.stringValue
        guard let stateName else {
            name = object["StartAt"] == nil ? Self.standaloneName : object["StartAt"]?.stringValue ?? ""
            fields = object["States"]?[name]?.objectValue ?? object
            isJSONata = (fields["QueryLanguage"]?.stringValue ?? inherited) == "JSONata"
            return
        }
        guard let found = Self.find(stateName, in: root) else {
            throw AWSError("ValidationException", "State not found in definition")
        }
        name = stateName
        fields = found
        isJSONata = (found["QueryLanguage"]?.stringValue ?? inherited) == "JSONata"
    }

    /// Looks in the machine's states, then in those of its Map and Parallel states.
    private static func find(_ name: String, in machine: JSON) -> JSON.Object? {
        guard let states = machine["States"]?.objectValue else { return nil }
        if let state = states[name]?.objectValue { return state }
        for (_, state) in states {
            let inner =
                (state["Branches"]?.arrayValue ?? []) + [state["ItemProcessor"], state["Iterator"]].compactMap(\.self)
            for machine in inner {
                if let found = find(name, in: machine) { return found }
            }
        }
        return nil
    }

    /// - Throws: `InvalidDefinition` with what is wrong with the state as it is.
    func check() throws(AWSError) {
        try Self.check(machine(fields).serialized())
    }

    private static func check(_ definition: String) throws(AWSError) {
        do {
            _ = try StateMachine(parsing: definition)
        } catch {
            throw AWSError("InvalidDefinition", "Invalid State Machine Definition: '\(error)'")
        }
    }

    // MARK: Machines for it

    /// The machine that runs the state, less some of its fields.
    /// - Parameter variables: set before the state runs.
    func machine(without dropped: Set<String> = [], variables: JSON.Object = [:]) -> JSON {
        var state = hasBranches ? mockedBranches : fields
        for field in dropped { state.removeValue(forKey: field) }
        return machine(state, variables: variables)
    }

    /// A machine with a Pass state that has only these of the state's fields.
    func probe(_ kept: [String], variables: JSON.Object) -> JSON {
        var state: JSON.Object = ["Type": "Pass", "End": true]
        for field in kept { state[field] = fields[field] }
        return machine(state, variables: variables)
    }

    /// A machine whose output is what the Map state's `ItemSelector` makes of each item; nil where there is none, or where
    /// the items come from a reader.
    func selection(variables: JSON.Object) -> JSON? {
        let field = fields["ItemSelector"] == nil ? "Parameters" : "ItemSelector"
        guard let selector = fields[field], fields["ItemReader"] == nil else { return nil }
        let pass: JSON = ["StartAt": "P", "States": ["P": ["Type": "Pass", "End": true]]]
        var map: JSON.Object = ["Type": "Map", "ItemProcessor": pass, "End": true, "ItemSelector": selector]
        for kept in ["InputPath", "ItemsPath", "Items"] { map[kept] = fields[kept] }
        return machine(map, variables: variables)
    }

    private func machine(_ state: JSON.Object, variables: JSON.Object = [:]) -> JSON {
        var state = state
        if isJSONata { state["QueryLanguage"] = "JSONata" }
        var states: JSON.Object = [name: .object(state)]
        for target in Self.targets(of: .object(state)) where states[target] == nil {
            states[target] = ["Type": "Succeed"]
        }
        guard !variables.isEmpty else { return ["StartAt": .string(name), "States": .object(states)] }
        let setup = Self.unused(in: states)
        states[setup] = ["Type": "Pass", "Assign": .object(variables), "Next": .string(name)]
        return ["StartAt": .string(setup), "States": .object(states)]
    }

    private static func unused(in states: JSON.Object) -> String {
        var name = "Variables"
        while states[name] != nil { name += "_" }
        return name
    }

    /// The names that a state may go to.
    private static func targets(of state: JSON) -> [String] {
        let own = [state["Next"], state["Default"]].compactMap { $0?.stringValue }
        let others = (state["Choices"]?.arrayValue ?? []) + (state["Catch"]?.arrayValue ?? [])
        return own + others.compactMap { $0["Next"]?.stringValue }
    }

    /// A task with the state's data flow; its arguments show what the state would work on.
    private var mockedBranches: JSON.Object {
        var task: JSON.Object = ["Type": "Task", "Resource": "arn:aws:states:::lambda:invoke"]
        let kept = [
            "Comment", "InputPath", "ResultSelector", "ResultPath", "OutputPath", "Output", "Assign", "Retry", "Catch",
            "Next", "End",
        ]
        for field in kept { task[field] = fields[field] }
        if kind == "Parallel" {
            for field in ["Parameters", "Arguments"] { task[field] = fields[field] }
            return task
        }
        var shown: JSON.Object = [:]
        for field in ["MaxConcurrency", "ToleratedFailureCount", "ToleratedFailurePercentage"] {
            if let value = fields[field] { shown[field] = value }
            if let path = fields[field + "Path"] { shown[field + ".$"] = path }
        }
        if let items = fields["Items"] { shown["Items"] = items }
        if fields["ItemReader"] == nil, !isJSONata { shown["Items.$"] = fields["ItemsPath"] ?? "$" }
        task[isJSONata ? "Arguments" : "Parameters"] = .object(shown)
        return task
    }
}
