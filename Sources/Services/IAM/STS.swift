public import AWSProtocol
import GRDB
import JSON
public import Logging
public import Store

/// The AWS Security Token Service: who a caller is, and temporary credentials.
///
/// A role need not have been created to be assumed, so that pipelines run whose documents only name one; the trust
/// policy of a role that exists is not enforced.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/welcome.html>
public final class STSService: AWSService {
    public let name = "sts"
    private let store: Store
    private let clock: any WallClock
    private let sessions: Sessions

    public init(store: Store, aws: any AWSCaller, clock: any WallClock, logger: Logger) {
        self.store = store
        self.clock = clock
        sessions = Sessions(store: store)
    }

    public var operations: [String: OperationHandler] {
        [
            "GetCallerIdentity": getCallerIdentity,
            "AssumeRole": assumeRole,
            "GetSessionToken": getSessionToken,
            "GetAccessKeyInfo": getAccessKeyInfo,
        ]
    }

    public func reset() async { sessions.forget() }

    private func getCallerIdentity(_ request: AWSRequest) async throws -> AWSResponse {
        let caller = request.caller
        let id =
            switch Principal(caller.principal) {
            case .user(_, let name):
                try await identity(.user, name, caller.account)?.id ?? UniqueID.derived(.user, from: caller.principal)
            case .assumedRole(let role, let session):
                try await roleID(role, caller.account) + ":" + session
            case .root, nil:
                caller.account
            }
        return .output([
            "UserId": .string(id), "Account": .string(caller.account), "Arn": .string(caller.principal),
        ])
    }

    private func assumeRole(_ request: AWSRequest) async throws -> AWSResponse {
        let text = try request.requiredString("RoleArn")
        let session = try request.requiredString("RoleSessionName")
        guard let arn = ARN(text), arn.service == "iam", arn.resource.hasPrefix("role/"),
            let role = arn.resource.split(separator: "/").last.map(String.init)
        else { throw AWSError.validationError("\(text) is invalid") }
        let duration = request.integer("DurationSeconds") ?? 3600
        let known = try await identity(.role, role, arn.account)
        guard duration >= 900, duration <= known?.maximumSessionDuration ?? 43200 else {
            throw AWSError.validationError(
                "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
            )
        }
        let principal = "arn:aws:sts::\(arn.account):assumed-role/\(role)/\(session)"
        let credential = try await sessions.issue(
            for: principal,
            account: arn.account,
            until: clock.now() + .seconds(duration)
        )
        let id = known?.id ?? UniqueID.derived(.role, from: "\(arn.account)/\(role)")
        return .output([
            "Credentials": shape(credential),
            "AssumedRoleUser": ["AssumedRoleId": .string("\(id):\(session)"), "Arn": .string(principal)],
        ])
    }

    private func getSessionToken(_ request: AWSRequest) async throws -> AWSResponse {
        let caller = request.caller
        if case .assumedRole = Principal(caller.principal) {
            throw AWSError("AccessDenied", "Cannot call GetSessionToken with session credentials", status: 403)
        }
        let isRoot = Principal(caller.principal) == .root
        let duration = request.integer("DurationSeconds") ?? (isRoot ? 3600 : 43200)
        let credential = try await sessions.issue(
            for: caller.principal,
            account: caller.account,
            until: clock.now() + .seconds(isRoot ? min(duration, 3600) : duration)
        )
        return AWSResponse(["Credentials": shape(credential)])
    }

    private func getAccessKeyInfo(_ request: AWSRequest) async throws -> AWSResponse {
        let id = try request.requiredString("AccessKeyId")
        let account: String?
        if id.hasPrefix(Sessions.prefix) {
            account = try await sessions.account(of: id)
        } else {
            account = try await store.read { db in try AccessKey.fetchOne(db, key: id)?.account }
        }
        guard let account else { throw AWSError.validationError("Invalid Access Key ID: \(id)") }
        return AWSResponse(["Account": .string(account)])
    }

    private func identity(_ kind: Identity.Kind, _ name: String, _ account: String) async throws -> Identity? {
        try await store.read { db in
            try Identity.fetchOne(db, key: ["account": account, "kind": kind.rawValue, "name": name])
        }
    }

    private func roleID(_ role: String, _ account: String) async throws -> String {
        try await identity(.role, role, account)?.id ?? UniqueID.derived(.role, from: "\(account)/\(role)")
    }

    private func shape(_ credential: Credential) -> JSON {
        .compact([
            "AccessKeyId": .string(credential.accessKeyID),
            "SecretAccessKey": .string(credential.secretAccessKey),
            "SessionToken": credential.sessionToken.map { .string($0) },
            "Expiration": credential.expiration?.json,
        ])
    }
}
