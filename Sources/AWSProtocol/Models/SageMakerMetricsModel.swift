// Derived from botocore 1.43.11 by Tools/models/derive.py; do not edit.
// botocore is Copyright Amazon.com, Inc. or its affiliates, Apache License 2.0: see Tools/models/NOTICE.

// swift-format-ignore-file

extension ServiceModels {
    /// SageMakerMetrics: the operations served, their shapes and bindings.
    static let sagemakermetrics: StaticString = ###"""
{
"signingName":"sagemaker-metrics",
"serviceID":"SageMaker Metrics",
"endpointPrefix":"metrics.sagemaker",
"apiVersion":"2022-09-30",
"protocol":"rest-json",
"operations":{
"BatchGetMetrics":{"method":"POST","uri":"/BatchGetMetrics","input":0,"output":9},
"BatchPutMetrics":{"method":"PUT","uri":"/BatchPutMetrics","input":16,"output":22}
},
"unserved":{

},
"errors":{

},
"shapes":[
{"type":"structure","name":"BatchGetMetricsRequest","members":{"MetricQueries":1},"required":["MetricQueries"]},
{"type":"list","min":1,"max":100,"member":2},
{"type":"structure","name":"MetricQuery","members":{"MetricName":3,"ResourceArn":4,"MetricStat":5,"Period":6,"XAxisType":7,"Start":8,"End":8},"required":["MetricName","ResourceArn","MetricStat","Period","XAxisType"]},
{"type":"string","min":1,"max":255,"pattern":".+"},
{"type":"string","max":2048,"pattern":"arn:aws[a-z\\-]*:sagemaker:[a-z0-9\\-]*:[0-9]{12}:[a-z\\-].*/.*"},
{"type":"string","enum":["Min","Max","Avg","Count","StdDev","Last"]},
{"type":"string","enum":["OneMinute","FiveMinute","OneHour","IterationNumber"]},
{"type":"string","enum":["IterationNumber","Timestamp"]},
{"type":"long"},
{"type":"structure","name":"BatchGetMetricsResponse","members":{"MetricQueryResults":10}},
{"type":"list","member":11},
{"type":"structure","name":"MetricQueryResult","members":{"Status":12,"Message":12,"XAxisValues":13,"MetricValues":14}},
{"type":"string"},
{"type":"list","member":8},
{"type":"list","member":15},
{"type":"double"},
{"type":"structure","name":"BatchPutMetricsRequest","members":{"TrialComponentName":17,"MetricData":18},"required":["TrialComponentName","MetricData"]},
{"type":"string","min":1,"max":120,"pattern":"^[a-z0-9](-*[a-z0-9]){0,119}"},
{"type":"list","min":1,"max":10,"member":19},
{"type":"structure","name":"RawMetricData","members":{"MetricName":3,"Timestamp":20,"Step":21,"Value":15},"required":["MetricName","Timestamp","Value"]},
{"type":"timestamp"},
{"type":"integer","min":0},
{"type":"structure","name":"BatchPutMetricsResponse","members":{"Errors":23}},
{"type":"list","member":24},
{"type":"structure","name":"BatchPutMetricsError","members":{"Code":12,"MetricIndex":25}},
{"type":"integer"}
]
}
"""###
}
