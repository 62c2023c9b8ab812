import AWSProtocol
import JSON

/// An event `S3` of a serverless function: a notification of a bucket of the same template, and the permission for it.
/// <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-s3.html>
struct ServerlessNotification {
    static let type = "S3"

    let permission: String
    private let bucket: String
    private let function: JSON
    private let events: [JSON]
    private let filter: JSON?
    private let condition: JSON?

    /// - Parameters:
    ///   - id: The function's.
    ///   - name: The event's.
    ///   - function: What refers to the function, or to its alias.
    ///   - condition: The function's.
    init(of id: String, _ name: String, _ event: JSON, function: JSON, condition: JSON?) throws(AWSError) {
        let properties = event["Properties"]
        guard let bucket = properties?["Bucket"]?["Ref"]?.stringValue else {
            throw .validation(
                "Event with id [\(name)] is invalid. S3 events must reference an S3 bucket in the same template."
            )
        }
        self.bucket = bucket
        self.function = function
        self.condition = condition
        permission = id + name + "Permission"
        events = properties?["Events"].map { $0.arrayValue ?? [$0] } ?? []
        filter = properties?["Filter"]
    }

    /// Adds the permission, and the notification to its bucket, which waits for the permission.
    /// - Throws: where there is no such bucket.
    func add(to resources: inout JSON.Object) throws(AWSError) {
        guard var resource = resources[bucket], resource["Type"] == "AWS::S3::Bucket" else {
            throw .validation("S3 events must reference an S3 bucket in the same template.")
        }
        var properties = resource["Properties"]?.objectValue ?? [:]
        var notifications = properties["NotificationConfiguration"]?.objectValue ?? [:]
        let added = events.map { JSON.compact(["Event": $0, "Function": function, "Filter": filter]) }
        notifications["LambdaConfigurations"] = .array(
            (notifications["LambdaConfigurations"]?.arrayValue ?? []) + added
        )
        properties["NotificationConfiguration"] = .object(notifications)
        resource["Properties"] = .object(properties)
        let others = resource["DependsOn"].map { $0.arrayValue ?? [$0] } ?? []
        resource["DependsOn"] = .array(others + [.string(permission)])
        resources[bucket] = resource
        resources[permission] = .compact([
            "Type": "AWS::Lambda::Permission",
            "Properties": [
                "Action": "lambda:InvokeFunction", "FunctionName": function, "Principal": "s3.amazonaws.com",
                "SourceAccount": ["Ref": "AWS::AccountId"],
            ],
            "Condition": condition,
        ])
    }
}
