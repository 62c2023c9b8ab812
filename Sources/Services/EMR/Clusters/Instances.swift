import AWSProtocol
import JSON
import Store

extension EMRService {
    var instanceOperations: [String: OperationHandler] {
        [
            "ListInstanceGroups": listInstanceGroups,
            "ListInstanceFleets": listInstanceFleets,
            "ListInstances": listInstances,
            "ListBootstrapActions": listBootstrapActions,
        ]
    }

    /// `ListInstanceGroups`
    func listInstanceGroups(_ request: AWSRequest) async throws -> AWSResponse {
        let (cluster, groups) = try await collection("INSTANCE_GROUP", request)
        return .output(["InstanceGroups": .array(groups.map(cluster.instanceGroup))])
    }

    /// `ListInstanceFleets`
    func listInstanceFleets(_ request: AWSRequest) async throws -> AWSResponse {
        let (cluster, fleets) = try await collection("INSTANCE_FLEET", request)
        return .output(["InstanceFleets": .array(fleets.map(cluster.instanceFleet))])
    }

    /// A cluster's groups or fleets.
    /// - Throws: `InvalidRequestException` where it has the other kind.
    private func collection(_ type: String, _ request: AWSRequest) async throws -> (Cluster, [JSON]) {
        let cluster = try await requireCluster(request)
        let collection = InstanceCollection(cluster.collection)
        guard collection.type == type else {
            let other = type == "INSTANCE_GROUP" ? "fleets" : "groups"
            throw AWSError.invalidRequest(
                "Instance fleets and instance groups are mutually exclusive. The EMR cluster specified in the request uses "
                    + "instance \(other). The \(request.operation.name) request is not supported."
            )
        }
        return (cluster, collection.groups)
    }

    /// `ListInstances`
    func listInstances(_ request: AWSRequest) async throws -> AWSResponse {
        let cluster = try await requireCluster(request)
        let collection = InstanceCollection(cluster.collection)
        let id = request.string("InstanceGroupId") ?? request.string("InstanceFleetId")
        let roles = request.strings("InstanceGroupTypes") + (request.string("InstanceFleetType").map { [$0] } ?? [])
        let states = request.strings("InstanceStates")
        guard states.isEmpty || states.contains(cluster.instanceState) else { return .output(["Instances": []]) }
        let groups = collection.groups.filter { group in
            (id == nil || group["Id"]?.stringValue == id)
                && (roles.isEmpty || roles.contains(group["Role"]?.stringValue ?? ""))
        }
        return .output(["Instances": .array(groups.flatMap { cluster.instances(of: $0, collection) })])
    }

    /// `ListBootstrapActions`
    func listBootstrapActions(_ request: AWSRequest) async throws -> AWSResponse {
        let cluster = try await requireCluster(request)
        let actions = (cluster.document["BootstrapActions"]?.arrayValue ?? []).map { action -> JSON in
            let script = action["ScriptBootstrapAction"]
            return .compact([
                "Name": action["Name"], "ScriptPath": script?["Path"], "Args": script?["Args"] ?? [],
            ])
        }
        return .output(["BootstrapActions": .array(actions)])
    }

    func requireCluster(_ request: AWSRequest) async throws -> Cluster {
        let id = try request.requiredString("ClusterId")
        return try await store.read { [caller = request.caller] db in try Cluster.require(id, of: caller, in: db) }
    }
}

extension Cluster {
    fileprivate var instanceState: String {
        switch state {
        case .starting: "PROVISIONING"
        case .bootstrapping: "BOOTSTRAPPING"
        case .running, .waiting, .terminating: "RUNNING"
        case .terminated, .terminatedWithErrors: "TERMINATED"
        }
    }

    /// The state of groups and instances alike.
    private func instanceStatus(_ state: String) -> JSON {
        [
            "State": .string(state),
            "StateChangeReason": .compact([
                "Code": self.state.isFinal ? "CLUSTER_TERMINATED" : nil,
                "Message": self.state.isFinal ? "Job flow terminated" : nil,
            ]),
            "Timeline": .compact([
                "CreationDateTime": Timestamp(milliseconds: created).json,
                "ReadyDateTime": ready.map { Timestamp(milliseconds: $0).json },
                "EndDateTime": ended.map { Timestamp(milliseconds: $0).json },
            ]),
        ]
    }

