public import AWSProtocol
import JSON
public import Logging
public import Store
import Synchronization

/// AWS CloudFormation: stacks of resources made, changed and removed as a template says, with change sets.
///
/// The template engine (`Template/`) is pure; `Resources/` maps each type's properties to API calls; a `StackOperation`
/// brings a stack to its template, journalling each step, so that one cut off is taken up again at the next start.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/Welcome.html>
public final class CloudFormationService: AWSService {
    public let name = "cloudformation"
    let store: Store
    let aws: any AWSCaller
    let clock: any WallClock
    let logger: Logger
    /// The operations under way, by stack id.
    private let running = Mutex<[String: Task<Void, Never>]>([:])

    public init(store: Store, aws: any AWSCaller, clock: any WallClock, logger: Logger) {
        self.store = store
        self.aws = aws
        self.clock = clock
        self.logger = logger
    }

    public var operations: [String: OperationHandler] {
        [
            "CreateStack": createStack,
            "UpdateStack": updateStack,
            "DeleteStack": deleteStack,
            "UpdateTerminationProtection": updateTerminationProtection,
            "ContinueUpdateRollback": continueUpdateRollback,
            "DescribeStacks": describeStacks,
            "ListStacks": listStacks,
            "DescribeStackEvents": describeStackEvents,
            "DescribeStackResource": describeStackResource,
            "DescribeStackResources": describeStackResources,
            "ListStackResources": listStackResources,
            "ListExports": listExports,
            "GetTemplate": getTemplate,
            "GetTemplateSummary": getTemplateSummary,
            "ValidateTemplate": validateTemplate,
            "CreateChangeSet": createChangeSet,
            "DescribeChangeSet": describeChangeSet,
            "ExecuteChangeSet": executeChangeSet,
            "DeleteChangeSet": deleteChangeSet,
            "ListChangeSets": listChangeSets,
        ]
    }

    /// Takes up operations that a former process left under way.
    public func start() async throws {
        let stacks = try await store.read { db in try Stack.inProgress(in: db) }
        for stack in stacks { run(stack) }
    }

    public func shutdown() async { await stop() }

    public func reset() async { await stop() }

    /// Brings the stack to the state that its record asks for, beside the caller.
    func run(_ stack: Stack) {
        running.withLock { tasks in
            let former = tasks[stack.id]
            tasks[stack.id] = Task {
                await former?.value
                await StackOperation(self, stack).run()
            }
        }
    }

    /// Begins the stack's operation, and lets one that takes a moment end: clients that wait ask at once, and then only
    /// every half minute.
    func runBriefly(_ stack: Stack) async {
        run(stack)
        await wait(atMost: .milliseconds(500)) { await self.finish(stack.id) }
    }

    /// Returns when the stack's operation has ended: for tests and for those in the same process.
    func finish(_ stackID: String) async { await running.withLock { $0[stackID] }?.value }

    private func stop() async {
        let tasks = running.withLock { tasks in
            defer { tasks.removeAll() }
            return Array(tasks.values)
        }
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
    }
}
