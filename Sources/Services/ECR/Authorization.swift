import AWSProtocol
import Crypto
import GRDB
import JSON
import Store

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The password of `docker login`: it says whose it is and until when, sealed with a key that only the store knows, so
/// that none needs to be recorded.
struct RegistryPassword {
    /// How long a token is good for.
    static let lifetime = Duration.seconds(12 * 3600)

    var account: String
    var region: String
    var expiration: Timestamp

    func text(sealedWith key: SymmetricKey) -> String {
        let claim = "\(account)/\(region)/\(expiration.milliseconds)"
        let seal = Data(HMAC<SHA256>.authenticationCode(for: Array(claim.utf8), using: key))
        return Data("\(claim)/\(seal.base64EncodedString())".utf8).base64EncodedString()
    }

    init(account: String, region: String, expiration: Timestamp) {
        self.account = account
        self.region = region
        self.expiration = expiration
    }

    /// Nil where the text was not sealed with that key. Whether it has expired is for the caller to see.
    init?(_ text: String, sealedWith key: SymmetricKey) {
        guard let data = Data(base64Encoded: text) else { return nil }
        let parts = String(decoding: data, as: UTF8.self).split(separator: "/", maxSplits: 3)
        guard parts.count == 4, let milliseconds = Int(parts[2]), let seal = Data(base64Encoded: String(parts[3])),
            HMAC<SHA256>.isValidAuthenticationCode(
                seal,
                authenticating: Array("\(parts[0])/\(parts[1])/\(parts[2])".utf8),
                using: key
            )
        else { return nil }
        self.init(
            account: String(parts[0]),
            region: String(parts[1]),
            expiration: Timestamp(milliseconds: milliseconds)
        )
    }
}

extension ECRService {
    func getAuthorizationToken(_ request: AWSRequest) async throws -> AWSResponse {
        let caller = request.caller
        let password = RegistryPassword(
            account: caller.account,
            region: caller.region,
            expiration: clock.now() + RegistryPassword.lifetime
        )
        let token = "AWS:" + password.text(sealedWith: try await passwordKey())
        let registries = request.strings("registryIds")
        let data = (registries.isEmpty ? [caller.account] : registries).map { registry -> JSON in
            [
                "authorizationToken": .string(Data(token.utf8).base64EncodedString()),
                "expiresAt": password.expiration.json,
                "proxyEndpoint": .string("https://\(registry).dkr.ecr.\(caller.region).amazonaws.com"),
            ]
        }
        return AWSResponse(["authorizationData": .array(data)])
    }

    /// Made once for each data directory.
    func passwordKey() async throws -> SymmetricKey {
        let fresh = SymmetricKey(size: .bits256).withUnsafeBytes { Data($0) }
        let select = "SELECT value FROM ecr_secrets WHERE name = 'password'"
        if let kept = try await store.read({ db in try Data.fetchOne(db, sql: select) }) {
            return SymmetricKey(data: kept)
        }
        let kept = try await store.write { db -> Data? in
            try db.execute(
                sql: "INSERT OR IGNORE INTO ecr_secrets (name, value) VALUES ('password', ?)",
                arguments: [fresh]
            )
            return try Data.fetchOne(db, sql: select)
        }
        return SymmetricKey(data: kept ?? fresh)
    }
}
