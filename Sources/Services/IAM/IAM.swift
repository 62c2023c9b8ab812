public import AWSProtocol
import JSON
public import Logging
public import Store
import Synchronization

/// AWS Identity and Access Management: users, access keys, roles and policies of each account.
///
/// Identity policies are validated and stored, not enforced. Everything is scoped by account; IAM knows no region.
/// It is also where the gateway finds the secrets of access keys, permanent and temporary.
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/welcome.html>
public final class IAMService: AWSService {
    public let name = "iam"
    let store: Store
    let clock: any WallClock
    let logger: Logger
    let sessions: Sessions
    /// Active access keys by id: the gateway asks for one with every request.
    let activeKeys = Mutex<[String: Credential]>([:])

    public init(store: Store, aws: any AWSCaller, clock: any WallClock, logger: Logger) {
        self.store = store
        self.clock = clock
        self.logger = logger
        sessions = Sessions(store: store)
    }

    public var operations: [String: OperationHandler] {
        userOperations
            .merging(roleOperations) { $1 }
            .merging(accessKeyOperations) { $1 }
            .merging(managedPolicyOperations) { $1 }
            .merging(identityPolicyOperations) { $1 }
            .merging(tagOperations) { $1 }
            .merging(simulationOperations) { $1 }
    }

    public func reset() async {
        activeKeys.withLock { $0.removeAll() }
        sessions.forget()
    }
}
