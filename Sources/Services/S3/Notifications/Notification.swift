import AWSProtocol
import JSON

/// One of a bucket's notifications: which events of which objects it asks for, and who is told.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html>
struct Notification: Sendable {
    let id: String
    let destination: String
    /// `s3:ObjectCreated:Put`, `s3:ObjectCreated:*`.
    let events: [String]
    let prefix: String
    let suffix: String

    /// - Throws: `InvalidArgument` for a filter that is none.
    init(_ configuration: JSON, destination: String) throws(AWSError) {
        id = configuration["Id"]?.stringValue ?? ""
        self.destination = configuration[destination]?.stringValue ?? ""
        events = configuration["Events"]?.arrayValue?.compactMap(\.stringValue) ?? []
        var found: [String: String] = [:]
        for rule in configuration["Filter"]?["Key"]?["FilterRules"]?.arrayValue ?? [] {
            let name = rule["Name"]?.stringValue ?? ""
            let kind = name.lowercased()
            guard ["prefix", "suffix"].contains(kind) else {
                throw .invalidArgument("filter rule name must be either prefix or suffix", "FilterRule.Name", name)
            }
            let value = rule["Value"]?.stringValue ?? ""
            guard found.updateValue(value, forKey: kind) == nil else {
                throw .invalidArgument(
                    "Cannot specify more than one \(kind) rule in a filter.",
                    "FilterRule.Name",
                    name
                )
            }
        }
        prefix = found["prefix"] ?? ""
        suffix = found["suffix"] ?? ""
    }

    /// The kinds of destinations, and the member that names one.
    private static let kinds = [
        ("TopicConfigurations", "TopicArn"), ("QueueConfigurations", "QueueArn"),
        ("LambdaFunctionConfigurations", "LambdaFunctionArn"),
    ]

    /// All of a configuration's.
    static func all(of document: JSON) throws(AWSError) -> [Notification] {
        var all: [Notification] = []
        for (kind, destination) in kinds {
            for configuration in document[kind]?.arrayValue ?? [] {
                all.append(try Notification(configuration, destination: destination))
            }
        }
        return all
    }

    /// Those that tell functions. What was accepted once can be read.
    static func functions(of document: JSON) -> [Notification] {
        (document["LambdaFunctionConfigurations"]?.arrayValue ?? []).compactMap {
            try? Notification($0, destination: "LambdaFunctionArn")
        }
    }

    func asks(for change: ObjectChange) -> Bool {
        events.contains { Self.covers($0, "s3:\(change.eventName)") }
            && change.object.key.hasPrefix(bytes: prefix) && change.object.key.hasSuffix(bytes: suffix)
    }

    private static func covers(_ pattern: String, _ name: String) -> Bool {
        pattern.hasSuffix("*") ? name.hasPrefix(pattern.dropLast()) : pattern == name
    }

    // MARK: Overlaps

    /// Whether an object's event could be told by both, which S3 refuses.
    func overlaps(_ other: Notification) -> Bool {
        sharedEvents(with: other) != nil
            && (prefix.hasPrefix(bytes: other.prefix) || other.prefix.hasPrefix(bytes: prefix))
            && (suffix.hasSuffix(bytes: other.suffix) || other.suffix.hasSuffix(bytes: suffix))
    }

    private func sharedEvents(with other: Notification) -> (String, String)? {
        for event in events {
            for another in other.events where Self.covers(event, another) || Self.covers(another, event) {
                return (event, another)
            }
        }
        return nil
    }

    /// - Throws: `InvalidArgument` where two of them overlap.
    static func refuseOverlaps(among notifications: [Notification]) throws(AWSError) {
        for (index, one) in notifications.enumerated() {
            for other in notifications[(index + 1)...] where one.overlaps(other) {
                let isFiltered = ![one.prefix, one.suffix, other.prefix, other.suffix].allSatisfy(\.isEmpty)
                guard isFiltered else {
                    let (first, second) = one.sharedEvents(with: other) ?? ("", "")
                    throw .invalidArgument(
                        "Configurations overlap. Configurations on the same bucket cannot share a common event type.",
                        "Event",
                        "\(first), \(second)"
                    )
                }
                throw AWSError(
                    "InvalidArgument",
                    "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes "
                        + "are overlapping for the same event type."
                )
            }
        }
    }
}

extension String {
    /// Swift's own comparison takes canonically equivalent keys for one.
    fileprivate func hasPrefix(bytes prefix: String) -> Bool { utf8.starts(with: prefix.utf8) }

    fileprivate func hasSuffix(bytes suffix: String) -> Bool { utf8.reversed().starts(with: suffix.utf8.reversed()) }
}
