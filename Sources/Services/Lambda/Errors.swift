import AWSProtocol
import JSON

extension AWSError {
    /// An error of Lambda's; all say whose fault it was.
    static func lambda(_ code: String, _ message: String, status: Int = 400, _ fields: JSON.Object = [:]) -> AWSError {
        let type: JSON.Object = ["Type": status < 500 ? "User" : "Service"]
        return AWSError(code, message, status: status, fields: type.merging(fields))
    }

    static func invalidParameter(_ message: String) -> AWSError { lambda("InvalidParameterValueException", message) }

    static func notFound(_ message: String) -> AWSError { lambda("ResourceNotFoundException", message, status: 404) }

    static func conflict(_ message: String) -> AWSError { lambda("ResourceConflictException", message, status: 409) }

    static func functionNotFound(_ reference: FunctionReference) -> AWSError {
        notFound("Function not found: \(reference.arn)")
    }

    static func aliasNotFound(_ reference: FunctionReference) -> AWSError {
        notFound("Cannot find alias arn: \(reference.arn)")
    }

    static let staleRevision = lambda(
        "PreconditionFailedException",
        "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve "
            + "the latest Revision Id",
        status: 412
    )

    static let couldNotUnzip = invalidParameter(
        "Could not unzip uploaded file. Please check your file, then try to upload again."
    )

    static let qualifierMismatch = invalidParameter(
        "The derived qualifier from the function name does not match the specified qualifier."
    )

    static func badFunctionName(_ name: String) -> AWSError {
        let pattern =
            #"(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}(-gov)?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_\.]+)"#
            + #"(:(\$LATEST|[a-zA-Z0-9-_]+))?"#
        return validation([
            "Value '\(name)' at 'functionName' failed to satisfy constraint: Member must satisfy regular expression "
                + "pattern: \(pattern)"
        ])
    }

    static func functionNameTooLong(_ name: String) -> AWSError {
        validation([
            "Value '\(name)' at 'functionName' failed to satisfy constraint: Member must have length less than or "
                + "equal to 64"
        ])
    }

    static func unreachableRegion(_ region: String, from own: String) -> AWSError {
        notFound("Functions from '\(region)' are not reachable in this region ('\(own)')")
    }

    static func foreignFunction(_ reference: FunctionReference, _ caller: Caller) -> AWSError {
        lambda(
            "AccessDeniedException",
            "User: \(caller.principal) is not authorized to access resource: \(reference.arn) because no "
                + "resource-based policy allows it",
            status: 403
        )
    }

    static let roleNotAssumable = lambda(
        "AccessDeniedException",
        "The role defined for the function cannot be assumed by Lambda.",
        status: 403
    )

    static func throttled(_ reason: String) -> AWSError {
        lambda("TooManyRequestsException", "Rate Exceeded.", status: 429, ["Reason": .string(reason)])
    }

    static func tooLarge(_ size: Int, _ type: String, limit: Int) -> AWSError {
        lambda(
            "RequestEntityTooLargeException",
            "\(size) byte payload is too large for the \(type) invocation type (limit \(limit) bytes)",
            status: 413
        )
    }
}
