// Derived from botocore 1.43.11 by Tools/models/answers.py; do not edit.
// botocore is Copyright Amazon.com, Inc. or its affiliates, Apache License 2.0: see Tools/models/NOTICE.

// swift-format-ignore-file

extension AnswerModel {
    static let databrew: StaticString = ###"""
{
"operations":{
"StartJobRun":[0]
},
"shapes":[
{"RunId!":1},
""
]
}
"""###
}
