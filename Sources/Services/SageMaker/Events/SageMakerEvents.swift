import AWSProtocol
import GRDB
import JSON
import Store

/// What SageMaker tells EventBridge: a file a subject, each with the place where its event is put.
/// <https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html>
///
/// Events are put in the transaction that makes the change, and only where a rule could ask for them.
extension ServiceEvent.Origin {
    static func sageMaker(_ owner: Caller) -> ServiceEvent.Origin {
        ServiceEvent.Origin("aws.sagemaker", account: owner.account, region: owner.region)
    }
}

extension ServiceEvents {
    /// Puts an event about one resource.
    func tell(
        _ detailType: String,
        of owner: Caller,
        about arn: String,
        at now: Timestamp,
        in db: Database,
        detail: () throws -> JSON.Object
    ) throws {
        try tell(detailType, from: .sageMaker(owner), about: [arn], at: now, in: db) { .object(try detail()) }
    }
}

extension Timestamp {
    /// Milliseconds since 1970: how SageMaker's events write moments.
    var eventJSON: JSON { .integer(milliseconds) }
}

extension JSON.Object {
    /// The members of those names that are there, in that order.
    func picking(_ names: [String]) -> JSON.Object {
        var picked: JSON.Object = [:]
        for name in names { if let value = self[name] { picked[name] = value } }
        return picked
    }
}

extension SageMakerService {
    /// A resource's tags as events have them: `{"Key": "Value"}`.
    static func eventTags(of arn: String, in db: Database) throws -> JSON {
        var tags: JSON.Object = [:]
        for tag in try Self.tags(of: arn, in: db) {
            if let key = tag["Key"]?.stringValue { tags[key] = tag["Value"] }
        }
        return .object(tags)
    }
}

extension ResourceRecord {
    var owner: Caller { Caller(account: account, region: region) }
}
