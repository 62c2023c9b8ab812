import AWSProtocol
import JSON
import Synchronization

/// Temporary credentials of functions' roles, asked of STS once and used until shortly before they end.
final class RoleCredentials: Sendable {
    struct Credentials: Sendable {
        var accessKeyID: String
        var secretAccessKey: String
        var sessionToken: String
        var expiration: Timestamp

        /// Nobody gets credentials that end within this time.
        static let margin = Duration.seconds(20 * 60)
    }

    private struct Key: Hashable {
        var role: String
        var session: String
        var region: String
    }

    private let aws: any AWSCaller
    private let clock: any WallClock
    private let cache = Mutex<[Key: Credentials]>([:])

    init(aws: any AWSCaller, clock: any WallClock) {
        self.aws = aws
        self.clock = clock
    }

    func forget() { cache.withLock { $0 = [:] } }

    /// - Throws: `AccessDeniedException` where STS refuses the role.
    func credentials(for function: ResolvedFunction) async throws(AWSError) -> Credentials {
        let name = function.reference.name
        // A session's name has two characters at least.
        let session = name.utf8.count < 2 ? name + "_" : name
        let key = Key(role: function.role, session: session, region: function.reference.region)
        let soon = clock.now() + Credentials.margin
        if let known = cache.withLock({ $0[key] }), known.expiration > soon { return known }
        let answer: JSON
        do {
            answer = try await aws.call(
                "sts:AssumeRole",
                ["RoleArn": .string(function.role), "RoleSessionName": .string(session)],
                as: function.caller
            )
        } catch {
            throw .roleNotAssumable
        }
        guard let members = answer["Credentials"], let id = members["AccessKeyId"]?.stringValue,
            let secret = members["SecretAccessKey"]?.stringValue, let token = members["SessionToken"]?.stringValue,
            let expiration = members["Expiration"]?.doubleValue
        else { throw .roleNotAssumable }
        let credentials = Credentials(
            accessKeyID: id,
            secretAccessKey: secret,
            sessionToken: token,
            expiration: Timestamp(seconds: expiration)
        )
        cache.withLock { $0[key] = credentials }
        return credentials
    }
}
