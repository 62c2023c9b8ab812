import AWSProtocol

/// IAM's errors in IAM's words.
extension AWSError {
    static func noSuchEntity(_ message: String) -> AWSError { AWSError("NoSuchEntity", message, status: 404) }

    static func noSuchIdentity(_ kind: Identity.Kind, _ name: String) -> AWSError {
        noSuchEntity("The \(kind.rawValue) with name \(name) cannot be found.")
    }

    static func noSuchPolicy(_ arn: String) -> AWSError { noSuchEntity("Policy \(arn) was not found.") }

    static func entityAlreadyExists(_ message: String) -> AWSError {
        AWSError("EntityAlreadyExists", message, status: 409)
    }

    static func deleteConflict(_ message: String) -> AWSError { AWSError("DeleteConflict", message, status: 409) }

    static func limitExceeded(_ message: String) -> AWSError { AWSError("LimitExceeded", message, status: 409) }

    static func malformedPolicy(_ message: String) -> AWSError { AWSError("MalformedPolicyDocument", message) }

    static func validationError(_ message: String) -> AWSError { AWSError("ValidationError", message) }
}
