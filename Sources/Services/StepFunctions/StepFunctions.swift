public import AWSProtocol
public import Logging
import StatesLanguage
public import Store

/// AWS Step Functions: state machines with their versions, executions with their histories, task tokens.
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/Welcome.html>
///
/// An execution's history is its journal: each step's input and events are on disk before anything that the step asks for
/// is visible outside. A restart replays the inputs and goes on from there.
public final class StepFunctionsService: AWSService {
    public let name = "states"
    public let isBrief = true
    let store: Store
    let aws: any AWSCaller
    let clock: any WallClock
    let logger: Logger
    /// What executions need.
    let environment: RunningExecution.Environment
    /// Machines and versions by ARN.
    let machines = RecordCache<StateMachineRecord>(limit: 1000)

    var timers: Timers { environment.timers }
    var running: RunningExecutions { environment.running }
    var mapRuns: MapRuns { environment.mapRuns }
    var recent: RecordCache<ExecutionRecord> { environment.recent }
    var activities: ActivityQueues { environment.activities }
    var mocks: MockedTasks? { environment.mocks }

    public init(
        store: Store,
        aws: any AWSCaller,
        clock: any WallClock,
        logger: Logger,
        rehearsal: Rehearsal = Rehearsal()
    ) {
        self.store = store
        self.aws = aws
        self.clock = clock
        self.logger = logger
        environment = RunningExecution.Environment(
            store: store,
            aws: aws,
            clock: clock,
            logger: logger,
            rehearsal: rehearsal
        )
    }

    public var operations: [String: OperationHandler] {
        Dictionary(uniqueKeysWithValues: table.map { ($0.key, CallerScope.guarded($0.key, $0.value)) })
    }

    private var table: [String: OperationHandler] {
        [
            "CreateStateMachine": createStateMachine,
            "UpdateStateMachine": updateStateMachine,
            "DescribeStateMachine": describeStateMachine,
            "DeleteStateMachine": deleteStateMachine,
            "ListStateMachines": listStateMachines,
            "ValidateStateMachineDefinition": validateStateMachineDefinition,
            "PublishStateMachineVersion": publishStateMachineVersion,
            "DeleteStateMachineVersion": deleteStateMachineVersion,
            "ListStateMachineVersions": listStateMachineVersions,
            "CreateStateMachineAlias": createStateMachineAlias,
            "UpdateStateMachineAlias": updateStateMachineAlias,
            "DescribeStateMachineAlias": describeStateMachineAlias,
            "DeleteStateMachineAlias": deleteStateMachineAlias,
            "ListStateMachineAliases": listStateMachineAliases,
            "StartExecution": startExecution,
            "StartSyncExecution": startSyncExecution,
            "StopExecution": stopExecution,
            "RedriveExecution": redriveExecution,
            "DescribeExecution": describeExecution,
            "DescribeStateMachineForExecution": describeStateMachineForExecution,
            "ListExecutions": listExecutions,
            "GetExecutionHistory": getExecutionHistory,
            "DescribeMapRun": describeMapRun,
            "ListMapRuns": listMapRuns,
            "UpdateMapRun": updateMapRun,
            "SendTaskSuccess": sendTaskSuccess,
            "SendTaskFailure": sendTaskFailure,
            "SendTaskHeartbeat": sendTaskHeartbeat,
            "CreateActivity": createActivity,
            "DescribeActivity": describeActivity,
            "DeleteActivity": deleteActivity,
            "ListActivities": listActivities,
            "GetActivityTask": getActivityTask,
            "TestState": testState,
            "TagResource": tagResource,
            "UntagResource": untagResource,
            "ListTagsForResource": listTagsForResource,
        ]
    }

    public func start() async throws { try await recoverExecutions() }

    public func shutdown() async {
        activities.dismiss()
        for execution in running.removeAll() { await execution.halt() }
        await timers.stop()
        await environment.metrics.publish()
    }

    public func reset() async {
        for execution in running.removeAll() { await execution.halt() }
        environment.definitions.removeAll()
        machines.removeAll()
        recent.removeAll()
        environment.metrics.forget()
    }
}
