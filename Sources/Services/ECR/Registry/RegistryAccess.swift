import AWSProtocol

/// Who asks a registry for something.
extension RegistryEndpoint {
    /// The registry that the request is for, on behalf of whom it authorises: of the host name, where it names one, else
    /// of the password.
    /// - Throws: `UNAUTHORIZED` (401) with the challenge that makes clients send their password, `DENIED` (403) where it
    ///   has expired.
    func caller(_ head: HTTPRequestHead, stranger: Caller?) async throws -> Caller {
        var caller = try await identified(head, stranger: stranger)
        if let host = head.headers["host"].flatMap(RegistryHost.init) {
            caller.account = host.account
            caller.region = host.region
        }
        return caller
    }

    private func identified(_ head: HTTPRequestHead, stranger: Caller?) async throws -> Caller {
        guard let password = Self.password(head.headers["authorization"]) else {
            if let stranger { return stranger }
            throw unauthorized(head)
        }
        guard let claim = RegistryPassword(password, sealedWith: try await ecr.passwordKey()) else {
            if let stranger { return stranger }
            throw unauthorized(head)
        }
        guard claim.expiration > ecr.clock.now() else {
            throw RegistryError(
                "DENIED",
                "Your authorization token has expired. Reauthenticate and try again.",
                status: 403
            )
        }
        return Caller(account: claim.account, region: claim.region)
    }

    /// The password of `Basic base64("AWS:" password)`.
    private static func password(_ header: String?) -> String? {
        guard let header, header.prefix(6).lowercased() == "basic ",
            let bytes = Base64.decode(String(header.dropFirst(6)))
        else { return nil }
        let pair = String(decoding: bytes, as: UTF8.self).split(separator: ":", maxSplits: 1)
        guard pair.count == 2, pair[0] == "AWS" else { return nil }
        return String(pair[1])
    }

    private func unauthorized(_ head: HTTPRequestHead) -> RegistryError {
        RegistryError(
            "UNAUTHORIZED",
            "Not authorized. Log in with the password of `aws ecr get-login-password` and the user AWS.",
            status: 401,
            headers: [
                (
                    "WWW-Authenticate",
                    "Basic realm=\"https://\(head.headers["host"] ?? "localhost")/\",service=\"ecr.amazonaws.com\""
                )
            ]
        )
    }
}
