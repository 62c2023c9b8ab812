// Derived from botocore 1.43.11 by Tools/models/answers.py; do not edit.
// botocore is Copyright Amazon.com, Inc. or its affiliates, Apache License 2.0: see Tools/models/NOTICE.

// swift-format-ignore-file

extension AnswerModel {
    static let athena: StaticString = ###"""
{
"operations":{
"GetQueryExecution":[0],
"GetQueryResults":[25],
"StartQueryExecution":[35],
"StopQueryExecution":[36]
},
"shapes":[
{"QueryExecution":1},
{"QueryExecutionId":2,"Query":2,"StatementType":3,"ManagedQueryResultsConfiguration":4,"ResultConfiguration":7,"ResultReuseConfiguration":12,"QueryExecutionContext":15,"Status":16,"Statistics":19,"WorkGroup":2,"EngineVersion":21,"ExecutionParameters":22,"SubstatementType":2,"QueryResultsS3AccessGrantsConfiguration":23},
"",
"DDL|DML|UTILITY",
{"Enabled!":5,"EncryptionConfiguration":6},
"?",
{"KmsKey!":2},
{"OutputLocation":2,"EncryptionConfiguration":8,"ExpectedBucketOwner":2,"AclConfiguration":10},
{"EncryptionOption!":9,"KmsKey":2},
"SSE_S3|SSE_KMS|CSE_KMS",
{"S3AclOption!":11},
"BUCKET_OWNER_FULL_CONTROL",
{"ResultReuseByAgeConfiguration":13},
{"Enabled!":5,"MaxAgeInMinutes":14},
"#",
{"Database":2,"Catalog":2},
{"State":17,"StateChangeReason":2,"SubmissionDateTime":2,"CompletionDateTime":2,"AthenaError":18},
"QUEUED|RUNNING|SUCCEEDED|FAILED|CANCELLED",
{"ErrorCategory":14,"ErrorType":14,"Retryable":5,"ErrorMessage":2},
{"EngineExecutionTimeInMillis":14,"DataScannedInBytes":14,"DataManifestLocation":2,"TotalExecutionTimeInMillis":14,"QueryQueueTimeInMillis":14,"ServicePreProcessingTimeInMillis":14,"QueryPlanningTimeInMillis":14,"ServiceProcessingTimeInMillis":14,"ResultReuseInformation":20,"DpuCount":14},
{"ReusedPreviousResult!":5},
{"SelectedEngineVersion":2,"EffectiveEngineVersion":2},
["list",2],
{"EnableS3AccessGrants!":5,"CreateUserLevelPrefix":5,"AuthenticationType!":24},
"DIRECTORY_IDENTITY",
{"UpdateCount":14,"ResultSet":26,"NextToken":2},
{"Rows":27,"ResultSetMetadata":31},
["list",28],
{"Data":29},
["list",30],
{"VarCharValue":2},
{"ColumnInfo":32},
["list",33],
{"CatalogName":2,"SchemaName":2,"TableName":2,"Name!":2,"Label":2,"Type!":2,"Precision":14,"Scale":14,"Nullable":34,"CaseSensitive":5},
"NOT_NULL|NULLABLE|UNKNOWN",
{"QueryExecutionId":2},
{}
]
}
"""###
}
