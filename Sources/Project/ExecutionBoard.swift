public import AWSProtocol
public import JSON

/// The states of one execution as a person follows them: a row a state entered, in order, built from history events.
public struct ExecutionBoard: Sendable {
    /// One visit to a state.
    public struct Row: Sendable, Equatable {
        public enum Status: Sendable, Equatable { case running, succeeded, failed }

        public var state: String
        public var type: String
        public var status: Status
        public var entered: Timestamp
        public var exited: Timestamp?
        /// What the state added to its input, in a few words: an S3 address, a count, the next state.
        public var product: String
        /// Attempts that failed and were tried again.
        public var retries: Int
        var input: String
    }

    public private(set) var rows: [Row] = []
    /// Set once the execution has ended.
    public private(set) var outcome: Outcome?
    /// Where the execution failed; nil while it has not, and where the history does not tell.
    public private(set) var failure: FailedState?
    private var lastEventID = 0
    /// Which row an event belongs to: it follows, by `previousEventId`, the one that entered the state.
    private var rowOfEvent: [Int: Int] = [:]

    /// How an execution ended.
    public enum Outcome: Sendable, Equatable {
        case succeeded(output: String)
        case failed(status: String, error: String, cause: String)
    }

    public init() {}

    /// A board of rows that are known as a whole.
    init(rows: [Row]) { self.rows = rows }

    /// Says how the execution ended.
    mutating func finish(_ outcome: Outcome) { self.outcome = outcome }

    /// Takes the events that are new; those taken before are passed over.
    public mutating func apply(_ events: [JSON]) {
        for event in events {
            guard let id = event["id"]?.intValue, id > lastEventID, let type = event["type"]?.stringValue else {
                continue
            }
            lastEventID = id
            rowOfEvent[id] = event["previousEventId"]?.intValue.flatMap { rowOfEvent[$0] }
            apply(event, type, at: Timestamp(seconds: event["timestamp"]?.doubleValue ?? 0))
        }
    }

    private mutating func apply(_ event: JSON, _ type: String, at moment: Timestamp) {
        switch type {
        case "ExecutionSucceeded":
            outcome = .succeeded(output: event["executionSucceededEventDetails"]?["output"]?.stringValue ?? "")
        case "ExecutionFailed":
            let details = event["executionFailedEventDetails"]
            failure = failedState(event, cause: details?["cause"]?.stringValue ?? "")
            fail("FAILED", details, at: moment)
        case "ExecutionAborted": fail("ABORTED", event["executionAbortedEventDetails"], at: moment)
        case "ExecutionTimedOut": fail("TIMED_OUT", event["executionTimedOutEventDetails"], at: moment)
        case _ where type.hasSuffix("StateEntered"): enter(event, type, at: moment)
        case _ where type.hasSuffix("StateExited"): exit(event, at: moment)
        case _ where Self.failedAttempts.contains(type):
            let running = rows.lastIndex { $0.status == .running }
            if let row = row(of: event) ?? running { rows[row].retries += 1 }
        default: break
        }
    }

    private static let failedAttempts: Set<String> = [
        "ActivityFailed", "ActivityScheduleFailed", "ActivityTimedOut", "LambdaFunctionFailed",
        "LambdaFunctionScheduleFailed", "LambdaFunctionStartFailed", "LambdaFunctionTimedOut", "TaskFailed",
        "TaskStartFailed", "TaskSubmitFailed", "TaskTimedOut",
    ]

    private func row(of event: JSON) -> Int? { event["id"]?.intValue.flatMap { rowOfEvent[$0] } }

    private mutating func enter(_ event: JSON, _ type: String, at moment: Timestamp) {
        let details = event["stateEnteredEventDetails"]
        let state = details?["name"]?.stringValue ?? "?"
        if let previous = rows.last, previous.type == "Choice", previous.product.isEmpty {
            rows[rows.count - 1].product = "→ \(state)"
        }
        rows.append(
            Row(
                state: state,
                type: String(type.dropLast("StateEntered".count)),
                status: .running,
                entered: moment,
                product: "",
                retries: 0,
                input: details?["input"]?.stringValue ?? ""
            )
        )
        if let id = event["id"]?.intValue { rowOfEvent[id] = rows.count - 1 }
    }

    private mutating func exit(_ event: JSON, at moment: Timestamp) {
        let details = event["stateExitedEventDetails"]
        guard let name = details?["name"]?.stringValue,
            let index = rows.lastIndex(where: { $0.state == name && $0.status == .running })
        else { return }
        rows[index].status = .succeeded
        rows[index].exited = moment
        rows[index].product = Product.described(
            output: details?["output"]?.stringValue ?? "",
            beyond: rows[index].input
        )
    }

    private func failedState(_ event: JSON, cause: String) -> FailedState? {
        let told = FailedState.Place(cause: cause)
        let entered = told?.enteredEvent.flatMap { rowOfEvent[$0] }
        guard let index = entered ?? row(of: event) ?? rows.lastIndex(where: { $0.status == .running }) else {
            return nil
        }
        let row = rows[index]
        return FailedState(name: row.state, attempts: max(1, row.retries), input: row.input, field: told?.field)
    }

    private mutating func fail(_ status: String, _ details: JSON?, at moment: Timestamp) {
        for index in rows.indices where rows[index].status == .running {
            rows[index].status = .failed
            rows[index].exited = moment
        }
        outcome = .failed(
            status: status,
            error: details?["error"]?.stringValue ?? "",
            cause: details?["cause"]?.stringValue ?? ""
        )
    }
}

/// What a state made, in a few words.
enum Product {
    /// The first S3 address in `output` that `input` does not hold; else an ARN; else the first new short value.
    static func described(output: String, beyond input: String) -> String {
        guard let output = try? JSON(parsing: output) else { return "" }
        let known = Set(leaves(of: (try? JSON(parsing: input)) ?? .null).map(\.value))
        let new = leaves(of: output).filter { !known.contains($0.value) }
        if let address = new.first(where: { $0.value.stringValue?.hasPrefix("s3://") == true }) {
            return address.value.stringValue ?? ""
        }
        if let accuracy = new.first(where: { $0.path.hasSuffix(".accuracy.value") }),
            let value = accuracy.value.doubleValue
        {
            return "accuracy \(value.rounded(toPlaces: 4))"
        }
        if let arn = new.first(where: { $0.value.stringValue?.hasPrefix("arn:") == true }) {
            return arn.value.stringValue ?? ""
        }
        guard let first = new.first else { return "" }
        let text = first.value.stringValue ?? first.value.serialized()
        return text.count <= 60 ? text : String(text.prefix(57)) + "…"
    }

    /// The scalars of a document with their paths, depth first.
    static func leaves(of value: JSON, path: String = "$") -> [(path: String, value: JSON)] {
        switch value {
        case .object(let members): members.flatMap { leaves(of: $0.value, path: "\(path).\($0.key)") }
        case .array(let elements):
            elements.enumerated().flatMap { leaves(of: $0.element, path: "\(path)[\($0.offset)]") }
        case .null: []
        default: [(path, value)]
        }
    }
}

extension Double {
    /// Rounded half away from zero.
    func rounded(toPlaces places: Int) -> Double {
        var scale = 1.0
        for _ in 0..<places { scale *= 10 }
        return (self * scale).rounded() / scale
    }
}
