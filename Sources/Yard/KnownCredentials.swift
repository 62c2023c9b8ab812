import AWSProtocol

/// Whose keys the yard knows: those of the configuration, `test`, every account number, and those made through IAM.
struct KnownCredentials: CredentialSource {
    /// The secret of `test` and of the account numbers: what the documentation of local AWS tools has taught people.
    static let secret = "test"

    private let configured: [String: Credential]
    private let account: String
    private let made: any CredentialSource

    init(_ configuration: YardConfiguration, made: any CredentialSource) {
        configured = Dictionary(
            configuration.credentials.map { ($0.accessKeyID, $0) },
            uniquingKeysWith: { $1 }
        )
        account = configuration.account
        self.made = made
    }

    func credential(accessKeyID: String) async throws -> Credential? {
        if let credential = configured[accessKeyID] { return credential }
        if accessKeyID == "test" {
            return Credential(accessKeyID: accessKeyID, secretAccessKey: Self.secret, account: account)
        }
        if Self.isAccount(accessKeyID) {
            return Credential(accessKeyID: accessKeyID, secretAccessKey: Self.secret, account: accessKeyID)
        }
        return try await made.credential(accessKeyID: accessKeyID)
    }

    private static func isAccount(_ text: String) -> Bool {
        text.utf8.count == 12 && text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }
}
