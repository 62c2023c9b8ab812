// Derived from botocore 1.43.11 by Tools/models/answers.py; do not edit.
// botocore is Copyright Amazon.com, Inc. or its affiliates, Apache License 2.0: see Tools/models/NOTICE.

// swift-format-ignore-file

extension AnswerModel {
    static let ecs: StaticString = ###"""
{
"operations":{
"RunTask":[0]
},
"shapes":[
{"Tasks":1,"Failures":47},
["list",2],
{"Attachments":3,"Attributes":8,"AvailabilityZone":5,"CapacityProviderName":5,"ClusterArn":5,"Connectivity":11,"ConnectivityAt":5,"ContainerInstanceArn":5,"Containers":12,"Cpu":5,"CreatedAt":5,"DesiredStatus":5,"EnableExecuteCommand":25,"ExecutionStoppedAt":5,"Group":5,"HealthStatus":20,"InferenceAccelerators":26,"LastStatus":5,"LaunchType":28,"Memory":5,"Overrides":29,"PlatformVersion":5,"PlatformFamily":5,"PullStartedAt":5,"PullStoppedAt":5,"StartedAt":5,"StartedBy":5,"StopCode":43,"StoppedAt":5,"StoppedReason":5,"StoppingAt":5,"Tags":44,"TaskArn":5,"TaskDefinitionArn":5,"Version":14,"EphemeralStorage":42,"FargateEphemeralStorage":46},
["list",4],
{"Id":5,"Type":5,"Status":5,"Details":6},
"",
["list",7],
{"Name":5,"Value":5},
["list",9],
{"Name!":5,"Value":5,"TargetType":10,"TargetId":5},
"container-instance",
"CONNECTED|DISCONNECTED",
["list",13],
{"ContainerArn":5,"TaskArn":5,"Name":5,"Image":5,"ImageDigest":5,"RuntimeId":5,"LastStatus":5,"ExitCode":14,"Reason":5,"NetworkBindings":15,"NetworkInterfaces":18,"HealthStatus":20,"ManagedAgents":21,"Cpu":5,"Memory":5,"MemoryReservation":5,"GpuIds":24},
"#",
["list",16],
{"BindIP":5,"ContainerPort":14,"HostPort":14,"Protocol":17,"ContainerPortRange":5,"HostPortRange":5},
"tcp|udp",
["list",19],
{"AttachmentId":5,"PrivateIpv4Address":5,"Ipv6Address":5},
"HEALTHY|UNHEALTHY|UNKNOWN",
["list",22],
{"LastStartedAt":5,"Name":23,"Reason":5,"LastStatus":5},
"ExecuteCommandAgent",
["list",5],
"?",
["list",27],
{"DeviceName!":5,"DeviceType!":5},
"EC2|FARGATE|EXTERNAL|MANAGED_INSTANCES",
{"ContainerOverrides":30,"Cpu":5,"InferenceAcceleratorOverrides":40,"ExecutionRoleArn":5,"Memory":5,"TaskRoleArn":5,"EphemeralStorage":42},
["list",31],
{"Name":5,"Command":32,"Environment":33,"EnvironmentFiles":34,"Cpu":14,"Memory":14,"MemoryReservation":14,"ResourceRequirements":37},
["list",5],
["list",7],
["list",35],
{"Value!":5,"Type!":36},
"s3",
["list",38],
{"Value!":5,"Type!":39},
"GPU|InferenceAccelerator",
["list",41],
{"DeviceName":5,"DeviceType":5},
{"SizeInGiB!":14},
"TaskFailedToStart|EssentialContainerExited|UserInitiated|ServiceSchedulerInitiated|SpotInterruption|TerminationNotice",
["list",45],
{"Key":5,"Value":5},
{"SizeInGiB":14,"KmsKeyId":5},
["list",48],
{"Arn":5,"Reason":5,"Detail":5}
]
}
"""###
}
