import AWSProtocol
import JSON

/// A cluster's instances: groups, or fleets, with the instances of each. Only the primary one does work here; the others
/// are on paper, so that what asks about them finds what was ordered.
struct InstanceCollection: Sendable {
    /// The most instances that are made up for a group; a cluster of more still has its count.
    private static let maximumListed = 100

    let json: JSON

    /// What was stored.
    init(_ json: JSON) { self.json = json }

    /// `INSTANCE_GROUP` or `INSTANCE_FLEET`
    var type: String? { json["Type"]?.stringValue }
    var groups: [JSON] { json["Groups"]?.arrayValue ?? [] }

    /// The instance that is this machine.
    var master: (id: String, group: String?, type: String)? {
        guard let group = groups.first(where: { $0["Role"] == "MASTER" }), let instance = group["Instances"]?[0] else {
            return nil
        }
        return (
            instance["Ec2InstanceId"]?.stringValue ?? "", group["Id"]?.stringValue,
            group["InstanceType"]?.stringValue ?? ""
        )
    }

    var count: Int { groups.reduce(0) { $0 + ($1["Count"]?.intValue ?? 0) } }

    /// What all instances together count for each hour: an `m1.small` counts 1, a `large` 4, an `xlarge` 8.
    /// <https://aws.amazon.com/premiumsupport/knowledge-center/emr-cluster-normalized-instance-hours/>
    var normalizedSize: Int {
        groups.reduce(0) { sum, group in
            let size = group["InstanceType"]?.stringValue?.split(separator: ".").last ?? ""
            let factor: Int
            switch size {
            case "small": factor = 1
            case "medium": factor = 2
            case "large": factor = 4
            case "xlarge": factor = 8
            default: factor = size.hasSuffix("xlarge") ? 8 * (Int(size.dropLast(6)) ?? 1) : 1
            }
            return sum + factor * (group["Count"]?.intValue ?? 0)
        }
    }

    // MARK: Making one

    /// The instances that `RunJobFlow` asks for.
    /// - Throws: `ValidationException` where that is no cluster.
    init(making instances: JSON) throws(AWSError) {
        let (groups, fleets) = (instances["InstanceGroups"]?.arrayValue, instances["InstanceFleets"]?.arrayValue)
        if let fleets, !fleets.isEmpty {
            guard (groups ?? []).isEmpty else {
                throw .refused("Instance groups and instance fleets cannot both be specified for a cluster.")
            }
            try Self.checkRoles(fleets.map { $0["InstanceFleetType"]?.stringValue ?? "" })
            json = ["Type": "INSTANCE_FLEET", "Groups": .array(fleets.map(Self.fleet))]
            return
        }
        let given = groups ?? []
        let all = given.isEmpty ? try Self.uniform(instances) : given
        try Self.checkRoles(all.map { $0["InstanceRole"]?.stringValue ?? "" })
        for group in all where (group["InstanceCount"]?.intValue ?? 0) < 1 && group["InstanceRole"] != "TASK" {
            throw .refused("An instance group must have at least one instance")
        }
        if let master = all.first(where: { $0["InstanceRole"] == "MASTER" }),
            ![1, 3].contains(master["InstanceCount"]?.intValue)
        {
            throw .refused("Master instance group must have exactly 3 instances for HA clusters.")
        }
        json = ["Type": "INSTANCE_GROUP", "Groups": .array(all.map(Self.group))]
    }

    private static func checkRoles(_ roles: [String]) throws(AWSError) {
        guard roles.contains("MASTER") else {
            throw .refused("Zero master instance groups supplied, you must specify exactly one master instance group")
        }
        guard roles.filter({ $0 == "MASTER" }).count == 1 else {
            throw .refused(
                "Multiple master instance groups supplied, you must specify exactly one master instance group"
            )
        }
        guard roles.contains("CORE") || !roles.contains("TASK") else {
            throw .refused("Clusters with task nodes must also define core nodes.")
        }
    }

    /// The groups of a cluster that only says how many instances of which types it wants.
    private static func uniform(_ instances: JSON) throws(AWSError) -> [JSON] {
        let count = instances["InstanceCount"]?.intValue ?? 1
        guard count >= 1 else { throw .refused("An instance group must have at least one instance") }
        let master = instances["MasterInstanceType"] ?? "m1.medium"
        let first: JSON = ["InstanceRole": "MASTER", "InstanceType": master, "InstanceCount": 1]
        guard count > 1 else { return [first] }
        let core: JSON = [
            "InstanceRole": "CORE", "InstanceType": instances["SlaveInstanceType"] ?? master,
            "InstanceCount": .integer(count - 1),
        ]
        return [first, core]
    }

    private static func group(_ given: JSON) -> JSON {
        let count = given["InstanceCount"]?.intValue ?? 0
        return .compact([
            "Id": .string("ig-" + RandomText.upperAlphanumeric(13)), "Role": given["InstanceRole"],
            "InstanceType": given["InstanceType"], "Count": .integer(count), "Given": given,
            "Instances": instances(count),
        ])
    }

    private static func fleet(_ given: JSON) -> JSON {
        let demanded = given["TargetOnDemandCapacity"]?.intValue ?? 0
        let count = given["InstanceFleetType"] == "MASTER" ? 1 : demanded + (given["TargetSpotCapacity"]?.intValue ?? 0)
        return .compact([
            "Id": .string("if-" + RandomText.upperAlphanumeric(13)), "Role": given["InstanceFleetType"],
            "InstanceType": given["InstanceTypeConfigs"]?[0]?["InstanceType"], "Count": .integer(count), "Given": given,
            "Instances": instances(count),
        ])
    }

    private static func instances(_ count: Int) -> JSON {
        .array(
            (0..<max(0, min(count, maximumListed))).map { _ in
                [
                    "Id": .string("ci-" + RandomText.upperAlphanumeric(13)),
                    "Ec2InstanceId": .string("i-" + RandomText.string(17, from: "0123456789abcdef")),
                ]
            }
        )
    }
}
