import AWSProtocol
import JSON

/// A bucket policy: who may do what, under which conditions.
///
/// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
struct BucketPolicy: Sendable {
    enum Effect: String, Sendable {
        case allow = "Allow"
        case deny = "Deny"
    }

    /// A list of patterns, or of those that are left out (`NotAction`).
    struct Patterns: Sendable {
        var patterns: [String]
        var isNegated: Bool
    }

    struct Statement: Sendable {
        var effect: Effect
        var principals: Patterns
        var actions: Patterns
        var resources: Patterns
        var conditions: [PolicyCondition]
    }

    /// What is asked of a policy.
    struct Question {
        var caller: Caller
        var action: String
        var resource: String
        var context: PolicyContext
    }

    var statements: [Statement]

    /// What the policy says to the question; nil where it says nothing. A denial wins.
    func decision(on question: Question) -> Effect? {
        var decision: Effect?
        for statement in statements where statement.applies(to: question) {
            if statement.effect == .deny { return .deny }
            decision = .allow
        }
        return decision
    }

    /// Whether it opens the bucket to everybody, by the rules of "Blocking public access".
    var isPublic: Bool {
        statements.contains { statement in
            statement.effect == .allow
                && (statement.principals.isNegated || statement.principals.patterns.contains("*"))
                && !statement.conditions.contains(where: \.narrowsToKnownCallers)
        }
    }
}

extension BucketPolicy.Statement {
    func applies(to question: BucketPolicy.Question) -> Bool {
        principals.matches { $0 == "*" || PolicyPrincipal.matches($0, question.caller) }
            && actions.matches { Wildcard.matches($0.lowercased(), question.action.lowercased()) }
            && resources.matches {
                Wildcard.matches(question.context.substituting(in: $0), question.resource)
            }
            && conditions.allSatisfy { $0.holds(in: question.context) }
    }
}

extension BucketPolicy.Patterns {
    func matches(_ isMatch: (String) -> Bool) -> Bool { patterns.contains(where: isMatch) != isNegated }
}

/// Principals as policies write them.
enum PolicyPrincipal {
    /// Whether a principal (an account, `arn:aws:iam::…:root`, a user, a role, a session) includes the caller.
    static func matches(_ principal: String, _ caller: Caller) -> Bool {
        guard !caller.isAnonymous else { return false }
        if principal == caller.account || principal == "arn:aws:iam::\(caller.account):root" { return true }
        if principal == caller.principal { return true }
        return principal == role(of: caller.principal)
    }

    /// `arn:aws:iam::1:role/R` for a session `arn:aws:sts::1:assumed-role/R/name`.
    private static func role(of session: String) -> String? {
        guard let arn = ARN(session), arn.service == "sts" else { return nil }
        let parts = arn.resource.split(separator: "/")
        guard parts.count == 3, parts[0] == "assumed-role" else { return nil }
        return "arn:\(arn.partition):iam::\(arn.account):role/\(parts[1])"
    }
}
