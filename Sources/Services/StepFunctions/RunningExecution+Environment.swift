import AWSProtocol
import Logging
import OutgoingHTTP
import StatesLanguage
import Store

extension RunningExecution {
    /// What an execution needs of the service.
    final class Environment: Sendable {
        let store: Store
        let clock: any WallClock
        let logger: Logger
        let timers: Timers
        let running = RunningExecutions()
        /// Executions that have ended lately, by ARN.
        let recent = RecordCache<ExecutionRecord>(limit: 1000)
        let mapRuns = MapRuns()
        let wakeups = Wakeups()
        let activities = ActivityQueues()
        let definitions = DefinitionCache()
        let rehearsal: Rehearsal
        let mocks: MockedTasks?
        let aws: any AWSCaller
        let http = OutgoingHTTP()
        /// What CloudWatch is told.
        let metrics: ExecutionMetrics

        init(store: Store, aws: any AWSCaller, clock: any WallClock, logger: Logger, rehearsal: Rehearsal) {
            self.store = store
            self.aws = aws
            self.clock = clock
            self.logger = logger
            self.rehearsal = rehearsal
            mocks = rehearsal.mocks.map(MockedTasks.init)
            timers = Timers(clock: clock)
            metrics = ExecutionMetrics(aws: aws, logger: logger)
        }

        var tasks: TaskPerformer { TaskPerformer(environment: self) }

        /// The definition of that revision, parsed.
        func machine(_ revision: String) async throws -> StateMachine {
            if let machine = definitions[revision] { return machine }
            let text = try await store.read { db in try StateMachineRecord.definition(revision, in: db) }
            let machine = try StateMachine(parsing: text)
            definitions[revision] = machine
            return machine
        }
    }
}
