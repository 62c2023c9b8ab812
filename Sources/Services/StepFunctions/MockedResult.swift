import AWSProtocol
import JSON
import StatesLanguage

/// What the service that a task names could answer, to hold a mocked answer against.
struct MockedResult: Sendable {
    private let operation: OperationModel

    /// Nil where the task calls nothing that the yard knows the answers of.
    init?(_ resource: TaskResource?) {
        let found: OperationModel? =
            switch resource?.kind {
            case .sdk(let service, let action): ServiceModels.model(sdkID: service)?.operation(sdkAction: action)
            case .optimized(let service, let action):
                ServiceModels.model(signingName: service)?.operation(sdkAction: action)
            default: nil
            }
        guard let found, resource?.pattern == .requestResponse else { return nil }
        operation = found
    }

    /// - Throws: `ValidationException` where a member of the result has another type than the service's.
    func check(_ result: JSON?) throws(AWSError) {
        guard let result, let wrong = operation.mistypedOutputMember(in: result) else { return }
        throw StateMock.invalid(
            "Mock result schema validation error: Field '\(wrong.member)' must be \(wrong.expectation)"
        )
    }
}
