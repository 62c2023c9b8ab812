// Derived from botocore 1.43.11 by Tools/models/answers.py; do not edit.
// botocore is Copyright Amazon.com, Inc. or its affiliates, Apache License 2.0: see Tools/models/NOTICE.

// swift-format-ignore-file

extension AnswerModel {
    static let emrcontainers: StaticString = ###"""
{
"operations":{
"CreateVirtualCluster":[0],
"DeleteVirtualCluster":[2],
"StartJobRun":[3]
},
"shapes":[
{"Id":1,"Name":1,"Arn":1},
"",
{"Id":1},
{"Id":1,"Name":1,"Arn":1,"VirtualClusterId":1}
]
}
"""###
}
