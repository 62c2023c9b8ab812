import AWSProtocol

/// What the ARN of a caller says about it.
enum Principal: Hashable {
    case root
    /// A user, with its path: `/team/` and `jo`.
    case user(path: String, name: String)
    case assumedRole(role: String, session: String)

    init?(_ text: String) {
        guard let arn = ARN(text) else { return nil }
        let parts = arn.resource.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        switch (arn.service, parts.first) {
        case ("iam", "root") where parts.count == 1:
            self = .root
        case ("iam", "user") where parts.count >= 2:
            let path = parts.dropFirst().dropLast().map { $0 + "/" }.joined()
            self = .user(path: "/" + path, name: parts[parts.count - 1])
        case ("sts", "assumed-role") where parts.count == 3:
            self = .assumedRole(role: parts[1], session: parts[2])
        default:
            return nil
        }
    }

    var userName: String? { if case .user(_, let name) = self { name } else { nil } }
}
