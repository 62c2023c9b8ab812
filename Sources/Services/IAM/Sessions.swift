import AWSProtocol
import Crypto
import GRDB
import Store
import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Temporary credentials that need no record of their own.
///
/// The access key id itself says whose session it is (the number of a principal), and until when; its secret and token
/// follow from it by HMAC with a key that only the store knows. So a session costs no write but the first of its
/// principal, and stays valid through a restart.
final class Sessions: Sendable {
    /// What the ids of temporary access keys begin with.
    static let prefix = "ASIA"
    /// Digits of the principal's number, of the expiry in seconds since 1970, and of chance.
    private static let digits = (number: 6, expiry: 7, chance: 3)

    struct Holder: Hashable {
        var account: String
        var principal: String
    }

    private struct State {
        var key: SymmetricKey?
        var holders: [Int: Holder] = [:]
        var numbers: [Holder: Int] = [:]
    }

    private let store: Store
    private let state = Mutex(State())

    init(store: Store) { self.store = store }

    /// New credentials of `principal` that expire at the moment given.
    func issue(for principal: String, account: String, until expiration: Timestamp) async throws -> Credential {
        let holder = Holder(account: account, principal: principal)
        let number = try await number(of: holder)
        let seconds = expiration.milliseconds / 1000
        let id =
            Self.prefix + Base32.encode(number, count: Self.digits.number)
            + Base32.encode(seconds, count: Self.digits.expiry)
            + Base32.encode(Int.random(in: 0..<(1 << (5 * Self.digits.chance))), count: Self.digits.chance)
        return try await credential(id, of: holder, until: seconds)
    }

    /// The credentials behind an access key id that `issue` made; nil for any other. They may have expired.
    func credential(accessKeyID id: String) async throws -> Credential? {
        guard let (number, seconds) = Self.parse(id), let holder = try await holder(number) else { return nil }
        return try await credential(id, of: holder, until: seconds)
    }

    func forget() { state.withLock { $0 = State() } }

    /// The account of a key id that `issue` made.
    func account(of id: String) async throws -> String? {
        guard let (number, _) = Self.parse(id) else { return nil }
        return try await holder(number)?.account
    }

    private static func parse(_ id: String) -> (number: Int, seconds: Int)? {
        let text = id.dropFirst(prefix.count)
        guard id.hasPrefix(prefix), text.utf8.count == digits.number + digits.expiry + digits.chance,
            let number = Base32.decode(text.prefix(digits.number)),
            let seconds = Base32.decode(text.dropFirst(digits.number).prefix(digits.expiry))
        else { return nil }
        return (number, seconds)
    }

    private func credential(_ id: String, of holder: Holder, until seconds: Int) async throws -> Credential {
        let key = try await signingKey()
        func derived(_ purpose: String) -> String {
            Data(HMAC<SHA512>.authenticationCode(for: Array((purpose + id).utf8), using: key)).base64EncodedString()
        }
        return Credential(
            accessKeyID: id,
            secretAccessKey: String(derived("secret").prefix(40)),
            sessionToken: "IQoJb3JpZ2luX2Vj" + derived("token"),
            account: holder.account,
            principal: holder.principal,
            expiration: Timestamp(milliseconds: seconds * 1000)
        )
    }

    private func number(of holder: Holder) async throws -> Int {
        if let number = state.withLock({ $0.numbers[holder] }) { return number }
        let number = try await store.write { db -> Int? in
            try db.cachedStatement(
                sql: "INSERT OR IGNORE INTO iam_session_principals (account, principal) VALUES (?, ?)"
            ).execute(arguments: [holder.account, holder.principal])
            return try Int.fetchOne(
                db.cachedStatement(
                    sql: "SELECT number FROM iam_session_principals WHERE account = ? AND principal = ?"
                ),
                arguments: [holder.account, holder.principal]
            )
        }
        guard let number, number < 1 << (5 * Self.digits.number) else {
            throw AWSError("ServiceUnavailable", "No more sessions can be named.", status: 503)
        }
        remember(holder, number)
        return number
    }

    private func holder(_ number: Int) async throws -> Holder? {
        if let holder = state.withLock({ $0.holders[number] }) { return holder }
        let row = try await store.read { db in
            try Row.fetchOne(
                db,
                sql: "SELECT account, principal FROM iam_session_principals WHERE number = ?",
                arguments: [number]
            ).map { Holder(account: $0["account"], principal: $0["principal"]) }
        }
        if let row { remember(row, number) }
        return row
    }

    private func remember(_ holder: Holder, _ number: Int) {
        state.withLock {
            $0.holders[number] = holder
            $0.numbers[holder] = number
        }
    }

    /// The HMAC key: made once for each data directory.
    private func signingKey() async throws -> SymmetricKey {
        if let key = state.withLock({ $0.key }) { return key }
        let fresh = SymmetricKey(size: .bits256).withUnsafeBytes { Data($0) }
        let kept = try await store.write { db -> Data? in
            try db.execute(
                sql: "INSERT OR IGNORE INTO iam_secrets (name, value) VALUES ('session', ?)",
                arguments: [fresh]
            )
            return try Data.fetchOne(db, sql: "SELECT value FROM iam_secrets WHERE name = 'session'")
        }
        let key = SymmetricKey(data: kept ?? fresh)
        state.withLock { $0.key = key }
        return key
    }
}
