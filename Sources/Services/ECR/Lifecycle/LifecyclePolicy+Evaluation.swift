import AWSProtocol

/// What a lifecycle policy looks at in an image.
struct LifecycleImage: Sendable {
    var digest: String
    var tags: [String]
    var pushed: Timestamp
    var pulled: Timestamp?
    var archived: Timestamp?
    var activated: Timestamp?
    var isArchived = false
    /// Whether an index names it: such stays as long as the index.
    var isReferenced = false
}

/// What a policy decides about an image.
struct LifecycleMark: Sendable, Equatable {
    var digest: String
    var priority: Int
    var action: LifecyclePolicy.Action
}

extension LifecyclePolicy {
    /// What becomes of the images now.
    ///
    /// Each rule looks at all images that it selects, those included which a rule before it marks; but an image that a
    /// rule before it selects is not its to mark.
    /// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html#lp_evaluation_rules>
    func marks(_ images: [LifecycleImage], now: Timestamp) -> [LifecycleMark] {
        var seen: Set<String> = []
        var marks: [LifecycleMark] = []
        for rule in rules {
            let selected = images.filter(rule.selects)
            for image in rule.due(among: selected, now: now) where !seen.contains(image.digest) && !image.isReferenced {
                marks.append(LifecycleMark(digest: image.digest, priority: rule.priority, action: rule.action))
            }
            seen.formUnion(selected.map(\.digest))
        }
        return marks
    }
}

extension LifecyclePolicy.Rule {
    func selects(_ image: LifecycleImage) -> Bool {
        guard image.isArchived == (storageClass == .archive) else { return false }
        return switch tagStatus {
        case .any: true
        case .untagged: image.tags.isEmpty
        case .tagged: tagPatterns.allSatisfy { pattern in image.tags.contains(where: pattern.matches) }
        }
    }

    /// Those that are too many or too old, oldest first.
    fileprivate func due(among images: [LifecycleImage], now: Timestamp) -> [LifecycleImage] {
        let moment: (LifecycleImage) -> Timestamp
        let days: Int
        switch count {
        case .imageCountMoreThan(let kept):
            let sorted = images.sorted { ($0.pushed, $0.digest) < ($1.pushed, $1.digest) }
            return Array(sorted.dropLast(kept))
        case .sinceImagePushed(let count): (moment, days) = ({ $0.pushed }, count)
        case .sinceImagePulled(let count):
            (moment, days) = ({ max($0.pulled ?? $0.pushed, $0.activated ?? $0.pushed) }, count)
        case .sinceImageTransitioned(let count): (moment, days) = ({ $0.archived ?? $0.pushed }, count)
        }
        let age = Duration.seconds(days * 86_400)
        return images.filter { now - moment($0) > age }.sorted { moment($0) < moment($1) }
    }
}
