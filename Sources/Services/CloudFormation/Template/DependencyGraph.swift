import AWSProtocol
import JSON

/// Which resources must stand before which.
struct DependencyGraph {
    /// The active resources, each after those that it needs; of two that need not wait for each other, as written.
    let order: [Template.Resource]

    /// - Throws: `ValidationError` that names the resources of a circle.
    init(_ evaluation: Evaluation) throws(AWSError) {
        let resources = evaluation.activeResources
        let ids = Set(resources.map(\.logicalID))
        var needs: [String: Set<String>] = [:]
        for resource in resources {
            let targets = References(in: Self.pruned(resource.properties, evaluation)).all.map(\.target)
            needs[resource.logicalID] = Set(targets + resource.dependsOn).intersection(ids)
        }
        var order: [Template.Resource] = []
        var placed: Set<String> = []
        var rest = resources
        while !rest.isEmpty {
            let ready = rest.filter { placed.isSuperset(of: needs[$0.logicalID] ?? []) }
            guard !ready.isEmpty else {
                let circle = rest.map(\.logicalID).filter { id in Self.reaches(id, from: id, needs) }.sorted()
                throw .validation("Circular dependency between resources: [\(circle.joined(separator: ", "))]")
            }
            order += ready
            placed.formUnion(ready.map(\.logicalID))
            rest.removeAll { placed.contains($0.logicalID) }
        }
        self.order = order
    }

    /// The value with only those branches of `Fn::If` that are taken.
    private static func pruned(_ value: JSON, _ evaluation: Evaluation) -> JSON {
        switch value {
        case .array(let elements): .array(elements.map { pruned($0, evaluation) })
        case .object(let members):
            if members.count == 1, let branches = members["Fn::If"], let name = branches[0]?.stringValue {
                pruned(branches[evaluation.isActive(name) ? 1 : 2] ?? .null, evaluation)
            } else {
                .object(members.mapValues { pruned($0, evaluation) })
            }
        default: value
        }
    }

    private static func reaches(_ target: String, from start: String, _ needs: [String: Set<String>]) -> Bool {
        var seen: Set<String> = []
        var open = Array(needs[start] ?? [])
        while let id = open.popLast() {
            if id == target { return true }
            if seen.insert(id).inserted { open += needs[id] ?? [] }
        }
        return false
    }
}
