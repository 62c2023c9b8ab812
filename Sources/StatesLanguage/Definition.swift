import JSON
import JSONPath

/// A parsed state machine definition.
///
/// See <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-amazon-states-language.html>.
public struct StateMachine: Sendable {
    public var comment: String?
    /// The whole execution's time limit.
    public var timeoutSeconds: Int?
    /// The variables that states refer to, by the states' names.
    public let variableReferences: [String: [String]]
    /// Whether the definition uses what the language has had since November 2024 only: variables, JSONata, `ItemsPointer`.
    public let usesRecentLanguage: Bool
    let graph: StateGraph

    init(
        comment: String? = nil,
        timeoutSeconds: Int? = nil,
        variableReferences: [String: [String]] = [:],
        usesRecentLanguage: Bool = false,
        graph: StateGraph
    ) {
        self.usesRecentLanguage = usesRecentLanguage
        self.variableReferences = variableReferences
        self.comment = comment
        self.timeoutSeconds = timeoutSeconds
        self.graph = graph
    }
}

/// States and the one to begin with: a whole machine, a branch, or a Map's processor.
struct StateGraph: Sendable {
    /// The index of the first state.
    var start: Int
    var states: [State]
}

/// One state. An object, since the interpreter hands it about at each step and never changes it.
final class State: Sendable {
    let name: String
    let kind: Kind
    let flow: any DataFlow
    /// Whether the flow is plain, asked once.
    let isPlain: Bool
    let transition: Transition
    let retriers: [Retrier]
    let catchers: [Catcher]
    /// The types of the events at its beginning and its end.
    let enteredType: String
    let exitedType: String

    init(
        name: String,
        kind: Kind,
        flow: any DataFlow,
        transition: Transition,
        retriers: [Retrier],
        catchers: [Catcher]
    ) {
        self.name = name
        self.kind = kind
        self.flow = flow
        self.transition = transition
        self.retriers = retriers
        self.catchers = catchers
        isPlain = flow.isPlain
        enteredType = "\(kind.name)StateEntered"
        exitedType = "\(kind.name)StateExited"
    }

    enum Kind: Sendable {
        case task(TaskDefinition)
        case pass(result: Document?)
        case choice([ChoiceRule], otherwise: Int?)
        case wait(WaitDuration)
        case succeed
        case fail(error: TextField?, cause: TextField?)
        case parallel([StateGraph])
        case map(MapDefinition)

        /// AWS's name of the type.
        var name: String {
            switch self {
            case .task: "Task"
            case .pass: "Pass"
            case .choice: "Choice"
            case .wait: "Wait"
            case .succeed: "Succeed"
            case .fail: "Fail"
            case .parallel: "Parallel"
            case .map: "Map"
            }
        }
    }

    enum Transition: Sendable, Hashable {
        case next(Int)
        case end
    }
}

struct TaskDefinition: Sendable {
    var resource: TaskResource
    var timeout: SecondsField?
    var heartbeat: SecondsField?
    var credentials: PayloadTemplate?
}

/// How long a Wait state waits.
enum WaitDuration: Sendable {
    case seconds(Int)
    /// Milliseconds since 1970.
    case timestamp(Int)
    case secondsPath(JSONPath)
    case timestampPath(JSONPath)
    case secondsExpression(JSONataExpression)
    case timestampExpression(JSONataExpression)
}

/// A number of seconds, given or found by a path.
enum SecondsField: Sendable {
    case literal(Int)
    case path(JSONPath, field: String)
    case expression(JSONataExpression)
}

/// A text, given or computed.
enum TextField: Sendable {
    case literal(String)
    case computed(any Expression, text: String, field: String)
    case expression(JSONataExpression)
}

/// A rule of `Retry`.
struct Retrier: Sendable {
    var errors: [String]
    var intervalSeconds = 1.0
    var backoffRate = 2.0
    var maxAttempts = 3
    var maxDelaySeconds: Double?
    var hasFullJitter = false
}

/// A rule of `Catch`.
struct Catcher: Sendable {
    var errors: [String]
    var next: Int
    var resultPath: ResultPath
    var assign: PayloadTemplate?
    /// In JSONata mode; the error itself where there is none.
    var output: PayloadTemplate?
}

/// Where a result goes in a state's input.
enum ResultPath: Sendable {
    /// `null`: the result is dropped.
    case discard
    case place(JSONPath)
}