    fileprivate func instanceGroup(_ group: JSON) -> JSON {
        let given = group["Given"]
        return .compact([
            "Id": group["Id"], "Name": given?["Name"], "Market": given?["Market"] ?? "ON_DEMAND",
            "InstanceGroupType": group["Role"], "BidPrice": given?["BidPrice"], "InstanceType": group["InstanceType"],
            "RequestedInstanceCount": group["Count"],
            "RunningInstanceCount": state.isReady ? group["Count"] : 0,
            "Status": instanceStatus(instanceState),
            "Configurations": given?["Configurations"] ?? [],
            "EbsBlockDevices": .array(Self.blockDevices(given?["EbsConfiguration"])),
            "EbsOptimized": given?["EbsConfiguration"]?["EbsOptimized"],
            "ShrinkPolicy": [:],
            "CustomAmiId": given?["CustomAmiId"],
        ])
    }

    /// The volumes of each instance, as they are attached one after another.
    private static func blockDevices(_ configuration: JSON?) -> [JSON] {
        let volumes = (configuration?["EbsBlockDeviceConfigs"]?.arrayValue ?? []).flatMap { device in
            [JSON](
                repeating: device["VolumeSpecification"] ?? [:],
                count: max(0, device["VolumesPerInstance"]?.intValue ?? 1)
            )
        }
        return volumes.enumerated().map { index, volume in
            let letter = Character(UnicodeScalar(UInt8(ascii: "b") + UInt8(index % 25)))
            return ["VolumeSpecification": volume, "Device": .string("/dev/sd\(letter)")]
        }
    }

    fileprivate func instanceFleet(_ fleet: JSON) -> JSON {
        let given = fleet["Given"]
        let isThere = state.isReady
        let types = (given?["InstanceTypeConfigs"]?.arrayValue ?? []).map { type -> JSON in
            .compact([
                "InstanceType": type["InstanceType"], "WeightedCapacity": type["WeightedCapacity"] ?? 1,
                "BidPrice": type["BidPrice"],
                "BidPriceAsPercentageOfOnDemandPrice": type["BidPriceAsPercentageOfOnDemandPrice"],
                "Configurations": type["Configurations"], "CustomAmiId": type["CustomAmiId"],
            ])
        }
        return .compact([
            "Id": fleet["Id"], "Name": given?["Name"], "Status": instanceStatus(instanceState),
            "InstanceFleetType": fleet["Role"],
            "TargetOnDemandCapacity": given?["TargetOnDemandCapacity"] ?? 0,
            "TargetSpotCapacity": given?["TargetSpotCapacity"] ?? 0,
            "ProvisionedOnDemandCapacity": isThere ? given?["TargetOnDemandCapacity"] ?? 0 : 0,
            "ProvisionedSpotCapacity": isThere ? given?["TargetSpotCapacity"] ?? 0 : 0,
            "InstanceTypeSpecifications": .array(types),
            "LaunchSpecifications": given?["LaunchSpecifications"],
        ])
    }

    fileprivate func instances(of group: JSON, _ collection: InstanceCollection) -> [JSON] {
        let membership = collection.type == "INSTANCE_FLEET" ? "InstanceFleetId" : "InstanceGroupId"
        return (group["Instances"]?.arrayValue ?? []).map { instance in
            .compact([
                "Id": instance["Id"], "Ec2InstanceId": instance["Ec2InstanceId"], "PublicDnsName": "localhost",
                "PublicIpAddress": "127.0.0.1", "PrivateDnsName": "localhost", "PrivateIpAddress": "127.0.0.1",
                "Status": instanceStatus(instanceState), membership: group["Id"],
                "Market": group["Given"]?["Market"] ?? "ON_DEMAND", "InstanceType": group["InstanceType"],
                "EbsVolumes": [],
            ])
        }
    }
}
