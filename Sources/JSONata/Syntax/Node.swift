/// A part of a compiled expression.
///
/// `@unchecked Sendable`: the resolver fills nodes in while it alone holds them; nobody writes to them afterwards.
final class Node: @unchecked Sendable {
    enum Kind {
        case path
        case name(String)
        case string(String)
        case number(Double)
        case bool(Bool)
        case null
        /// `$`: the context item.
        case context
        case variable(Symbol)
        case wildcard
        case descendants
        case parent(AncestorSlot)
        case regex(Regex)
        case binary(Operator, Node, Node)
        case negation(Node)
        case array([Node])
        case object(Grouping)
        case call(Call)
        case partial(Call)
        /// A call in tail position: evaluates to itself, for the caller's loop to run.
        case tailCall(Call)
        case lambda(LambdaForm)
        case condition(Node, Node, Node?)
        case block([Node], makesFrame: Bool)
        case binding(Symbol, Node)
        case application(Node, Node)
        case transform(TransformForm)
        case sort([SortTerm])
        case placeholder
    }

    var kind: Kind
    let position: Int

    /// Of a path: its steps.
    var steps: [Node] = []
    /// Of a path: how many leading steps are a variable, the context or names, without anything attached.
    var plainPrefix = 0
    /// Of a path: a step has `[]`.
    var keepsSingletonArray = false

    /// Followed by `[]`.
    var keepsArray = false
    /// An array constructor whose result stays one item of the path.
    var isConsArray = false
    /// Its results carry bindings along: of a focus, an index or a parent.
    var isTuple = false
    /// `@$name`.
    var focus: Symbol?
    /// `#$name`.
    var index: Symbol?
    var ancestor: AncestorSlot?
    /// Of a step: its predicates and indexes.
    var stages: [Stage] = []
    /// Of anything else: its predicates.
    var predicates: [Stage] = []
    var group: Grouping?
    /// The `%` in it that reach further out.
    var seekingParent: [AncestorSlot] = []

    init(_ kind: Kind, _ position: Int) {
        self.kind = kind
        self.position = position
    }

    /// A name, variable or context without anything attached.
    var isPlainStep: Bool {
        guard stages.isEmpty, predicates.isEmpty, group == nil, !isTuple, !keepsArray else { return false }
        return switch kind {
        case .name, .variable, .context: true
        default: false
        }
    }

    var isParent: Bool { if case .parent = kind { true } else { false } }
}

/// Where a `%` is bound: a label shared by those that mean the same step.
final class AncestorSlot: @unchecked Sendable {  // written by the resolver only, see `Node`
    var label: Symbol
    /// How many steps are still to go up.
    var level = 1
    let number: Int

    init(label: Symbol, number: Int) {
        self.label = label
        self.number = number
    }
}

enum Stage: Sendable {
    case filter(Node)
    case index(Symbol)
}

/// Key and value expressions of an object constructor or a group-by.
struct Grouping: Sendable {
    var pairs: [(key: Node, value: Node)]
    var position: Int
}

struct SortTerm: Sendable {
    var expression: Node
    var isDescending: Bool
}

struct LambdaForm: Sendable {
    var parameters: [Symbol]
    var signature: Signature?
    var body: Node
}

struct TransformForm: Sendable {
    var pattern: Node
    var update: Node
    var delete: Node?
}

struct Call: Sendable {
    var procedure: Node
    var arguments: [Node]
    var position: Int
    /// The function's name as it is written.
    var name: String?
}
