import AWSProtocol
import JSON
import StatesLanguage

/// What the service that a task names could answer, to hold a mocked answer against.
struct MockedResult: Sendable {
    /// How closely: `fieldValidationMode`.
    enum Mode: String, Sendable {
        /// Members that each answer has must be there, and all have their types.
        case strict = "STRICT"
        /// Members that are there have their types.
        case present = "PRESENT"
        case none = "NONE"
    }

    private let model: AnswerModel
    private let operation: String

    /// Nil where the task calls nothing whose answers are known, or its result is what somebody hands back with a token.
    init?(_ resource: TaskResource?) {
        guard let resource, resource.pattern != .waitForTaskToken else { return nil }
        let isWaitedFor = resource.pattern == .sync || resource.pattern == .sync2
        let found: AnswerModel?
        switch resource.kind {
        case .sdk(let service, let action) where !isWaitedFor:
            found = AnswerModel(sdkID: service)
            operation = action.prefix(1).uppercased() + action.dropFirst()
        case .optimized(let service, let action):
            found = AnswerModel(optimized: service)
            let name = action.prefix(1).uppercased() + action.dropFirst()
            // What is waited for ends with the description of the job.
            guard let described = isWaitedFor ? Self.description(service, action) : name else { return nil }
            operation = described
        default: return nil
        }
        guard let found else { return nil }
        model = found
    }

    private static func description(_ service: String, _ action: String) -> String? {
        switch service {
        case "states": "DescribeExecution"
        case "sagemaker": SageMakerJob(action: action)?.description.name
        default: nil
        }
    }

    /// - Throws: `ValidationException` where the result is none that the service could give.
    func check(_ result: JSON?, _ mode: Mode, isParsed: Bool) throws(AWSError) {
        guard var result, mode != .none else { return }
        if isParsed, var members = result.objectValue {
            // `.sync:2` hands on the nested execution's texts as the JSON in them.
            for name in ["Input", "Output"] { members.removeValue(forKey: name) }
            result = .object(members)
        }
        do {
            try model.check(result, of: operation, wantsRequired: mode == .strict)
        } catch {
            throw StateMock.invalid("Mock result schema validation error: \(Self.words(error))")
        }
    }

    private static func words(_ mismatch: AnswerModel.Mismatch) -> String {
        switch mismatch {
        case .type(let member, let expectation): "Field '\(member)' must be \(expectation)"
        case .value(let member): "Field '\(member)' is not an expected value"
        case .missing(let member): "Required field '\(member)' is missing"
        }
    }
}
