import AWSProtocol
import JSON
import Logging
import Store

/// Tells functions what happened to objects: an asynchronous invocation each.
struct NotificationDelivery: Sendable {
    static let topic = "s3.notifications"

    let aws: any AWSCaller
    let logger: Logger

    func deliver(_ message: JSON) async throws {
        let bucket = Caller(
            account: message["account"]?.stringValue ?? "",
            region: message["region"]?.stringValue ?? "",
            principal: "s3.amazonaws.com"
        )
        do {
            _ = try await aws.send(
                AWSRequest(
                    "lambda:Invoke",
                    ["FunctionName": message["function"] ?? "", "InvocationType": "Event"],
                    body: Body((["Records": [message["record"] ?? .null]] as JSON).serialized()),
                    caller: bucket
                )
            )
        } catch {
            guard error.code == "ResourceNotFoundException" else { throw error }
            giveUp(message, error)
        }
    }

    func giveUp(_ message: JSON, _ error: any Error) {
        logger.warning(
            "A notification could not be delivered",
            metadata: [
                "function": "\(message["function"]?.stringValue ?? "")",
                "key": "\(message["record"]?["s3"]?["object"]?["key"]?.stringValue ?? "")", "reason": "\(error)",
            ]
        )
    }
}

extension ObjectChange {
    /// `ObjectCreated:Put`
    var eventName: String {
        switch kind {
        case .created(.put): "ObjectCreated:Put"
        case .created(.copy): "ObjectCreated:Copy"
        case .created(.completion): "ObjectCreated:CompleteMultipartUpload"
        case .deleted: "ObjectRemoved:Delete"
        case .hidden: "ObjectRemoved:DeleteMarkerCreated"
        case .tagged: "ObjectTagging:Put"
        case .untagged: "ObjectTagging:Delete"
        case .accessChanged: "ObjectAcl:Put"
        }
    }

    func message(for notification: Notification) -> JSON {
        [
            "function": .string(notification.destination), "account": .string(bucket.account),
            "region": .string(bucket.region), "record": record(for: notification),
        ]
    }

    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>
    private func record(for notification: Notification) -> JSON {
        [
            "eventVersion": .string(version),
            "eventSource": "aws:s3",
            "awsRegion": .string(bucket.region),
            "eventTime": .string(time.iso8601Milliseconds),
            "eventName": .string(eventName),
            "userIdentity": [
                "principalId": .string("AWS:\(Owner.id(of: request.caller.account).prefix(21).uppercased())")
            ],
            "requestParameters": ["sourceIPAddress": "127.0.0.1"],
            "responseElements": [
                "x-amz-request-id": .string(request.requestID), "x-amz-id-2": .string(request.requestID),
            ],
            "s3": [
                "s3SchemaVersion": "1.0",
                "configurationId": .string(notification.id),
                "bucket": [
                    "name": .string(bucket.name),
                    "ownerIdentity": ["principalId": .string(Owner.id(of: bucket.account).prefix(14).uppercased())],
                    "arn": .string(bucket.arn),
                ],
                "object": .object(objectMembers),
            ],
        ]
    }

    private var version: String {
        switch kind {
        case .created, .deleted, .hidden: "2.1"
        case .tagged, .untagged, .accessChanged: "2.3"
        }
    }

    private var objectMembers: JSON.Object {
        .compact([
            "key": .string(KeyEncoding.encodeForm(object.key)), "size": size, "eTag": entityTag,
            "versionId": object.answeredVersion(in: bucket), "sequencer": sequencer,
        ])
    }
}
