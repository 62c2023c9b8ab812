import AWSProtocol
import JSON

/// Which tags of a repository may be pointed at another image.
/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html>
struct TagMutability: Sendable {
    /// `MUTABLE`, `IMMUTABLE`, or one of these for all tags but the excluded ones.
    var setting: String
    var exclusions: [String]

    init(_ setting: JSON?, _ filters: JSON?) {
        self.setting = setting?.stringValue ?? "MUTABLE"
        exclusions = (filters?.arrayValue ?? []).compactMap { $0["filter"]?.stringValue }
    }

    init(setting: String, exclusions: [String]) {
        self.setting = setting
        self.exclusions = exclusions
    }

    /// - Throws: `InvalidParameterException` where the filters do not go with the setting.
    func check() throws(AWSError) {
        if setting.hasSuffix("_WITH_EXCLUSION") == !exclusions.isEmpty { return }
        throw .invalidParameter(
            "Invalid parameter at 'imageTagMutabilityExclusionFilters' failed to satisfy constraint: "
                + (exclusions.isEmpty
                    ? "'must not be empty for \(setting)'"
                    : "'are for MUTABLE_WITH_EXCLUSION and IMMUTABLE_WITH_EXCLUSION only'")
        )
    }

    func isImmutable(_ tag: String) -> Bool {
        let isExcluded = exclusions.contains { WildcardPattern($0).matches(tag) }
        return switch setting {
        case "IMMUTABLE": true
        case "IMMUTABLE_WITH_EXCLUSION": !isExcluded
        case "MUTABLE_WITH_EXCLUSION": isExcluded
        default: false
        }
    }

    var filters: JSON? {
        exclusions.isEmpty
            ? nil : .array(exclusions.map { ["filterType": "WILDCARD", "filter": .string($0)] })
    }
}

extension Repository {
    var mutability: TagMutability { TagMutability(setting: tagMutability, exclusions: tagExclusions) }

    mutating func mutability(_ mutability: TagMutability) throws(AWSError) {
        try mutability.check()
        tagMutability = mutability.setting
        tagExclusions = mutability.exclusions
    }

    /// Whether the tag may not be pointed at another image.
    func isImmutable(_ tag: String) -> Bool { mutability.isImmutable(tag) }
}
