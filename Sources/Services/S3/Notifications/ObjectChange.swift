import AWSProtocol
import GRDB
import JSON
import Store

/// Something that has happened to an object: what EventBridge and the functions that a bucket names are told of.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventNotifications.html>
struct ObjectChange {
    enum Kind {
        case created(Creation)
        /// The object, or one of its versions, is gone.
        case deleted
        /// The object is a new delete marker.
        case hidden
        case tagged
        case untagged
        case accessChanged
    }

    /// The operation that made an object.
    enum Creation: String {
        case put = "PutObject"
        case copy = "CopyObject"
        case completion = "CompleteMultipartUpload"
    }

    var kind: Kind
    var object: ObjectRecord
    var bucket: BucketRecord
    var request: AWSRequest
    var time: Timestamp

    init(_ kind: Kind, _ object: ObjectRecord, in bucket: BucketRecord, by request: AWSRequest, at time: Timestamp) {
        self.kind = kind
        self.object = object
        self.bucket = bucket
        self.request = request
        self.time = time
    }
}

extension Store {
    /// Tells whom the object's bucket names, once the transaction is on disk.
    func tell(
        _ kind: ObjectChange.Kind,
        _ object: ObjectRecord,
        in bucket: BucketRecord,
        by request: AWSRequest,
        at time: Timestamp,
        _ db: Database
    ) throws {
        guard let notifications = bucket.configuration[BucketDocument.notifications] else { return }
        let change = ObjectChange(kind, object, in: bucket, by: request, at: time)
        if notifications["EventBridgeConfiguration"] != nil { try events.tell(change, in: db) }
        for notification in Notification.functions(of: notifications) where notification.asks(for: change) {
            try outbox.enqueue(topic: NotificationDelivery.topic, change.message(for: notification), in: db)
        }
    }
}

extension ObjectChange {
    /// Sixteen hexadecimal digits that grow with each event of a key: the second, the millisecond in it, and the place of
    /// the version among all, in which its end comes behind its beginning. Nil where no version came or went.
    var sequencer: JSON? {
        let place: Int64
        switch kind {
        case .created, .hidden: place = object.id * 2
        case .deleted: place = object.id * 2 + 1
        case .tagged, .untagged, .accessChanged: return nil
        }
        func hexadecimal(_ value: Int, _ count: Int) -> String {
            let digits = String(value, radix: 16, uppercase: true)
            return String(repeating: "0", count: max(0, count - digits.count)) + digits.suffix(count)
        }
        let (second, millisecond) = time.milliseconds.quotientAndRemainder(dividingBy: 1000)
        return .string(hexadecimal(second, 8) + hexadecimal(millisecond, 3) + hexadecimal(Int(place), 5))
    }

    /// The object's size, where it is new.
    var size: JSON? { if case .created = kind { .integer(object.size) } else { nil } }

    /// The entity tag, where there still is one; a delete marker has that of no bytes.
    var entityTag: JSON? {
        if case .deleted = kind { return nil }
        return .string(object.isDeleteMarker ? "d41d8cd98f00b204e9800998ecf8427e" : object.etag)
    }
}
