// Derived from botocore 1.43.11 by Tools/models/answers.py; do not edit.
// botocore is Copyright Amazon.com, Inc. or its affiliates, Apache License 2.0: see Tools/models/NOTICE.

// swift-format-ignore-file

extension AnswerModel {
    static let sagemakermetrics: StaticString = ###"""
{
"operations":{
"BatchGetMetrics":[0],
"BatchPutMetrics":[8]
},
"shapes":[
{"MetricQueryResults":1},
["list",2],
{"Status!":3,"Message":4,"XAxisValues!":5,"MetricValues!":7},
"Complete|Truncated|InternalError|ValidationError",
"",
["list",6],
"#",
["list",6],
{"Errors":9},
["list",10],
{"Code":11,"MetricIndex":6},
"METRIC_LIMIT_EXCEEDED|INTERNAL_ERROR|VALIDATION_ERROR|CONFLICT_ERROR"
]
}
"""###
}
