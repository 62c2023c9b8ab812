import JSON

/// One instance of a job's cluster.
struct JobHost: Sendable, Hashable {
    /// `algo-1`, `algo-2`, …
    var name: String
    /// From zero.
    var index: Int
    var instanceType: String
    var group: String

    /// The network interface of hosts that are processes of one machine.
    static let interface = "lo"

    /// What AWS calls the group of a cluster without groups.
    static let homogeneousGroup = "homogeneousCluster"

    /// The most hosts that a job may have here: each is a process of this machine.
    static let maximumCount = 32

    /// The hosts of a `ResourceConfig` or `ClusterConfig`.
    /// - Throws: `PlanError` where there is none, or more than this machine is made for.
    static func cluster(_ configuration: JSON?) throws(PlanError) -> [JobHost] {
        var sizes: [(type: String, count: Int, group: String)] = []
        for group in configuration?["InstanceGroups"]?.arrayValue ?? [] {
            sizes.append(
                (
                    group["InstanceType"]?.stringValue ?? "local", group["InstanceCount"]?.intValue ?? 1,
                    group["InstanceGroupName"]?.stringValue ?? homogeneousGroup
                )
            )
        }
        if sizes.isEmpty {
            let type = configuration?["InstanceType"]?.stringValue ?? "local"
            sizes = [(type, configuration?["InstanceCount"]?.intValue ?? 1, homogeneousGroup)]
        }
        let count = sizes.reduce(0) { $0 + max(0, $1.count) }
        guard (1...maximumCount).contains(count) else {
            throw PlanError("InstanceCount must be between 1 and \(maximumCount) in Trainyard; \(count) was given.")
        }
        var hosts: [JobHost] = []
        for size in sizes {
            for _ in 0..<max(0, size.count) {
                let index = hosts.count
                hosts.append(
                    JobHost(name: "algo-\(index + 1)", index: index, instanceType: size.type, group: size.group)
                )
            }
        }
        return hosts
    }

    /// The host's own loopback address: jobs side by side, and hosts of one job, may use the same ports.
    func address(inJob id: Int64) -> String {
        "127.\(64 + (id / 250) % 128).\(id % 250 + 1).\(index + 1)"
    }
}

extension [JobHost] {
    /// The contents of an `/etc/hosts` in which the hosts find each other by name.
    func hostsFile(ofJob id: Int64) -> String {
        let own = map { "\($0.address(inJob: id))\t\($0.name)\n" }.joined()
        return "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n" + own
    }
}
