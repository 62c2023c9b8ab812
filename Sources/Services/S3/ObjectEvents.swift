import AWSProtocol
import GRDB
import JSON
import Store

/// What S3 tells EventBridge of the objects of a bucket that has `EventBridgeConfiguration` among its notifications.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html>
extension ServiceEvents {
    /// Tells of a new object.
    /// - Parameter reason: The operation that made it: `PutObject`.
    func tell(
        created object: ObjectRecord,
        by request: AWSRequest,
        _ reason: String,
        in bucket: BucketRecord,
        _ db: Database
    ) throws {
        try tell("Object Created", by: request, in: bucket, at: object.modified, db) {
            var about = object.eventMembers(in: bucket, [.size, .etag])
            about["sequencer"] = .string(object.sequencer(at: object.modified))
            if reason == "CopyObject" { about["has-object-annotation"] = false }
            return (about, ["reason": .string(reason)])
        }
    }

    /// Tells of an object, or one of its versions, that is gone, or of the delete marker that hides it now.
    func tell(
        deleted object: ObjectRecord,
        isMarkerNew: Bool,
        by request: AWSRequest,
        in bucket: BucketRecord,
        at now: Timestamp,
        _ db: Database
    ) throws {
        try tell("Object Deleted", by: request, in: bucket, at: now, db) {
            var about = object.eventMembers(in: bucket, isMarkerNew ? [.etag] : [])
            about["sequencer"] = .string(object.sequencer(at: now, isDeleted: !isMarkerNew))
            return (
                about,
                [
                    "reason": "DeleteObject",
                    "deletion-type": isMarkerNew ? "Delete Marker Created" : "Permanently Deleted",
                ]
            )
        }
    }

    /// Tells that an object's tags or its access control list have changed.
    /// - Parameter change: `Object Tags Added`, `Object Tags Deleted` or `Object ACL Updated`.
    func tell(
        _ change: String,
        _ object: ObjectRecord,
        by request: AWSRequest,
        in bucket: BucketRecord,
        at now: Timestamp,
        _ db: Database
    ) throws {
        try tell(change, by: request, in: bucket, at: now, db) { (object.eventMembers(in: bucket, [.etag]), [:]) }
    }

    private func tell(
        _ detailType: String,
        by request: AWSRequest,
        in bucket: BucketRecord,
        at now: Timestamp,
        _ db: Database,
        _ members: () -> (object: JSON.Object, more: JSON.Object)
    ) throws {
        guard bucket.tellsEventBridge else { return }
        let origin = ServiceEvent.Origin("aws.s3", account: bucket.account, region: bucket.region)
        guard areWanted(from: origin) else { return }
        let (object, more) = members()
        let detail: JSON.Object = [
            "version": "0",
            "event-version": "1.1",
            "bucket": ["name": .string(bucket.name)],
            "object": .object(object),
            "request-id": .string(request.requestID),
            "requester": .string(request.caller.account),
            "source-ip-address": "127.0.0.1",
        ]
        let event = ServiceEvent(
            detailType,
            from: origin,
            about: ["arn:aws:s3:::\(bucket.name)"],
            at: now,
            detail: .object(detail.merging(more))
        )
        try put(event, in: db)
    }
}

extension BucketRecord {
    /// Whether events of the bucket's objects go to EventBridge.
    fileprivate var tellsEventBridge: Bool {
        configuration[BucketDocument.notifications]?["EventBridgeConfiguration"] != nil
    }
}

extension ObjectRecord {
    fileprivate enum EventMember {
        case size, etag
    }

    /// Of no bytes: what a delete marker has.
    private static let emptyETag = "d41d8cd98f00b204e9800998ecf8427e"

    fileprivate func eventMembers(in bucket: BucketRecord, _ members: Set<EventMember>) -> JSON.Object {
        .compact([
            "key": .string(key),
            "size": members.contains(.size) ? .integer(size) : nil,
            "etag": members.contains(.etag) ? .string(isDeleteMarker ? Self.emptyETag : etag) : nil,
            "version-id": answeredVersion(in: bucket),
        ])
    }

    /// Sixteen hexadecimal digits that grow with each event of a key: the second, the millisecond in it, and the place of
    /// the version among all, in which its end comes behind its beginning.
    fileprivate func sequencer(at now: Timestamp, isDeleted: Bool = false) -> String {
        func hexadecimal(_ value: Int, _ count: Int) -> String {
            let digits = String(value, radix: 16, uppercase: true)
            return String(repeating: "0", count: max(0, count - digits.count)) + digits.suffix(count)
        }
        let place = Int(id) * 2 + (isDeleted ? 1 : 0)
        return hexadecimal(now.milliseconds / 1000, 8) + hexadecimal(now.milliseconds % 1000, 3) + hexadecimal(place, 5)
    }
}
