import AWSProtocol
import JSON

/// A repository's rules about which images to expire and which to archive.
/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html>
struct LifecyclePolicy: Sendable {
    struct Rule: Sendable {
        /// Rules are applied from the lowest to the highest.
        var priority: Int
        var tagStatus: TagStatus
        /// An image is selected where each of them matches one of its tags.
        var tagPatterns: [WildcardPattern]
        var storageClass: StorageClass
        var count: Count
        var action: Action
    }

    enum TagStatus: String, CaseIterable { case any, tagged, untagged }

    enum StorageClass: String, CaseIterable { case standard, archive }

    enum Action: String, CaseIterable {
        case expire
        /// To the archive.
        case transition
    }

    enum Count: Sendable, Equatable {
        case imageCountMoreThan(Int)
        case sinceImagePushed(days: Int)
        case sinceImagePulled(days: Int)
        case sinceImageTransitioned(days: Int)
    }

    /// In the order in which they are applied.
    var rules: [Rule]

    /// - Throws: `InvalidParameterException` that says what the schema does not allow.
    init(_ text: String) throws(AWSError) {
        guard let document = try? JSON(parsing: text), document.objectValue != nil else {
            throw Self.invalid("Could not map policyString into LifecyclePolicy.")
        }
        guard let members = document["rules"]?.arrayValue else { throw Self.missing(["rules"]) }
        guard !members.isEmpty else {
            throw Self.invalid("array is too short: must have at least 1 elements but instance has 0 elements")
        }
        var rules: [Rule] = []
        for member in members { rules.append(try Rule(member)) }
        self.rules = rules.sorted { $0.priority < $1.priority }
        try checkTogether()
    }

    private func checkTogether() throws(AWSError) {
        let priorities = rules.map(\.priority)
        for (rule, next) in zip(priorities, priorities.dropFirst()) where rule == next {
            throw Self.invalid("rule priorities must be unique, \(rule) occurs twice")
        }
        for rule in rules.dropLast()
        where rule.tagStatus == .any && rule.storageClass == rules[rules.count - 1].storageClass {
            throw Self.invalid("the rule with tagStatus any must have the highest rulePriority")
        }
        for storageClass in StorageClass.allCases {
            guard rules.count(where: { $0.tagStatus == .untagged && $0.storageClass == storageClass }) > 1 else {
                continue
            }
            throw Self.invalid("only one rule may select untagged images")
        }
    }

    static func invalid(_ reason: String) -> AWSError {
        .invalidParameter(
            "Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: 'Lifecycle policy validation failure: "
                + "\(reason)'"
        )
    }

    static func missing(_ names: [String]) -> AWSError {
        let list = names.map { "\"\($0)\"" }.joined(separator: ",")
        return invalid("object has missing required properties ([\(list)])")
    }
}

extension LifecyclePolicy.Rule {
    fileprivate init(_ member: JSON) throws(AWSError) {
        let rule = try member.properties(required: ["rulePriority", "selection", "action"], optional: ["description"])
        guard let priority = rule["rulePriority"]?.intValue, priority >= 1 else {
            throw LifecyclePolicy.invalid("rulePriority is a number from 1")
        }
        self.priority = priority
        let action = try (rule["action"] ?? .null).properties(required: ["type"], optional: ["targetStorageClass"])
        self.action = try action.choice("type")
        let selection = try (rule["selection"] ?? .null).properties(
            required: ["tagStatus", "countType", "countNumber"],
            optional: ["tagPatternList", "tagPrefixList", "countUnit", "storageClass"]
        )
        tagStatus = try selection.choice("tagStatus")
        storageClass = selection["storageClass"] == nil ? .standard : try selection.choice("storageClass")
        count = try LifecyclePolicy.Count(selection)
        let prefixes = selection.strings("tagPrefixList")
        let patterns = selection.strings("tagPatternList")
        tagPatterns = patterns.map { WildcardPattern($0) } + prefixes.map { WildcardPattern(prefix: $0) }
        try checkSelection(patterns, prefixes)
        try checkAction(action)
    }

