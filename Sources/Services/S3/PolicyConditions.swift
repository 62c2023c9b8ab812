import AWSProtocol
import JSON

/// What a request tells to the conditions of a policy, by lower-case condition key.
struct PolicyContext: Sendable {
    private var values: [String: [String]] = [:]

    init(_ request: AWSRequest, object: ObjectRecord?) {
        let caller = request.caller
        if caller.isAnonymous {
            values["aws:principaltype"] = ["Anonymous"]
        } else {
            values["aws:principalarn"] = [caller.principal]
            values["aws:principalaccount"] = [caller.account]
            values["aws:principaltype"] = [caller.isAccountRoot ? "Account" : "User"]
            values["aws:username"] = ARN(caller.principal).map {
                [String($0.resource.split(separator: "/").last ?? "")]
            }
        }
        values["aws:requestedregion"] = [caller.region]
        // The yard listens on the loopback interface: what policies mean to keep out is not there.
        values["aws:securetransport"] = ["true"]
        for (member, key) in Self.requestMembers {
            guard let value = request[member] else { continue }
            values[key] = [value.stringValue ?? value.serialized()]
        }
        for tag in object?.tags ?? [] {
            guard let key = tag["Key"]?.stringValue else { continue }
            values["s3:existingobjecttag/\(key.lowercased())"] = [tag["Value"]?.stringValue ?? ""]
        }
        let requested =
            (try? TagSet.parse(header: request.string("Tagging"))) ?? request["Tagging"]?["TagSet"]?.arrayValue
        for tag in requested ?? [] {
            guard let key = tag["Key"]?.stringValue else { continue }
            values["s3:requestobjecttag/\(key.lowercased())"] = [tag["Value"]?.stringValue ?? ""]
            values["s3:requestobjecttagkeys", default: []].append(key)
        }
    }

    private static let requestMembers = [
        "Prefix": "s3:prefix", "Delimiter": "s3:delimiter", "MaxKeys": "s3:max-keys", "ACL": "s3:x-amz-acl",
        "CopySource": "s3:x-amz-copy-source", "MetadataDirective": "s3:x-amz-metadata-directive",
        "ServerSideEncryption": "s3:x-amz-server-side-encryption", "StorageClass": "s3:x-amz-storage-class",
        "SSEKMSKeyId": "s3:x-amz-server-side-encryption-aws-kms-key-id", "VersionId": "s3:versionid",
        "GrantFullControl": "s3:x-amz-grant-full-control", "GrantRead": "s3:x-amz-grant-read",
        "GrantWrite": "s3:x-amz-grant-write", "GrantReadACP": "s3:x-amz-grant-read-acp",
        "GrantWriteACP": "s3:x-amz-grant-write-acp", "LocationConstraint": "s3:locationconstraint",
    ]

    subscript(key: String) -> [String]? { values[key.lowercased()] }

    /// The pattern with its policy variables (`${aws:username}`) filled in.
    func substituting(in pattern: String) -> String {
        var rest = pattern[...]
        var result = ""
        while let start = rest.firstIndex(of: "$"), let open = rest.index(start, offsetBy: 1, limitedBy: rest.endIndex),
            open < rest.endIndex, rest[open] == "{", let end = rest[open...].firstIndex(of: "}")
        {
            let name = String(rest[rest.index(after: open)..<end])
            result += rest[..<start] + (self[name]?.first ?? "${\(name)}")
            rest = rest[rest.index(after: end)...]
        }
        return result + rest
    }
}

/// One operator of a condition with one key: `"StringLike": {"s3:prefix": ["home/*"]}`.
struct PolicyCondition: Sendable {
    enum Comparison: Sendable {
        case equals, equalsIgnoringCase, like, number, flag, isNull
    }

    var comparison: Comparison
    /// For numbers: less, equal or greater than the condition's value.
    var orders: Set<Int> = [0]
    var isNegated = false
    /// `…IfExists`: holds where the request does not have the key.
    var holdsIfAbsent = false
    /// `ForAllValues:`: every value of the request must match; otherwise one suffices.
    var needsAllValues = false
    var key: String
    var values: [String]

