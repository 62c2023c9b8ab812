// Derived from botocore 1.43.11 by Tools/models/answers.py; do not edit.
// botocore is Copyright Amazon.com, Inc. or its affiliates, Apache License 2.0: see Tools/models/NOTICE.

// swift-format-ignore-file

extension AnswerModel {
    static let emrserverless: StaticString = ###"""
{
"operations":{
"CancelJobRun":[0],
"CreateApplication":[2],
"DeleteApplication":[3],
"StartApplication":[4],
"StartJobRun":[5],
"StopApplication":[6]
},
"shapes":[
{"ApplicationId!":1,"JobRunId!":1},
"",
{"ApplicationId!":1,"Name":1,"Arn!":1},
{},
{},
{"ApplicationId!":1,"JobRunId!":1,"Arn!":1},
{}
]
}
"""###
}