    private func checkSelection(_ patterns: [String], _ prefixes: [String]) throws(AWSError) {
        if tagStatus == .tagged, tagPatterns.isEmpty {
            throw LifecyclePolicy.invalid("tagStatus tagged needs a tagPatternList or a tagPrefixList")
        }
        if tagStatus != .tagged, !tagPatterns.isEmpty {
            throw LifecyclePolicy.invalid("tagPatternList and tagPrefixList are for tagStatus tagged only")
        }
        if !patterns.isEmpty, !prefixes.isEmpty {
            throw LifecyclePolicy.invalid("a rule has either a tagPatternList or a tagPrefixList")
        }
        for pattern in patterns where pattern.count(where: { $0 == "*" }) > 4 {
            throw LifecyclePolicy.invalid("the pattern \(pattern) has more than four wildcards")
        }
    }

    private func checkAction(_ members: JSON.Object) throws(AWSError) {
        switch (action, count) {
        case (.expire, .sinceImagePulled):
            throw LifecyclePolicy.invalid("sinceImagePulled is for transitions only")
        case (.transition, _) where members["targetStorageClass"]?.stringValue != "archive":
            throw LifecyclePolicy.invalid("a transition has the targetStorageClass archive")
        case (.transition, _) where storageClass == .archive:
            throw LifecyclePolicy.invalid("an archived image cannot be transitioned")
        case (_, .sinceImageTransitioned) where storageClass == .standard:
            throw LifecyclePolicy.invalid("sinceImageTransitioned is for the storageClass archive only")
        default: return
        }
    }
}

extension LifecyclePolicy.Count {
    fileprivate init(_ selection: JSON.Object) throws(AWSError) {
        let unit = selection["countUnit"]?.stringValue
        if let unit, unit != "days" {
            throw LifecyclePolicy.invalid("instance value (\(unit)) not found in enum :(possible values: [\"days\"])")
        }
        guard let number = selection["countNumber"]?.intValue else {
            throw LifecyclePolicy.invalid("countNumber is a number")
        }
        guard number >= 1 else {
            throw LifecyclePolicy.invalid(
                "numeric instance is lower than the required minimum (minimum: 1, found: \(number))"
            )
        }
        switch selection["countType"]?.stringValue {
        case "imageCountMoreThan" where unit == nil: self = .imageCountMoreThan(number)
        case "sinceImagePushed" where unit != nil: self = .sinceImagePushed(days: number)
        case "sinceImagePulled" where unit != nil: self = .sinceImagePulled(days: number)
        case "sinceImageTransitioned" where unit != nil: self = .sinceImageTransitioned(days: number)
        default:
            throw LifecyclePolicy.invalid("instance failed to match exactly one schema (matched 0 out of 2)")
        }
    }
}

extension JSON {
    /// The members of an object that has the required ones and no unknown ones.
    fileprivate func properties(required: [String], optional: [String]) throws(AWSError) -> JSON.Object {
        guard let members = objectValue else {
            throw LifecyclePolicy.invalid("instance does not match any allowed primitive type (allowed: [\"object\"])")
        }
        let missing = required.filter { members[$0] == nil }.sorted()
        guard missing.isEmpty else { throw LifecyclePolicy.missing(missing) }
        let unknown = members.keys.filter { !required.contains($0) && !optional.contains($0) }
        guard unknown.isEmpty else {
            let list = unknown.map { "\"\($0)\"" }.joined(separator: ",")
            throw LifecyclePolicy.invalid(
                "object instance has properties which are not allowed by the schema: ([\(list)])"
            )
        }
        return members
    }
}

extension JSON.Object {
    fileprivate func choice<Choice: RawRepresentable<String> & CaseIterable>(_ name: String) throws(AWSError) -> Choice
    {
        let text = self[name]?.stringValue ?? ""
        guard let choice = Choice(rawValue: text) else {
            let list = Choice.allCases.map { "\"\($0.rawValue)\"" }.sorted().joined(separator: ", ")
            throw LifecyclePolicy.invalid("instance value (\(text)) not found in enum :(possible values: [\(list)])")
        }
        return choice
    }

    fileprivate func strings(_ name: String) -> [String] { self[name]?.arrayValue?.compactMap(\.stringValue) ?? [] }
}
