/// Truth, types, errors and `$eval`.
enum ControlFunctions {
    static let all: [NativeFunction] = [
        .make("boolean", "<x-:b>") { (arguments, _) throws(JSONataError) in
            arguments[0].isUndefined ? .undefined : .bool(try arguments[0].isTruthy())
        },
        .make("not", "<x-:b>") { (arguments, _) throws(JSONataError) in
            arguments[0].isUndefined ? .undefined : .bool(!(try arguments[0].isTruthy()))
        },
        .make("exists", "<x:b>") { (arguments, _) throws(JSONataError) in .bool(!arguments[0].isUndefined) },
        .make("type", "<x:s>") { (arguments, _) throws(JSONataError) in
            type(arguments[0]).map { .string($0) } ?? .undefined
        },
        .make("error", "<s?:x>") { (arguments, _) throws(JSONataError) in
            throw JSONataError(code: "D3137", message: message(arguments.string(0), "$error() function evaluated"))
        },
        .make("assert", "<bs?:x>", arity: 2) { (arguments, _) throws(JSONataError) in
            if case .bool(true) = arguments[0] { return .undefined }
            throw JSONataError(code: "D3141", message: message(arguments.string(1), "$assert() statement failed"))
        },
        .make("eval", "<sx?:x>", arity: 2) { (arguments, site) throws(JSONataError) in
            guard let text = arguments.string(0) else { return .undefined }
            return try evaluate(text, arguments[1], site)
        },
    ]

    private static func message(_ given: String?, _ standard: String) -> String {
        if let given, !given.isEmpty { given } else { standard }
    }

    private static func type(_ value: Value) -> String? {
        switch value {
        case .undefined, .tuples: nil
        case .null: "null"
        case .bool: "boolean"
        case .number: "number"
        case .string: "string"
        case .array: "array"
        case .record, .object: "object"
        case .function: "function"
        }
    }

    private static func evaluate(
        _ text: String,
        _ focus: Value,
        _ site: NativeFunction.Site
    ) throws(JSONataError) -> Value {
        let root: Node
        do {
            let compiled = try JSONata.compile(text, symbols: site.evaluator.symbols)
            site.evaluator.symbols = compiled.symbols
            root = compiled.root
        } catch {
            throw JSONataError("D3120", value: Text.quoted(error.message))
        }
        var input = focus.isUndefined ? site.input : focus
        if case .array(let list) = focus, !list.isSequence {
            input = .array(List(.values([focus]), [.sequence, .outerWrapper]))
        }
        do {
            return try site.evaluator.evaluate(root, input, site.frame)
        } catch  where error.code == "U1001" {
            throw error
        } catch {
            throw JSONataError("D3121", value: Text.quoted(error.message))
        }
    }
}
