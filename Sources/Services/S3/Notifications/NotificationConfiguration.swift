import AWSProtocol
import JSON
import Logging
import Store

extension S3Service {
    /// `PutBucketNotificationConfiguration`: functions must be there, and let S3 invoke them.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketNotificationConfiguration.html>
    func putNotifications(_ document: BucketDocument, _ request: AWSRequest) async throws -> AWSResponse {
        let configuration = request[document.member] ?? [:]
        try Notification.refuseOverlaps(among: try Notification.all(of: configuration))
        let bucket = try await store.read { db in
            try BucketRecord.authorized(request, document.writeAction, in: db)
        }
        if request.bool("SkipDestinationValidation") != true {
            for notification in Notification.functions(of: configuration) {
                try await validate(notification.destination, for: bucket)
            }
        }
        for kind in ["TopicConfigurations", "QueueConfigurations"]
        where configuration[kind]?.arrayValue?.isEmpty == false {
            logger.warning(
                "Trainyard serves neither SNS nor SQS: what a bucket is to tell them is not delivered",
                metadata: ["bucket": "\(bucket.name)", "configuration": "\(kind)"]
            )
        }
        return try await put(document, request)
    }

    private func validate(_ function: String, for bucket: BucketRecord) async throws(AWSError) {
        guard let arn = ARN(function), arn.service == "lambda" else {
            throw .invalidArgument("The ARN is not well formed", "LambdaFunctionArn", function)
        }
        guard arn.region == bucket.region else {
            throw .invalidArgument(
                "The notification destination service region is not valid for the bucket location constraint",
                "LambdaFunctionArn",
                function
            )
        }
        let owner = Caller(account: arn.account, region: arn.region)
        do {
            let answer = try await aws.call("lambda:GetPolicy", ["FunctionName": .string(function)], as: owner)
            let policy = try? JSON(parsing: answer["Policy"]?.stringValue ?? "")
            if FunctionPolicy(policy ?? .null).allowsInvocation(by: bucket) { return }
        } catch {
            guard error.code == "ResourceNotFoundException" else { throw error }
        }
        throw .invalidArgument(
            "Unable to validate the following destination configurations",
            "\(function), null",
            "Not authorized to invoke function [\(function)]"
        )
    }
}

/// A function's policy, as far as it says whether S3 may invoke the function for a bucket.
/// <https://docs.aws.amazon.com/lambda/latest/dg/with-s3.html>
struct FunctionPolicy {
    private let statements: [JSON]

    init(_ policy: JSON) { statements = policy["Statement"]?.arrayValue ?? [] }

    func allowsInvocation(by bucket: BucketRecord) -> Bool {
        statements.contains { statement in
            let principal = statement["Principal"]
            let isForS3 = principal == "*" || principal?["Service"] == "s3.amazonaws.com" || principal?["AWS"] == "*"
            return statement["Effect"] == "Allow" && isForS3
                && Wildcard.matches(statement["Action"]?.stringValue ?? "", "lambda:InvokeFunction")
                && (statement["Condition"]?.objectValue ?? [:]).allSatisfy { test, condition in
                    condition.objectValue?.allSatisfy { holds($0.key, $0.value.stringValue ?? "", bucket) } ?? false
                }
        }
    }

    /// The conditions that `AddPermission` makes.
    private func holds(_ key: String, _ value: String, _ bucket: BucketRecord) -> Bool {
        switch key.lowercased() {
        case "aws:sourcearn": Wildcard.matches(value, bucket.arn)
        case "aws:sourceaccount": value == bucket.account
        default: false
        }
    }
}
