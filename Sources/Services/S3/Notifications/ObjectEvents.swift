import AWSProtocol
import GRDB
import JSON
import Store

/// What S3 tells EventBridge of the objects of a bucket that has `EventBridgeConfiguration` among its notifications.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html>
extension ServiceEvents {
    func tell(_ change: ObjectChange, in db: Database) throws {
        let bucket = change.bucket
        let origin = ServiceEvent.Origin("aws.s3", account: bucket.account, region: bucket.region)
        try tell(change.detailType, from: origin, about: [bucket.arn], at: change.time, in: db) { change.detail }
    }
}

extension ObjectChange {
    fileprivate var detailType: String {
        switch kind {
        case .created: "Object Created"
        case .deleted, .hidden: "Object Deleted"
        case .tagged: "Object Tags Added"
        case .untagged: "Object Tags Deleted"
        case .accessChanged: "Object ACL Updated"
        }
    }

    fileprivate var detail: JSON {
        let detail: JSON.Object = [
            "version": "0",
            "event-version": "1.1",
            "bucket": ["name": .string(bucket.name)],
            "object": .object(objectMembers),
            "request-id": .string(request.requestID),
            "requester": .string(request.caller.account),
            "source-ip-address": "127.0.0.1",
        ]
        return .object(detail.merging(reason))
    }

    private var objectMembers: JSON.Object {
        var members = JSON.Object.compact([
            "key": .string(object.key), "size": size, "etag": entityTag,
            "version-id": object.answeredVersion(in: bucket), "sequencer": sequencer,
        ])
        if case .created(.copy) = kind { members["has-object-annotation"] = false }
        return members
    }

    private var reason: JSON.Object {
        switch kind {
        case .created(let operation): ["reason": .string(operation.rawValue)]
        case .deleted: ["reason": "DeleteObject", "deletion-type": "Permanently Deleted"]
        case .hidden: ["reason": "DeleteObject", "deletion-type": "Delete Marker Created"]
        case .tagged, .untagged, .accessChanged: [:]
        }
    }
}
