import AWSProtocol
import JSON

extension BucketPolicy {
    /// Parses a policy's text.
    /// - Parameter bucket: Where given, the resources must lie in this bucket, as `PutBucketPolicy` asks.
    /// - Throws: `MalformedPolicy` in S3's words.
    init(parsing text: String, for bucket: String? = nil) throws(AWSError) {
        guard let document = try? JSON(parsing: text), case .object(let members) = document else {
            throw Self.malformed("Policies must be valid JSON and the first byte must be '{'")
        }
        let known: Set = ["Version", "Id", "Statement"]
        if let unknown = members.keys.first(where: { !known.contains($0) }) {
            throw Self.malformed("Unknown field \(unknown)")
        }
        if let version = members["Version"] {
            guard ["2008-10-17", "2012-10-17"].contains(version.stringValue) else {
                throw Self.malformed("The policy must contain a valid version string")
            }
        }
        let list: [JSON]
        switch members["Statement"] {
        case .array(let statements)?: list = statements
        case .object(let statement)?: list = [.object(statement)]
        default: throw Self.malformed("Missing required field Statement")
        }
        guard !list.isEmpty else { throw Self.malformed("Missing required field Statement") }
        statements = []
        for element in list {
            guard let members = element.objectValue else { throw Self.malformed("Invalid policy syntax.") }
            statements.append(try Statement(members, bucket: bucket))
        }
    }

    static func malformed(_ message: String) -> AWSError { AWSError("MalformedPolicy", message) }
}

extension BucketPolicy.Statement {
    private static let fields: Set = [
        "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition",
    ]

    init(_ members: JSON.Object, bucket: String?) throws(AWSError) {
        if let unknown = members.keys.first(where: { !Self.fields.contains($0) }) {
            throw BucketPolicy.malformed("Unknown field \(unknown)")
        }
        guard let word = members["Effect"] else { throw BucketPolicy.malformed("Missing required field Effect") }
        guard let effect = word.stringValue.flatMap(BucketPolicy.Effect.init) else {
            throw BucketPolicy.malformed("Invalid effect: \(word.stringValue ?? word.serialized())")
        }
        self.effect = effect
        principals = try Self.principals(members)
        actions = try Self.patterns("Action", members)
        resources = try Self.patterns("Resource", members)
        conditions = try PolicyCondition.parse(members["Condition"])
        try validate(bucket: bucket)
    }

    private static func patterns(_ name: String, _ members: JSON.Object) throws(AWSError) -> BucketPolicy.Patterns {
        let isNegated = members[name] == nil
        guard let value = members[name] ?? members["Not\(name)"] else {
            throw BucketPolicy.malformed("Missing required field \(name)")
        }
        guard let patterns = value.oneOrMoreStrings, !patterns.isEmpty else {
            throw BucketPolicy.malformed("Policy has invalid \(name.lowercased())")
        }
        return BucketPolicy.Patterns(patterns: patterns, isNegated: isNegated)
    }

    private static func principals(_ members: JSON.Object) throws(AWSError) -> BucketPolicy.Patterns {
        let isNegated = members["Principal"] == nil
        guard let value = members["Principal"] ?? members["NotPrincipal"] else {
            throw BucketPolicy.malformed("Missing required field Principal")
        }
        switch value {
        case .string("*"): return BucketPolicy.Patterns(patterns: ["*"], isNegated: isNegated)
        case .object(let kinds):
            guard !kinds.isEmpty else {
                throw BucketPolicy.malformed("Missing required field Principal cannot be empty!")
            }
            var patterns: [String] = []
            for (kind, value) in kinds {
                guard ["AWS", "Service", "Federated", "CanonicalUser"].contains(kind),
                    let values = value.oneOrMoreStrings, !values.isEmpty
                else { throw BucketPolicy.malformed("Invalid principal in policy") }
                for value in values where kind == "AWS" && !isPrincipal(value) {
                    throw AWSError(
                        "MalformedPolicy",
                        "Invalid principal in policy",
                        fields: ["Detail": .string("\"AWS\" : \"\(value)\"")]
                    )
                }
                patterns += values
            }
            return BucketPolicy.Patterns(patterns: patterns, isNegated: isNegated)
        default: throw BucketPolicy.malformed("Invalid policy syntax.")
        }
    }

    private static func isPrincipal(_ text: String) -> Bool {
        if text == "*" { return true }
        if text.utf8.count == 12, text.utf8.allSatisfy({ (48...57).contains($0) }) { return true }
        guard let arn = ARN(text) else { return text.hasPrefix("AIDA") || text.hasPrefix("AROA") }
        return arn.service == "iam" || arn.service == "sts"
    }

    private func validate(bucket: String?) throws(AWSError) {
        guard actions.patterns.allSatisfy({ $0 == "*" || $0.lowercased().hasPrefix("s3:") }) else {
            throw BucketPolicy.malformed("Policy has invalid action")
        }
        guard let bucket else { return }
        let arn = "arn:aws:s3:::\(bucket)"
        for resource in resources.patterns where !resources.isNegated {
            let isOfBucket = resource == arn || resource.hasPrefix("\(arn)/") || resource.hasPrefix("\(arn)*")
            guard
                isOfBucket || resource == "*" || Wildcard.matches(resource, arn)
                    || Wildcard.matches(resource, "\(arn)/")
            else {
                throw BucketPolicy.malformed("Policy has invalid resource")
            }
        }
    }
}

extension JSON {
    /// The strings of a string or of a list of strings, else nil.
    var oneOrMoreStrings: [String]? {
        switch self {
        case .string(let text): return [text]
        case .array(let elements):
            let strings = elements.compactMap(\.stringValue)
            return strings.count == elements.count ? strings : nil
        default: return nil
        }
    }
}
