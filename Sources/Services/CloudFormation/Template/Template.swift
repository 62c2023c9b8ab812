import AWSProtocol
import JSON

/// A template after its transforms: what a stack is made of.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html>
struct Template: Sendable {
    struct Resource: Sendable {
        var logicalID: String
        var type: String
        var properties: JSON
        var dependsOn: [String]
        var condition: String?
        var deletionPolicy: String?
        var updateReplacePolicy: String?
        var metadata: JSON?
    }

    struct Output: Sendable {
        var key: String
        var value: JSON
        var description: String?
        var exportName: JSON?
        var condition: String?
    }

    var tree: JSON
    var description: String?
    var metadata: JSON?
    var parameters: [ParameterDeclaration]
    var mappings: JSON
    var conditions: JSON.Object
    var resources: [Resource]
    var outputs: [Output]

    private static let sections: Set<String> = [
        "AWSTemplateFormatVersion", "Conditions", "Description", "Globals", "Hooks", "Mappings", "Metadata", "Outputs",
        "Parameters", "Resources", "Rules", "Transform",
    ]
    private static let resourceMembers: Set<String> = [
        "Condition", "Connectors", "CreationPolicy", "DeletionPolicy", "DependsOn", "Description", "Metadata",
        "Properties", "Type", "UpdatePolicy", "UpdateReplacePolicy",
    ]

    /// - Parameter tree: with transforms applied.
    /// - Throws: `ValidationError` where the template is not one.
    init(_ tree: JSON) throws(AWSError) {
        guard case .object(let members) = tree else {
            throw .validation("Template format error: unsupported structure.")
        }
        let unknown = members.keys.filter { !Self.sections.contains($0) }
        guard unknown.isEmpty else {
            throw .validation("Invalid template property or properties [\(unknown.joined(separator: ", "))]")
        }
        self.tree = tree
        description = members["Description"]?.stringValue
        metadata = members["Metadata"]
        mappings = members["Mappings"] ?? [:]
        conditions = members["Conditions"]?.objectValue ?? [:]
        var parameters: [ParameterDeclaration] = []
        for (name, declaration) in members["Parameters"]?.objectValue ?? [:] {
            parameters.append(try ParameterDeclaration(name, declaration))
        }
        self.parameters = parameters
        guard let resources = members["Resources"]?.objectValue, !resources.isEmpty else {
            throw .validation("Template format error: At least one Resources member must be defined.")
        }
        self.resources = []
        for (id, resource) in resources { self.resources.append(try Self.resource(id, resource)) }
        outputs = []
        for (key, output) in members["Outputs"]?.objectValue ?? [:] { outputs.append(try Self.output(key, output)) }
        try checkReferences()
    }

    private static func resource(_ id: String, _ tree: JSON) throws(AWSError) -> Resource {
        guard id.utf8.allSatisfy({ $0.isASCIIAlphanumeric }) else {
            throw .validation("Template format error: Resource name \(id) is non alphanumeric.")
        }
        guard case .object(let members) = tree, let type = members["Type"]?.stringValue else {
            throw .validation(
                "Template format error: [/Resources/\(id)] Every Resources object must contain a Type member."
            )
        }
        for member in members.keys where !resourceMembers.contains(member) {
            throw .validation("Invalid template resource property '\(member)'")
        }
        let dependsOn = members["DependsOn"]
        return Resource(
            logicalID: id,
            type: type,
            properties: members["Properties"] ?? [:],
            dependsOn: dependsOn?.arrayValue?.compactMap(\.stringValue) ?? dependsOn?.stringValue.map { [$0] } ?? [],
            condition: members["Condition"]?.stringValue,
            deletionPolicy: members["DeletionPolicy"]?.stringValue,
            updateReplacePolicy: members["UpdateReplacePolicy"]?.stringValue,
            metadata: members["Metadata"]
        )
    }

    private static func output(_ key: String, _ tree: JSON) throws(AWSError) -> Output {
        guard let value = tree["Value"], !value.isNull else {
            throw .validation(
                "Template format error: Output \(key) is malformed. Every Outputs member must contain a Value object"
            )
        }
        return Output(
            key: key,
            value: value,
            description: tree["Description"]?.stringValue,
            exportName: tree["Export"]?["Name"],
            condition: tree["Condition"]?.stringValue
        )
    }

    /// Every `Ref`, `Fn::GetAtt`, `DependsOn` and `Condition` names something that is declared.
    private func checkReferences() throws(AWSError) {
        let resourceIDs = Set(resources.map(\.logicalID))
        let names = resourceIDs.union(parameters.map(\.name))
        for (section, values) in [
            ("Resources", resources.map { ($0.properties, $0.dependsOn) }), ("Outputs", outputs.map { ($0.value, []) }),
        ] {
            var unresolved: [String] = []
            for (value, dependsOn) in values {
                unresolved += dependsOn.filter { !resourceIDs.contains($0) }
                for reference in References(in: value).all {
                    switch reference {
                    case .name(let name) where !names.contains(name) && !name.hasPrefix("AWS::"):
                        unresolved.append(name)
                    case .attribute(let id, _) where !resourceIDs.contains(id):
                        throw .validation(
                            "Template error: instance of Fn::GetAtt references undefined resource \(id)"
                        )
                    default: break
                    }
                }
            }
            guard unresolved.isEmpty else {
                throw .validation(
                    "Template format error: Unresolved resource dependencies [\(unresolved.uniqued().joined(separator: ", "))] "
                        + "in the \(section) block of the template"
                )
            }
        }
        for resource in resources {
            guard let condition = resource.condition, conditions[condition] == nil else { continue }
            throw .validation(
                "Template format error: Unresolved condition dependency \(condition) in the Resources block of the template"
            )
        }
    }
}

extension Sequence where Element: Hashable {
    /// Each element once, in the order of its first appearance.
    func uniqued() -> [Element] {
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}

extension UInt8 {
    var isASCIIAlphanumeric: Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self)
            || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self)
    }
}
