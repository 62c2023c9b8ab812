import JSON
import Suggestion

/// Reads a definition from its JSON.
struct DefinitionParser {
    private static let versions = ["2020-12-01"]
    /// `MlflowConfig` is where AWS keeps track of executions besides; there is no MLflow here, and it changes no step.
    private static let members = [
        "Version", "Metadata", "Parameters", "PipelineExperimentConfig", "MlflowConfig", "Steps",
    ]
    /// AWS's limits.
    private static let maximumSteps = 50
    private static let maximumParameters = 200

    private var parameters: [PipelineParameter] = []
    private var steps: [PipelineStep] = []

    mutating func parse(_ value: JSON) throws(DefinitionError) -> PipelineDefinition {
        guard let members = value.objectValue else { throw DefinitionError("Expecting start of Json Object", at: "") }
        try Self.requireKnown(members.keys, among: Self.members, at: "")
        let version = members["Version"]?.stringValue ?? ""
        guard Self.versions.contains(version) else {
            throw DefinitionError("Unknown version [\(version)], write 2020-12-01", at: "/Version")
        }
        for (index, parameter) in try Self.list(value, "Parameters", at: "").enumerated() {
            try add(parameter: parameter, at: "/Parameters/\(index)")
        }
        guard value["Steps"] != nil else { throw DefinitionError("Steps are missing", at: "") }
        for (index, step) in try Self.list(value, "Steps", at: "").enumerated() {
            try add(step: step, branch: nil, at: "/Steps/\(index)")
        }
        guard !steps.isEmpty else { throw DefinitionError("There must be at least one step", at: "/Steps") }
        guard steps.count <= Self.maximumSteps else {
            throw DefinitionError("\(steps.count) steps are more than \(Self.maximumSteps)", at: "/Steps")
        }
        let experiment = try members["PipelineExperimentConfig"].map { configuration throws(DefinitionError) in
            try Expression(configuration, at: "/PipelineExperimentConfig")
        }
        try checkReferences(experiment)
        return try PipelineDefinition(parameters: parameters, steps: steps, experiment: experiment)
    }

    // MARK: Parameters

    private mutating func add(parameter value: JSON, at location: String) throws(DefinitionError) {
        guard let members = value.objectValue else {
            throw DefinitionError("Expecting start of Json Object", at: location)
        }
        try Self.requireKnown(
            members.keys,
            among: ["Name", "Type", "DefaultValue", "EnumValues", "Description"],
            at: location
        )
        let name = try Self.name(value, at: location, longest: 64)
        guard !parameters.contains(where: { $0.name == name }) else {
            throw DefinitionError("Duplicate parameter name [\(name)]", at: "\(location)/Name")
        }
        guard parameters.count < Self.maximumParameters else {
            throw DefinitionError("More than \(Self.maximumParameters) parameters", at: "/Parameters")
        }
        let typeName = value["Type"]?.stringValue ?? "String"
        guard let type = PipelineParameter.ValueType(rawValue: typeName) else {
            let hint = Suggestion.phrase(
                for: typeName,
                among: PipelineParameter.ValueType.allCases.map(\.rawValue)
            )
            throw DefinitionError("Unknown parameter type [\(typeName)]\(hint)", at: "\(location)/Type")
        }
        let enumeration = try Self.list(value, "EnumValues", at: location)
        let defaultValue = value["DefaultValue"].flatMap { $0.isNull ? nil : $0 }
        for (place, given) in enumeration.map({ ("EnumValues", $0) })
            + (defaultValue.map { [("DefaultValue", $0)] } ?? [])
        where !type.accepts(given) {
            throw DefinitionError(
                "Parameter [\(name)]: \(given.serialized()) is not of type \(type.rawValue)",
                at: "\(location)/\(place)"
            )
        }
        if let defaultValue, !enumeration.isEmpty, !enumeration.contains(defaultValue) {
            throw DefinitionError(
                "Parameter [\(name)]: \(defaultValue.serialized()) is not one of EnumValues",
                at: "\(location)/DefaultValue"
            )
        }
        parameters.append(
            PipelineParameter(name: name, type: type, defaultValue: defaultValue, enumeration: enumeration)
        )
    }

