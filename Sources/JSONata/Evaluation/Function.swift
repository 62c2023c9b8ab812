/// A function as a value.
final class Function {
    enum Kind {
        case native(NativeFunction)
        case lambda(LambdaForm, input: Value, frame: Frame)
        /// A native function with some of its arguments; nil where one is still to come.
        case partial(NativeFunction, [Value?])
        case regex(Regex)
        /// Finds the next match after the one whose result it belongs to.
        case nextMatch(Regex, text: [UInt16], from: Int)
        /// First one, then the other on its result.
        case composition(Function, Function)
        case transform(TransformForm, frame: Frame)
        /// A call that a function ended in, for the loop that called the function to run.
        case tailCall(Call, input: Value, frame: Frame)
    }

    let kind: Kind

    init(_ kind: Kind) { self.kind = kind }

    /// How many arguments it takes, which decides what the higher-order functions hand it.
    var arity: Int {
        switch kind {
        case .native(let function): function.arity
        case .lambda(let form, _, _): form.parameters.count
        case .partial(_, let arguments): arguments.count { $0 == nil }
        case .regex: 2
        case .nextMatch, .tailCall: 0
        case .composition, .transform: 1
        }
    }
}

/// A function written in Swift.
struct NativeFunction: Sendable {
    /// Where it is called from.
    struct Site {
        let evaluator: Evaluator
        /// The context item.
        let input: Value
        let frame: Frame

        func call(_ function: Function, _ arguments: [Value]) throws(JSONataError) -> Value {
            try evaluator.apply(function, arguments, input: .null, frame: frame, name: nil)
        }

        /// Calls with as many of the arguments as the function takes, at least the first.
        func call(_ function: Function, _ a: Value, _ b: Value, _ c: Value) throws(JSONataError) -> Value {
            switch function.arity {
            case ...1: try call(function, [a])
            case 2: try call(function, [a, b])
            default: try call(function, [a, b, c])
            }
        }
    }

    typealias Body = @Sendable (Arguments, Site) throws(JSONataError) -> Value

    let name: String
    let signature: Signature?
    let arity: Int
    let body: Body
}

/// The arguments of a native function, as its signature made them.
struct Arguments {
    let values: [Value]

    /// Nothing where it was left out.
    subscript(index: Int) -> Value { index < values.count ? values[index] : .undefined }

    func string(_ index: Int) -> String? { if case .string(let text) = self[index] { text } else { nil } }

    func number(_ index: Int) -> Double? { if case .number(let value) = self[index] { value } else { nil } }

    func list(_ index: Int) -> List? { if case .array(let list) = self[index] { list } else { nil } }

    func function(_ index: Int) -> Function? { if case .function(let value) = self[index] { value } else { nil } }
}
