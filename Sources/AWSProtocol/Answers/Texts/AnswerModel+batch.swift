// Derived from botocore 1.43.11 by Tools/models/answers.py; do not edit.
// botocore is Copyright Amazon.com, Inc. or its affiliates, Apache License 2.0: see Tools/models/NOTICE.

// swift-format-ignore-file

extension AnswerModel {
    static let batch: StaticString = ###"""
{
"operations":{
"SubmitJob":[0]
},
"shapes":[
{"JobArn":1,"JobName!":1,"JobId!":1},
""
]
}
"""###
}
