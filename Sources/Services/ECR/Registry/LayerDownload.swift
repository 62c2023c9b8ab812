import AWSProtocol
import Crypto
import JSON

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What stands in a URL that lets whoever has it read one layer for a while: a claim sealed with the registry's key.
struct LayerTicket {
    static let lifetime = Duration.seconds(3600)

    var repository: RepositoryAddress
    var digest: String
    var expiration: Timestamp

    /// For a path: base64 with `-` and `_`.
    func text(sealedWith key: SymmetricKey) -> String {
        let claim =
            "layer|\(repository.account)|\(repository.region)|\(repository.name)|\(digest)|\(expiration.milliseconds)"
        let seal = Array(HMAC<SHA256>.authenticationCode(for: Array(claim.utf8), using: key))
        return "\(Self.encode(Array(claim.utf8))).\(Self.encode(seal))"
    }

    init(repository: RepositoryAddress, digest: String, expiration: Timestamp) {
        self.repository = repository
        self.digest = digest
        self.expiration = expiration
    }

    /// Nil where the text was not sealed with that key. Whether it has expired is for the caller to see.
    init?(_ text: String, sealedWith key: SymmetricKey) {
        let halves = text.split(separator: ".")
        guard halves.count == 2, let claim = Self.decode(halves[0]), let seal = Self.decode(halves[1]),
            HMAC<SHA256>.isValidAuthenticationCode(seal, authenticating: claim, using: key)
        else { return nil }
        let parts = String(decoding: claim, as: UTF8.self).split(separator: "|").map(String.init)
        guard parts.count == 6, parts[0] == "layer", let milliseconds = Int(parts[5]) else { return nil }
        self.init(
            repository: RepositoryAddress(account: parts[1], region: parts[2], name: parts[3]),
            digest: parts[4],
            expiration: Timestamp(milliseconds: milliseconds)
        )
    }

    private static func encode(_ bytes: [UInt8]) -> String {
        Base64.encode(bytes).replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    private static func decode(_ text: Substring) -> [UInt8]? {
        let padding = String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
        return Base64.decode(text.replacing("-", with: "+").replacing("_", with: "/") + padding)
    }
}

extension RegistryEndpoint {
    /// `GET /v2/_layers/SEALED`
    func download(_ sealed: String, _ head: HTTPRequestHead) async throws -> HTTPAnswer {
        guard head.method == "GET" || head.method == "HEAD" else { throw RegistryError.methodNotAllowed }
        guard let ticket = LayerTicket(sealed, sealedWith: try await ecr.passwordKey()),
            ticket.expiration > ecr.clock.now()
        else { throw RegistryError("DENIED", "The URL is not valid or has expired. Ask for a new one.", status: 403) }
        return content(of: try await ecr.reliedLayer(ticket.digest, of: ticket.repository), head)
    }
}
