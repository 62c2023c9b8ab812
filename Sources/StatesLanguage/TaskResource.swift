/// What a Task state's `Resource` names.
public struct TaskResource: Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        /// A function's ARN.
        case lambdaFunction
        /// An activity's ARN.
        case activity
        /// `arn:aws:states:::service:action`.
        case optimized(service: String, action: String)
        /// `arn:aws:states:::aws-sdk:service:action`.
        case sdk(service: String, action: String)
    }

    /// When the task counts as done.
    public enum Pattern: String, Sendable, Hashable {
        /// As soon as the call is answered.
        case requestResponse = ""
        /// When the job that the call began has ended.
        case sync = ".sync"
        /// Like `sync`, with the nested execution's output as JSON rather than as text.
        case sync2 = ".sync:2"
        /// When somebody hands the task token back.
        case waitForTaskToken = ".waitForTaskToken"
    }

    /// As it stands in the definition.
    public let arn: String
    public let kind: Kind
    public let pattern: Pattern

    /// The history's `resourceType`: `lambda`, `aws-sdk:s3`.
    public var resourceType: String {
        switch kind {
        case .lambdaFunction: "lambda"
        case .activity: "activity"
        case .optimized(let service, _): service
        case .sdk(let service, _): "aws-sdk:\(service)"
        }
    }

    /// The history's `resource`: `invoke.waitForTaskToken`.
    public var resource: String {
        switch kind {
        case .lambdaFunction, .activity: arn
        case .optimized(_, let action), .sdk(_, let action): action + pattern.rawValue
        }
    }

    /// Whether the task reports its own submission before it is done.
    public var isSubmitted: Bool {
        if case .activity = kind { return false }
        return pattern != .requestResponse
    }

    /// Nil where the text is no resource that a Task can name.
    public init?(_ arn: String) {
        let parts = arn.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard parts.count >= 6, parts[0] == "arn", parts[1].hasPrefix("aws") else { return nil }
        self.arn = arn
        if parts[2] == "lambda", parts[5] == "function", parts.count >= 7 {
            kind = .lambdaFunction
            pattern = .requestResponse
        } else if parts[2] == "states", parts[5] == "activity", parts.count >= 7 {
            kind = .activity
            pattern = .requestResponse
        } else if parts[2] == "states", parts[3].isEmpty, parts[4].isEmpty {
            guard let integration = Self.integration(parts.dropFirst(5).joined(separator: ":")) else { return nil }
            (kind, pattern) = integration
        } else {
            return nil
        }
    }

    private static func integration(_ text: String) -> (Kind, Pattern)? {
        var name = text
        var pattern = Pattern.requestResponse
        for candidate in [Pattern.sync2, .sync, .waitForTaskToken] where name.hasSuffix(candidate.rawValue) {
            name.removeLast(candidate.rawValue.count)
            pattern = candidate
            break
        }
        let parts = name.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard !parts.contains(where: \.isEmpty) else { return nil }
        if parts.count == 3, parts[0] == "aws-sdk" { return (.sdk(service: parts[1], action: parts[2]), pattern) }
        if parts.count == 2 { return (.optimized(service: parts[0], action: parts[1]), pattern) }
        return nil
    }
}
