import AWSProtocol
import JSON

/// Keeps a caller to the resources of its own account and region: the ARNs it gives say whose they are.
enum CallerScope {
    /// The inputs' members that name a resource of Step Functions.
    private static let members = [
        "stateMachineArn", "executionArn", "activityArn", "mapRunArn", "stateMachineVersionArn", "stateMachineAliasArn",
        "resourceArn",
    ]

    /// The handler behind the check.
    static func guarded(_ operation: String, _ handler: @escaping OperationHandler) -> OperationHandler {
        { request in
            for member in members {
                if let text = request.input[member]?.stringValue, let arn = ARN(text), arn.service == "states" {
                    try check(arn, operation, by: request.caller)
                }
            }
            return try await handler(request)
        }
    }

    /// - Throws: `AccessDeniedException` for another account's resource, what says that there is none for another region's.
    private static func check(_ arn: ARN, _ operation: String, by caller: Caller) throws(AWSError) {
        guard arn.account == caller.account else {
            throw AWSError(
                "AccessDeniedException",
                "User: \(caller.principal) is not authorized to perform: states:\(operation) on resource: \(arn) "
                    + "because no resource-based policy allows the states:\(operation) action"
            )
        }
        guard arn.region == caller.region else { throw absent(arn) }
    }

    private static func absent(_ arn: ARN) -> AWSError {
        switch arn.resource.prefix(while: { $0 != ":" }) {
        case "stateMachine": .stateMachineDoesNotExist("\(arn)")
        case "execution", "express": .executionDoesNotExist("\(arn)")
        case "activity": AWSError("ActivityDoesNotExist", "Activity Does Not Exist: '\(arn)'")
        default: AWSError("ResourceNotFound", "Resource not found: '\(arn)'")
        }
    }
}
