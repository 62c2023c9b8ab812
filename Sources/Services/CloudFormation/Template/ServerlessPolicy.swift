import AWSProtocol
import JSON

/// A policy of a serverless function or state machine: a document, or one of SAM's policy templates.
/// <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-policy-template-list.html>
enum ServerlessPolicy {
    /// The document; nil for what is not a policy but an expression that gives a managed policy's ARN.
    /// - Throws: `ValidationError` for a template that is not served.
    static func document(_ policy: JSON) throws(AWSError) -> JSON? {
        guard let members = policy.objectValue, let (name, arguments) = members.first else { return nil }
        if members["Statement"] != nil { return policy }
        if name == "Ref" || name.hasPrefix("Fn::") { return nil }
        guard let statement = statement(name, arguments) else {
            throw .validation("Policy template '\(name)' is not one that Trainyard expands.")
        }
        return ["Version": "2012-10-17", "Statement": .array(statement)]
    }

    private static func statement(_ name: String, _ arguments: JSON) -> [JSON]? {
        switch name {
        case "S3ReadPolicy":
            bucket(arguments, ["s3:GetObject", "s3:ListBucket", "s3:GetBucketLocation", "s3:GetObjectVersion"])
        case "S3WritePolicy":
            bucket(arguments, ["s3:PutObject", "s3:PutObjectAcl"])
        case "S3CrudPolicy":
            bucket(
                arguments,
                [
                    "s3:GetObject", "s3:ListBucket", "s3:GetBucketLocation", "s3:GetObjectVersion", "s3:PutObject",
                    "s3:DeleteObject",
                ]
            )
        case "LambdaInvokePolicy":
            allow(["lambda:InvokeFunction"], arn("lambda", "function:${name}*", arguments["FunctionName"]))
        case "StepFunctionsExecutionPolicy":
            allow(["states:StartExecution"], arn("states", "stateMachine:${name}", arguments["StateMachineName"]))
        case "CloudWatchPutMetricPolicy":
            allow(["cloudwatch:PutMetricData"], "*")
        default:
            nil
        }
    }

    private static func bucket(_ arguments: JSON, _ actions: [JSON]) -> [JSON] {
        let name: JSON = ["name": arguments["BucketName"] ?? ""]
        return allow(
            actions,
            [
                ["Fn::Sub": ["arn:${AWS::Partition}:s3:::${name}", name]],
                ["Fn::Sub": ["arn:${AWS::Partition}:s3:::${name}/*", name]],
            ]
        )
    }

    private static func arn(_ service: String, _ resource: String, _ name: JSON?) -> JSON {
        let text = "arn:${AWS::Partition}:\(service):${AWS::Region}:${AWS::AccountId}:\(resource)"
        return ["Fn::Sub": [.string(text), ["name": name ?? ""]]]
    }

    private static func allow(_ actions: [JSON], _ resource: JSON) -> [JSON] {
        [["Effect": "Allow", "Action": .array(actions), "Resource": resource]]
    }
}
