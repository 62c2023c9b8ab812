import AWSProtocol
import JSON

extension AWSError {
    static func noCluster(_ id: String) -> AWSError {
        AWSError(
            "InvalidRequestException",
            "Cluster id '\(id)' is not valid.",
            fields: ["ErrorCode": "NoSuchCluster"]
        )
    }

    static func noStep(_ id: String) -> AWSError {
        AWSError("InvalidRequestException", "Step id '\(id)' is not valid.", fields: ["ErrorCode": "NoSuchStep"])
    }

    /// Operations from the time when clusters were job flows say it in other words.
    static let noJobFlow = AWSError("ValidationException", "Specified job flow ID does not exist.")

    static let jobFlowEnded = AWSError(
        "ValidationException",
        "A job flow that is shutting down, terminated, or finished may not be modified."
    )

    static let terminationProtected = AWSError(
        "ValidationException",
        "Could not shut down one or more job flows since they are termination protected."
    )

    static let tooManySteps = AWSError(
        "ValidationException",
        "Maximum number of active steps(State = 'Running', 'Pending' or 'Cancel_Pending') for cluster exceeded."
    )

    static func refused(_ message: String) -> AWSError { AWSError("ValidationException", message) }

    static func invalidRequest(_ message: String) -> AWSError { AWSError("InvalidRequestException", message) }
}
