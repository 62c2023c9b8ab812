import AWSProtocol
import JSON

extension Cluster {
    /// Members of `RunJobFlow`'s input that `DescribeCluster` gives back.
    private static let echoed = [
        "LogUri", "LogEncryptionKmsKeyId", "ReleaseLabel", "UnhealthyNodeReplacement", "ServiceRole", "Configurations",
        "SecurityConfiguration", "AutoScalingRole", "ScaleDownBehavior", "CustomAmiId", "EbsRootVolumeSize",
        "RepoUpgradeOnBoot", "KerberosAttributes", "OSReleaseLabel", "EbsRootVolumeIops", "EbsRootVolumeThroughput",
        "ExtendedSupport", "MonitoringConfiguration",
    ]

    /// As `DescribeCluster` gives it.
    func description(at now: Timestamp) -> JSON {
        let document = document
        let collection = InstanceCollection(collection)
        var members: JSON.Object = .compact([
            "Id": .string(id),
            "Name": .string(name),
            "Status": status,
            "Ec2InstanceAttributes": instanceAttributes(document),
            "InstanceCollectionType": collection.type.map { .string($0) },
            "RequestedAmiVersion": document["AmiVersion"],
            "RunningAmiVersion": document["AmiVersion"],
            "AutoTerminate": .bool(!keepsAlive),
            "TerminationProtected": .bool(isProtected),
            "VisibleToAllUsers": .bool(isVisible),
            "Applications": document["Applications"] ?? [],
            "Tags": tagList,
            "NormalizedInstanceHours": .integer(normalizedHours(at: now)),
            "MasterPublicDnsName": ready == nil ? nil : "localhost",
            "ClusterArn": .string(arn),
            "StepConcurrencyLevel": .integer(stepConcurrency),
            "PlacementGroups": document["PlacementGroupConfigs"] ?? [],
        ])
        for member in Self.echoed { members[member] = document[member] }
        return .object(members)
    }

    /// As `ListClusters` gives it.
    func summary(at now: Timestamp) -> JSON {
        [
            "Id": .string(id), "Name": .string(name), "Status": status,
            "NormalizedInstanceHours": .integer(normalizedHours(at: now)), "ClusterArn": .string(arn),
        ]
    }

    var tagList: JSON {
        .array(tags.sorted { $0.key < $1.key }.map { ["Key": .string($0.key), "Value": .string($0.value)] })
    }

    private var status: JSON {
        let details = (try? JSON(parsing: errors)) ?? []
        return .compact([
            "State": .string(state.rawValue),
            "StateChangeReason": .compact([
                "Code": reasonCode.map { .string($0) }, "Message": reasonMessage.map { .string($0) },
            ]),
            "Timeline": .compact([
                "CreationDateTime": Timestamp(milliseconds: created).json,
                "ReadyDateTime": ready.map { Timestamp(milliseconds: $0).json },
                "EndDateTime": ended.map { Timestamp(milliseconds: $0).json },
            ]),
            "ErrorDetails": details == [] ? nil : details,
        ])
    }

    private func instanceAttributes(_ document: JSON) -> JSON {
        let instances = document["Instances"]
        let subnets = instances?["Ec2SubnetIds"] ?? []
        return .compact([
            "Ec2KeyName": instances?["Ec2KeyName"],
            "Ec2SubnetId": instances?["Ec2SubnetId"] ?? subnets[0],
            "RequestedEc2SubnetIds": instances?["Ec2SubnetId"].map { [$0] } ?? subnets,
            "Ec2AvailabilityZone": instances?["Placement"]?["AvailabilityZone"] ?? .string(region + "a"),
            "RequestedEc2AvailabilityZones": instances?["Placement"]?["AvailabilityZones"] ?? [],
            "IamInstanceProfile": document["JobFlowRole"],
            "EmrManagedMasterSecurityGroup": instances?["EmrManagedMasterSecurityGroup"],
            "EmrManagedSlaveSecurityGroup": instances?["EmrManagedSlaveSecurityGroup"],
            "ServiceAccessSecurityGroup": instances?["ServiceAccessSecurityGroup"],
            "AdditionalMasterSecurityGroups": instances?["AdditionalMasterSecurityGroups"] ?? [],
            "AdditionalSlaveSecurityGroups": instances?["AdditionalSlaveSecurityGroups"] ?? [],
        ])
    }

    /// Whole hours so far, as many times as an instance's type counts.
    private func normalizedHours(at now: Timestamp) -> Int {
        let milliseconds = (ended ?? now.milliseconds) - (ready ?? ended ?? now.milliseconds)
        return milliseconds / 3_600_000 * InstanceCollection(collection).normalizedSize
    }
}
