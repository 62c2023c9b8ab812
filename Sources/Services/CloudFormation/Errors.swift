import AWSProtocol

/// CloudFormation's errors in CloudFormation's words.
extension AWSError {
    static func validation(_ message: String) -> AWSError { AWSError("ValidationError", message) }

    static func noSuchStack(_ name: String) -> AWSError { validation("Stack with id \(name) does not exist") }

    static func alreadyExists(_ message: String) -> AWSError { AWSError("AlreadyExistsException", message) }

    static func insufficientCapabilities(_ names: [String]) -> AWSError {
        AWSError("InsufficientCapabilitiesException", "Requires capabilities : [\(names.joined(separator: ", "))]")
    }

    static func noSuchChangeSet(_ name: String) -> AWSError {
        AWSError("ChangeSetNotFound", "ChangeSet [\(name)] does not exist", status: 404)
    }

    /// Whether the thing that was asked for is not there: a deletion that finds this has nothing to do.
    var isNotFound: Bool {
        status == 404 || code.hasPrefix("NoSuch") || code.contains("NotFound") || code.hasSuffix("DoesNotExist")
    }
}
