import AWSProtocol
import GRDB
import JSON
import Logging
import OutgoingHTTP
import Store

/// Fetches the access tokens of connections that authorize by OAuth's client credentials, and keeps them.
///
/// A connection is `AUTHORIZING` until its first token is there, and `DEAUTHORIZED` with the reason where there is none.
actor OAuthTokens {
    /// How long an authorization server may take.
    private static let limit = Duration.seconds(30)
    private static let maximumAnswer = 1 << 20

    private let store: Store
    private let clock: any WallClock
    private let logger: Logger
    private let http = OutgoingHTTP()
    /// What is being asked for, by the connection's ARN and revision.
    private var fetches: [String: Task<Connection, any Error>] = [:]

    init(store: Store, clock: any WallClock, logger: Logger) {
        self.store = store
        self.clock = clock
        self.logger = logger
    }

    /// Goes on with the connections that a former process left `AUTHORIZING`.
    func resume() async throws {
        let waiting = try await store.read { db in
            try Connection.filter(Column("state") == Connection.State.authorizing.rawValue).fetchAll(db)
        }
        for connection in waiting { authorize(connection) }
    }

    func stop() {
        for fetch in fetches.values { fetch.cancel() }
        fetches = [:]
    }

    /// Begins to fetch a token for a connection that needs one.
    func authorize(_ connection: Connection) {
        guard connection.authorizationType == .oauth else { return }
        _ = fetch(connection)
    }

    /// The connection with a token newer than the one it has.
    func refreshed(_ connection: Connection) async throws -> Connection { try await fetch(connection).value }

    private func fetch(_ connection: Connection) -> Task<Connection, any Error> {
        let key = "\(connection.arn)#\(connection.revision)#\(connection.token ?? "")"
        if let fetch = fetches[key] { return fetch }
        let fetch = Task {
            defer { fetches[key] = nil }
            let outcome: Result<OAuthToken, OAuthFailure>
            do throws(OAuthFailure) { outcome = .success(try await token(connection)) } catch {
                outcome = .failure(error)
            }
            try Task.checkCancellation()
            return try await keep(outcome, of: connection)
        }
        fetches[key] = fetch
        return fetch
    }

    private func token(_ connection: Connection) async throws(OAuthFailure) -> OAuthToken {
        guard let request = OAuthTokenRequest(connection.authParameters["OAuthParameters"] ?? [:]) else {
            throw OAuthFailure("The connection has no client credentials.")
        }
        let answer: OutgoingAnswer
        do {
            answer = try await http.send(request.outgoing, within: Self.limit, upTo: Self.maximumAnswer)
        } catch {
            throw OAuthFailure("The authorization endpoint cannot be reached: \(error)")
        }
        return try OAuthToken(answer, at: clock.now())
    }

    /// Keeps what came of it, unless the connection has been changed meanwhile.
    private func keep(_ outcome: Result<OAuthToken, OAuthFailure>, of connection: Connection) async throws -> Connection
    {
        let now = clock.now().milliseconds
        return try await store.write { db in
            let caller = Caller(account: connection.account, region: connection.region)
            guard var current = try Connection.fetch(connection.name, of: caller, in: db),
                current.id == connection.id, current.revision == connection.revision
            else { return connection }
            switch outcome {
            case .success(let token):
                current.state = .authorized
                current.reason = nil
                current.token = token.text
                current.tokenEnd = token.end
                current.authorized = now
            case .failure(let failure):
                current.state = .deauthorized
                current.reason = failure.reason
                current.token = nil
            }
            try current.update(db)
            return current
        }
    }
}
