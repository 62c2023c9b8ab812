import AWSProtocol
import JSON
import StatesLanguage

extension StepFunctionsService {
    func sendTaskSuccess(_ request: AWSRequest) async throws -> AWSResponse {
        let owner = try await owner(request)
        let text = try request.requiredString("output")
        let output: Document
        do {
            output = try Document(parsing: text)
        } catch {
            throw AWSError("InvalidOutput", "Invalid Output: '\(error)'")
        }
        try await owner.execution.submit(.completion(id: owner.effect, .succeeded(output)))
        return AWSResponse()
    }

    func sendTaskFailure(_ request: AWSRequest) async throws -> AWSResponse {
        let owner = try await owner(request)
        let failure = Execution.Outcome.failed(error: request.string("error"), cause: request.string("cause"))
        try await owner.execution.submit(.completion(id: owner.effect, failure))
        return AWSResponse()
    }

    func sendTaskHeartbeat(_ request: AWSRequest) async throws -> AWSResponse {
        let owner = try await owner(request)
        try await owner.execution.submit(.completion(id: owner.effect, .heartbeat))
        return AWSResponse()
    }

    /// - Throws: `InvalidToken` where no execution gave that token out, `TaskTimedOut` where it is not awaited any more.
    private func owner(_ request: AWSRequest) async throws -> TaskToken {
        let token = try request.requiredString("taskToken")
        guard token.hasPrefix("AQ"), token.utf8.count == 88 else {
            throw AWSError("InvalidToken", "Invalid Token: 'Invalid token'")
        }
        guard let owner = running.token(token), await owner.execution.awaits(owner.effect) else {
            throw AWSError(
                "TaskTimedOut",
                "Task Timed Out: 'Provided task does not exist anymore'"
            )
        }
        return owner
    }
}
