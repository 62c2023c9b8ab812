import AWSProtocol
import JSON

/// `InvokeEndpoint`'s errors in AWS's words.
struct InvocationErrors: Sendable {
    let endpoint: EndpointKey
    let requestID: String

    var notFound: AWSError {
        AWSError("ValidationError", "Endpoint \(endpoint.name) of account \(endpoint.account) not found.")
    }

    func error(_ failure: InferenceFailure) -> AWSError {
        switch failure {
        case .model(let container, let status, let body):
            let message = String(decoding: body, as: UTF8.self)
            let side = (400..<500).contains(status) ? "client" : "server"
            return modelError("\(side) error (\(status)) from \(container)", status, message)
        case .timedOut(let container):
            return modelError(
                "server error (0) from \(container)",
                0,
                """
                Your invocation timed out while waiting for a response from container \(container). Review the latency \
                metrics for each container in Amazon CloudWatch, resolve the issue, and try again.
                """
            )
        case .unreachable(let container):
            return modelError(
                "server error (503) from \(container)",
                503,
                "The container \(container) closed the connection before it had answered."
            )
        case .targetModelMissing:
            return AWSError("ValidationError", "Request \(requestID) is missing a target model header.")
        case .targetModelNotSupported:
            return AWSError(
                "ValidationError",
                "Endpoint \(endpoint.name) is not a multi-model endpoint and does not support target model header."
            )
        case .invalid(let message): return AWSError("ValidationError", message)
        case .throttled: return AWSError("ThrottlingException", "Rate exceeded", status: 400)
        case .notReady(let reason):
            return AWSError(
                "ServiceUnavailable",
                "The endpoint \(endpoint.name) could not be started again: \(reason)",
                status: 503
            )
        }
    }

    private func modelError(_ what: String, _ status: Int, _ message: String) -> AWSError {
        let group = RunningEndpoint.logGroup(endpoint.name)
        let console = "https://\(endpoint.region).console.aws.amazon.com/cloudwatch/home?region=\(endpoint.region)"
        return AWSError(
            "ModelError",
            """
            Received \(what) with message "\(message)". See \(console)#logEventViewer:group=\(group) in account \
            \(endpoint.account) for more information.
            """,
            status: 424,
            fields: [
                "OriginalStatusCode": .integer(status),
                "OriginalMessage": .string(message),
                "LogStreamArn": .string("arn:aws:logs:\(endpoint.region):\(endpoint.account):log-group:\(group)"),
                "ErrorCode": status >= 400 && status < 500 ? "CLIENT_ERROR_FROM_MODEL" : "INTERNAL_FAILURE_FROM_MODEL",
            ]
        )
    }
}