    // MARK: Steps

    private mutating func add(
        step value: JSON,
        branch: PipelineStep.Branch?,
        at location: String
    ) throws(DefinitionError) {
        let step = try PipelineStep(value, branch: branch, at: location)
        guard !steps.contains(where: { $0.name == step.name }) else {
            throw DefinitionError("Duplicate step name [\(step.name)]", at: "\(location)/Name")
        }
        steps.append(step)
        guard step.type == .condition, let arguments = value["Arguments"] else { return }
        for (member, isTaken) in [("IfSteps", true), ("ElseSteps", false)] {
            for (index, inner) in try Self.list(arguments, member, at: "\(location)/Arguments").enumerated() {
                try add(
                    step: inner,
                    branch: PipelineStep.Branch(condition: step.name, isTaken: isTaken),
                    at: "\(location)/Arguments/\(member)/\(index)"
                )
            }
        }
    }

    // MARK: References

    /// Parameters and property files that references name must be there; steps are checked with the graph.
    private func checkReferences(_ experiment: Expression?) throws(DefinitionError) {
        for reference in experiment?.references ?? [] {
            try check(reference, at: "/PipelineExperimentConfig")
        }
        for step in steps {
            for reference in step.references { try check(reference, at: "\(step.location)/Arguments") }
        }
    }

    private func check(_ reference: Reference, at location: String) throws(DefinitionError) {
        switch reference {
        case .execution, .step: return
        case .parameter(let name):
            guard parameters.contains(where: { $0.name == name }) else {
                let hint = Suggestion.phrase(for: name, among: parameters.map(\.name))
                throw DefinitionError("There is no parameter [\(name)]\(hint)", at: location)
            }
        case .propertyFile(let stepName, let name):
            guard let step = steps.first(where: { $0.name == stepName }) else { return }
            guard step.propertyFiles.contains(where: { $0.name == name }) else {
                let hint = Suggestion.phrase(for: name, among: step.propertyFiles.map(\.name))
                throw DefinitionError("The step [\(stepName)] has no property file [\(name)]\(hint)", at: location)
            }
        }
    }
}

// MARK: - Members

extension DefinitionParser {
    static func requireKnown(
        _ keys: [String],
        among known: [String],
        at location: String
    ) throws(DefinitionError) {
        guard let unknown = keys.first(where: { !known.contains($0) }) else { return }
        let hint = Suggestion.phrase(for: unknown, among: known)
        throw DefinitionError("Cannot parse object, unknown property '\(unknown)'\(hint)", at: location)
    }

    /// A member that is a list; empty where it is not given.
    static func list(_ value: JSON, _ member: String, at location: String) throws(DefinitionError) -> [JSON] {
        guard let given = value[member], !given.isNull else { return [] }
        guard let list = given.arrayValue else {
            throw DefinitionError("Expecting start of Json Array", at: "\(location)/\(member)")
        }
        return list
    }

    static func strings(_ value: JSON, _ member: String, at location: String) throws(DefinitionError) -> [String] {
        var strings: [String] = []
        for (index, element) in try list(value, member, at: location).enumerated() {
            guard let string = element.stringValue else {
                throw DefinitionError("Expecting a text", at: "\(location)/\(member)/\(index)")
            }
            strings.append(string)
        }
        return strings
    }

    static func name(_ value: JSON, at location: String, longest: Int) throws(DefinitionError) -> String {
        guard let name = value["Name"]?.stringValue else { throw DefinitionError("Name is missing", at: location) }
        let isAllowed = name.unicodeScalars.allSatisfy { scalar in
            scalar.isASCII
                && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || scalar == "-" || scalar == "_")
        }
        guard isAllowed, (1...longest).contains(name.count) else {
            throw DefinitionError(
                "The name [\(name)] must have 1 to \(longest) letters, digits, hyphens and underscores",
                at: "\(location)/Name"
            )
        }
        return name
    }
}
