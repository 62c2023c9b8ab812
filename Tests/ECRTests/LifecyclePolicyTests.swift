import AWSProtocol
import Testing

@testable import ECR

/// The examples of AWS's user guide, and the limits of what is a policy.
/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_examples.html>
@Suite struct LifecyclePolicyTests {
    private static let now = Timestamp(milliseconds: 1_700_000_000_000)

    private static func image(_ name: String, _ tags: [String], daysAgo days: Int) -> LifecycleImage {
        LifecycleImage(digest: name, tags: tags, pushed: now + .seconds(-days * 86_400 - 60))
    }

    private static func rule(
        _ priority: Int,
        _ selection: String,
        _ count: String = #""countType":"imageCountMoreThan","countNumber":1"#,
        action: String = #""type":"expire""#
    ) -> String { #"{"rulePriority":\#(priority),"selection":{\#(selection),\#(count)},"action":{\#(action)}}"# }

    private static func tagged(_ prefixes: String...) -> String {
        #""tagStatus":"tagged","tagPrefixList":["# + prefixes.map { "\"\($0)\"" }.joined(separator: ",") + "]"
    }

    private static func older(than days: Int) -> String {
        #""countType":"sinceImagePushed","countUnit":"days","countNumber":\#(days)"#
    }

    private static let betaAndProd = [
        image("A", ["beta-1", "prod-1"], daysAgo: 10), image("B", ["beta-2", "prod-2"], daysAgo: 9),
        image("C", ["beta-3"], daysAgo: 8),
    ]
    private static let alphaAndBeta = [
        image("A", ["alpha-1"], daysAgo: 12), image("B", ["beta-1"], daysAgo: 11),
        image("C", ["alpha-2", "beta-2"], daysAgo: 10), image("D", ["alpha-3"], daysAgo: 4),
        image("E", ["beta-3"], daysAgo: 3), image("F", ["alpha-4", "beta-4"], daysAgo: 2),
    ]
    private static let mixed = [
        image("A", ["alpha-1"], daysAgo: 4), image("B", ["beta-1"], daysAgo: 3), image("C", [], daysAgo: 2),
        image("D", ["alpha-2"], daysAgo: 1),
    ]

    @Test(arguments: [
        ([rule(1, tagged("prod")), rule(2, tagged("beta"))], betaAndProd, "A:1"),
        ([rule(1, tagged("beta")), rule(2, tagged("prod"))], betaAndProd, "A:1 B:1"),
        ([rule(1, tagged("alpha", "beta"), older(than: 5))], alphaAndBeta, "C:1"),
        ([rule(1, #""tagStatus":"tagged","tagPatternList":["*a-1"]"#, older(than: 5))], alphaAndBeta, "A:1 B:1"),
        ([rule(1, #""tagStatus":"any""#)], mixed, "A:1 B:1 C:1"),
        ([rule(1, tagged("alpha")), rule(2, #""tagStatus":"any""#)], mixed, "A:1 B:2 C:2"),
        ([rule(1, #""tagStatus":"untagged""#, older(than: 1))], mixed, "C:1"),
        ([rule(1, #""tagStatus":"untagged""#, older(than: 2))], mixed, "C:1"),
        ([rule(1, #""tagStatus":"untagged""#, older(than: 3))], mixed, ""),
    ])
    func `rules apply by priority, and never to what a rule before them selects`(
        rules: [String],
        images: [LifecycleImage],
        expected: String
    ) throws {
        let policy = try LifecyclePolicy("{\"rules\":[\(rules.reversed().joined(separator: ","))]}")
        let marks = policy.marks(images, now: Self.now).map { "\($0.digest):\($0.priority)" }
        #expect(marks.joined(separator: " ") == expected)
    }

    @Test func `an image that an index names stays, and an archived one is another rule's`() throws {
        var images = Self.mixed
        images[0].isReferenced = true
        images[1].isArchived = true
        images[1].archived = Self.now + .seconds(-100 * 86_400)
        let since = #""countType":"sinceImageTransitioned","countUnit":"days","countNumber":90"#
        let policy = try LifecyclePolicy(
            """
            {"rules":[\(Self.rule(1, #""tagStatus":"any","storageClass":"archive""#, since)),
            \(Self.rule(2, #""tagStatus":"any""#, Self.older(than: 1)))]}
            """
        )
        #expect(policy.marks(images, now: Self.now).map { "\($0.digest):\($0.priority)" } == ["B:1", "C:2", "D:2"])
    }

    @Test(arguments: [
        ("[]", "Could not map policyString into LifecyclePolicy."),
        ("{}", #"object has missing required properties (["rules"])"#),
        (
            #"{"rules":[{"rulePriority":1,"action":{"type":"expire"}}]}"#,
            #"object has missing required properties (["selection"])"#
        ),
        (
            "{\"rules\":[\(rule(1, #""tagStatus":"unknown""#))]}",
            #"instance value (unknown) not found in enum :(possible values: ["any", "tagged", "untagged"])"#
        ),
        (
            "{\"rules\":[\(rule(1, #""tagStatus":"any""#, #""countType":"imageCountMoreThan","countNumber":0"#))]}",
            "numeric instance is lower than the required minimum (minimum: 1, found: 0)"
        ),
        (
            "{\"rules\":[\(rule(1, #""tagStatus":"any""#, #""countType":"sinceImagePushed","countNumber":1"#))]}",
            "instance failed to match exactly one schema (matched 0 out of 2)"
        ),
        (
            "{\"rules\":[\(rule(1, #""tagStatus":"any""#)),\(rule(2, tagged("a")))]}",
            "the rule with tagStatus any must have the highest rulePriority"
        ),
        (
            "{\"rules\":[\(rule(1, #""tagStatus":"any""#, action: #""type":"transition""#))]}",
            "a transition has the targetStorageClass archive"
        ),
    ])
    func `what is no policy is refused with the reason`(text: String, reason: String) {
        let error = #expect(throws: AWSError.self) { try LifecyclePolicy(text) }
        #expect(error?.code == "InvalidParameterException")
        #expect(
            error?.message
                == "Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: 'Lifecycle policy validation "
                + "failure: \(reason)'"
        )
    }

    @Test(arguments: [
        ("prod*", "prod-1", true), ("*prod*", "a-prod-1", true), ("prod*", "a-prod", false), ("v1", "v1", true),
        ("v1", "v10", false), ("*test*1*2*3", "a test 1 2 3", true), ("a*a", "a", false), ("*", "", true),
    ])
    func `a star stands for any text`(pattern: String, text: String, matches: Bool) {
        #expect(WildcardPattern(pattern).matches(text) == matches)
    }
}
