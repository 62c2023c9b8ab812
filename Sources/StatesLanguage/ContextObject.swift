public import JSON

/// The facts behind `$$`. The object itself is made only where an expression looks at it.
public struct ContextObject: Sendable {
    /// What stays the same during an execution.
    public struct Execution: Sendable {
        public var executionARN: String
        public var executionName: String
        public var stateMachineARN: String
        public var stateMachineName: String
        public var roleARN: String
        public var input: JSON
        /// Milliseconds since 1970.
        public var startTime: Int
        /// Express executions have none.
        public var redriveCount: Int?
        /// Stands for the whole object where somebody tests a state.
        public var mocked: JSON?

        public init(
            executionARN: String,
            executionName: String,
            stateMachineARN: String,
            stateMachineName: String,
            roleARN: String,
            input: JSON,
            startTime: Int,
            redriveCount: Int? = 0
        ) {
            self.executionARN = executionARN
            self.executionName = executionName
            self.stateMachineARN = stateMachineARN
            self.stateMachineName = stateMachineName
            self.roleARN = roleARN
            self.input = input
            self.startTime = startTime
            self.redriveCount = redriveCount
        }
    }

    /// The item that a Map's iteration works on.
    public struct MapItem: Sendable {
        public var index: Int
        public var value: JSON
    }

    public var execution: Execution
    public var stateName: String?
    /// Milliseconds since 1970.
    public var enteredTime: Int?
    /// Only states that can retry have one.
    public var retryCount: Int?
    public var taskToken: String?
    public var mapItem: MapItem?

    /// The object as expressions see it.
    public var json: JSON {
        if let mocked = execution.mocked { return mocked }
        var object: JSON.Object = [
            "Execution": .compact([
                "Id": .string(execution.executionARN),
                "Input": execution.input,
                "StartTime": .string(Instant.text(execution.startTime)),
                "Name": .string(execution.executionName),
                "RoleArn": .string(execution.roleARN),
                "RedriveCount": execution.redriveCount.map(JSON.integer),
            ]),
            "StateMachine": [
                "Id": .string(execution.stateMachineARN), "Name": .string(execution.stateMachineName),
            ],
        ]
        if let stateName {
            object["State"] = .compact([
                "Name": .string(stateName),
                "EnteredTime": enteredTime.map { .string(Instant.text($0)) },
                "RetryCount": retryCount.map(JSON.integer),
            ])
        }
        if let mapItem {
            object["Map"] = ["Item": ["Index": .integer(mapItem.index), "Value": mapItem.value]]
        }
        if let taskToken { object["Task"] = ["Token": .string(taskToken)] }
        return .object(object)
    }
}
