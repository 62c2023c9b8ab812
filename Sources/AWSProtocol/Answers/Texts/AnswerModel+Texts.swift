// Derived from botocore 1.43.11 by Tools/models/answers.py; do not edit.
// botocore is Copyright Amazon.com, Inc. or its affiliates, Apache License 2.0: see Tools/models/NOTICE.

// swift-format-ignore-file

extension AnswerModel {
    /// The answers of the service of that SDK id.
    static func text(sdkID: String) -> StaticString? {
        switch sdkID {
        case "athena": athena
        case "batch": batch
        case "bedrockruntime": bedrockruntime
        case "cloudformation": cloudformation
        case "cloudwatch": cloudwatch
        case "cloudwatchlogs": cloudwatchlogs
        case "codebuild": codebuild
        case "databrew": databrew
        case "dynamodb": dynamodb
        case "ecr": ecr
        case "ecs": ecs
        case "emr": emr
        case "emrcontainers": emrcontainers
        case "emrserverless": emrserverless
        case "eventbridge": eventbridge
        case "glue": glue
        case "iam": iam
        case "kms": kms
        case "lambda": lambda
        case "s3": s3
        case "sagemaker": sagemaker
        case "sagemakermetrics": sagemakermetrics
        case "sagemakerruntime": sagemakerruntime
        case "secretsmanager": secretsmanager
        case "sfn": sfn
        case "sns": sns
        case "sqs": sqs
        case "ssm": ssm
        case "sts": sts
        default: nil
        }
    }

    /// The SDK id of the service that an optimised integration calls.
    static func sdkID(optimized service: String) -> String {
        switch service {
        case "elasticmapreduce": "emr"
        case "emr-containers": "emrcontainers"
        case "emr-serverless": "emrserverless"
        case "events": "eventbridge"
        case "states": "sfn"
        default: service
        }
    }
}
