// Derived from botocore 1.43.11 by Tools/models/answers.py; do not edit.
// botocore is Copyright Amazon.com, Inc. or its affiliates, Apache License 2.0: see Tools/models/NOTICE.

// swift-format-ignore-file

extension AnswerModel {
    static let sagemakerruntime: StaticString = ###"""
{
"operations":{
"InvokeEndpoint":[0,"Body"],
"InvokeEndpointAsync":[2],
"InvokeEndpointWithResponseStream":[3]
},
"shapes":[
{"Body!":1,"ContentType":1,"InvokedProductionVariant":1,"CustomAttributes":1,"NewSessionId":1,"ClosedSessionId":1},
"",
{"InferenceId":1,"OutputLocation":1,"FailureLocation":1},
{"Body!":4,"ContentType":1,"InvokedProductionVariant":1,"CustomAttributes":1},
{"PayloadPart":5,"ModelStreamError":6,"InternalStreamFailure":7},
{"Bytes":1},
{"Message":1,"ErrorCode":1},
{"Message":1}
]
}
"""###
}