    private static let operators: [String: (comparison: Comparison, orders: Set<Int>, isNegated: Bool)] = [
        "StringEquals": (.equals, [0], false), "StringNotEquals": (.equals, [0], true),
        "StringEqualsIgnoreCase": (.equalsIgnoringCase, [0], false),
        "StringNotEqualsIgnoreCase": (.equalsIgnoringCase, [0], true),
        "StringLike": (.like, [0], false), "StringNotLike": (.like, [0], true),
        "ArnEquals": (.like, [0], false), "ArnLike": (.like, [0], false),
        "ArnNotEquals": (.like, [0], true), "ArnNotLike": (.like, [0], true),
        "NumericEquals": (.number, [0], false), "NumericNotEquals": (.number, [0], true),
        "NumericLessThan": (.number, [-1], false), "NumericLessThanEquals": (.number, [-1, 0], false),
        "NumericGreaterThan": (.number, [1], false), "NumericGreaterThanEquals": (.number, [0, 1], false),
        "Bool": (.flag, [0], false), "Null": (.isNull, [0], false),
        // The request's address and date are not known here: such a condition is judged as one on an absent key.
        "IpAddress": (.equals, [0], false), "NotIpAddress": (.equals, [0], true),
        "DateEquals": (.equals, [0], false), "DateNotEquals": (.equals, [0], true),
        "DateLessThan": (.number, [-1], false), "DateLessThanEquals": (.number, [-1, 0], false),
        "DateGreaterThan": (.number, [1], false), "DateGreaterThanEquals": (.number, [0, 1], false),
    ]

    static func parse(_ document: JSON?) throws(AWSError) -> [PolicyCondition] {
        guard let document else { return [] }
        guard let operators = document.objectValue else { throw BucketPolicy.malformed("Invalid policy syntax.") }
        var conditions: [PolicyCondition] = []
        for (name, keys) in operators {
            guard let keys = keys.objectValue else { throw BucketPolicy.malformed("Invalid policy syntax.") }
            for (key, value) in keys {
                conditions.append(try PolicyCondition(name, key, value))
            }
        }
        return conditions
    }

    private init(_ name: String, _ key: String, _ value: JSON) throws(AWSError) {
        var name = name[...]
        if name.hasPrefix("ForAllValues:") { needsAllValues = true }
        if let colon = name.firstIndex(of: ":") { name = name[name.index(after: colon)...] }
        if name.hasSuffix("IfExists") {
            holdsIfAbsent = true
            name = name.dropLast(8)
        }
        guard let known = Self.operators[String(name)] else {
            throw BucketPolicy.malformed("Invalid Condition type : \(name)")
        }
        (comparison, orders, isNegated) = known
        self.key = key
        let elements = value.arrayValue ?? [value]
        values = elements.map { $0.stringValue ?? $0.serialized() }
    }

    func holds(in context: PolicyContext) -> Bool {
        guard let actual = context[key] else {
            if comparison == .isNull { return values.contains("true") }
            return holdsIfAbsent || needsAllValues || isNegated
        }
        if comparison == .isNull { return values.contains("false") }
        let isNamed = { (value: String) in values.contains { compare(context.substituting(in: $0), value) } }
        if needsAllValues { return actual.allSatisfy { isNamed($0) != isNegated } }
        return actual.contains { isNamed($0) } != isNegated
    }

    private func compare(_ expected: String, _ actual: String) -> Bool {
        switch comparison {
        case .equals: return expected == actual
        case .equalsIgnoringCase, .flag: return expected.lowercased() == actual.lowercased()
        case .like: return Wildcard.matches(expected, actual)
        case .number:
            guard let expected = Double(expected), let actual = Double(actual) else { return false }
            return orders.contains(actual < expected ? -1 : actual > expected ? 1 : 0)
        case .isNull: return false
        }
    }

    /// Whether the condition keeps an `Allow` for everybody from being public: a fixed account, principal or network.
    var narrowsToKnownCallers: Bool {
        let fixed: Set = [
            "aws:principalarn", "aws:principalaccount", "aws:principalorgid", "aws:sourcearn", "aws:sourceaccount",
            "aws:sourceowner", "aws:sourcevpc", "aws:sourcevpce", "aws:sourceip", "aws:userid", "s3:dataaccesspointarn",
            "s3:dataaccesspointaccount",
        ]
        return fixed.contains(key.lowercased()) && !isNegated
            && values.allSatisfy { !$0.contains("*") || comparison == .equals }
    }
}
