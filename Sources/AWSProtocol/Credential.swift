/// A key pair that signs requests, and whose it is.
public struct Credential: Sendable, Hashable {
    public var accessKeyID: String
    public var secretAccessKey: String
    /// Set for temporary credentials: the request must carry it too.
    public var sessionToken: String?
    public var account: String
    /// The ARN of the identity that signs with this key.
    public var principal: String
    /// After this moment the key is refused with `ExpiredToken`.
    public var expiration: Timestamp?

    public init(
        accessKeyID: String,
        secretAccessKey: String,
        sessionToken: String? = nil,
        account: String,
        principal: String? = nil,
        expiration: Timestamp? = nil
    ) {
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
        self.account = account
        self.principal = principal ?? "arn:aws:iam::\(account):root"
        self.expiration = expiration
    }
}

/// Where the gateway finds the secret of an access key.
public protocol CredentialSource: Sendable {
    /// The key's credential, or nil where the key is unknown.
    func credential(accessKeyID: String) async throws -> Credential?
}
