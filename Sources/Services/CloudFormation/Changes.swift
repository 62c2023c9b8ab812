import AWSProtocol
import JSON
import Store

/// What a change set would do.
extension CloudFormationService {
    /// The changes that bring the stack to `target`, as `DescribeChangeSet` answers them.
    func changes(of stack: Stack, to target: StackTarget, isNew: Bool) async throws -> [JSON] {
        let template = try Template(JSON(parsing: target.processed))
        var evaluation = try await evaluation(of: template, target, stack: stack)
        evaluation.isPreview = true
        let standing = try await store.read { db in try StackResource.all(of: stack.id, in: db) }
            .filter { !$0.isObsolete && $0.status != "DELETE_COMPLETE" }
        let records = Dictionary(standing.map { ($0.logicalID, $0) }) { $1 }
        var changes: [JSON] = []
        let order = try DependencyGraph(evaluation).order
        for resource in order {
            guard let record = records[resource.logicalID] else {
                changes.append(Self.change("Add", resource.logicalID, resource.type))
                continue
            }
            let change = try Self.change(record, to: resource, evaluation)
            if let change { changes.append(change) }
            // What refers to a resource that is replaced changes with it.
            guard change?["ResourceChange"]?["Replacement"] != "True" else { continue }
            let deployed = record.deployed
            evaluation.resources[resource.logicalID] = ResourceValue(
                reference: deployed.physicalID,
                attributes: deployed.attributes
            )
        }
        let kept = Set(order.map(\.logicalID))
        changes += standing.reversed().filter { !kept.contains($0.logicalID) }.map {
            Self.change("Remove", $0.logicalID, $0.type, physicalID: $0.physicalID)
        }
        return changes
    }

    /// Nil where nothing changes.
    private static func change(
        _ record: StackResource,
        to resource: Template.Resource,
        _ evaluation: Evaluation
    ) throws -> JSON? {
        let before = record.deployed.properties
        let after = try evaluation.resolve(resource.properties)?.objectValue ?? [:]
        let changed = (before.keys + after.keys).uniqued().filter { before[$0] != after[$0] }
        let isOther = record.type != resource.type
        guard !changed.isEmpty || isOther else { return nil }
        let replacing = ResourceTypes.all[resource.type]?.replacing ?? []
        let details = changed.map { name -> JSON in
            let isKnown = after[name].map { !$0.serialized().contains(Evaluation.knownAfterApply) } ?? true
            return [
                "Target": [
                    "Attribute": "Properties", "Name": .string(name),
                    "RequiresRecreation": replacing.contains(name) ? (isKnown ? "Always" : "Conditionally") : "Never",
                ],
                "Evaluation": isKnown ? "Static" : "Dynamic",
                "ChangeSource": isKnown ? "DirectModification" : "ResourceReference",
            ]
        }
        let recreations = details.map { $0["Target"]?["RequiresRecreation"] }
        let replacement =
            isOther || recreations.contains("Always")
            ? "True" : recreations.contains("Conditionally") ? "Conditional" : "False"
        var change = change("Modify", resource.logicalID, resource.type, physicalID: record.physicalID)
        var members = change["ResourceChange"] ?? [:]
        members["Replacement"] = .string(replacement)
        members["Scope"] = ["Properties"]
        members["Details"] = .array(details)
        change["ResourceChange"] = members
        return change
    }

    private static func change(_ action: String, _ id: String, _ type: String, physicalID: String? = nil) -> JSON {
        [
            "Type": "Resource",
            "ResourceChange": .compact([
                "Action": .string(action),
                "LogicalResourceId": .string(id),
                "PhysicalResourceId": physicalID.map { .string($0) },
                "ResourceType": .string(type),
                "Scope": [],
                "Details": [],
            ]),
        ]
    }
}
