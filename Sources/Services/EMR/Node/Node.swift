import AWSProtocol
import Compute
import JSON

/// A machine on which EMR runs programs: a cluster's primary node, or the driver of a serverless job run. It is this one.
struct Node: Sendable {
    /// Names its directory, and its sessions of the role: `j-…`, or a job run's id.
    var id: String
    var owner: Caller
    /// What its programs may do, where they have no role of their own.
    var role: String
    var limits = ContainerLimits()
}

extension Cluster {
    /// An instance profile's role has the profile's name where it was made as AWS makes the default one. Of the profile's
    /// own path nothing is left in the role's name.
    var node: Node {
        let profile = document["JobFlowRole"]?.stringValue ?? ""
        let type = InstanceCollection(collection).master?.type ?? ""
        return Node(
            id: id,
            owner: owner,
            role: "arn:aws:iam::\(account):role/\(profile.split(separator: "/").last.map(String.init) ?? profile)",
            limits: InstanceCapacity(type).limits(volumeSize: document["EbsRootVolumeSize"]?.intValue)
        )
    }
}
