extension Evaluator {
    func evaluateCall(
        _ call: Call,
        _ input: Value,
        _ frame: Frame,
        appliedTo first: Value? = nil
    ) throws(JSONataError) -> Value {
        let callee = try evaluate(call.procedure, input, frame)
        guard case .function(let function) = callee else {
            throw noFunction(call, callee, frame, ifNamed: "T1005", otherwise: "T1006")
        }
        var arguments: [Value] = []
        arguments.reserveCapacity(call.arguments.count + 1)
        if let first { arguments.append(first) }
        for argument in call.arguments { arguments.append(try evaluate(argument, input, frame)) }
        do {
            return try apply(function, arguments, input: input, frame: frame, name: call.name)
        } catch {
            throw located(error, call)
        }
    }

    private func located(_ error: JSONataError, _ call: Call) -> JSONataError {
        var error = error
        if error.position == nil { error.position = call.position }
        if error.token == nil { error.token = call.name }
        return error
    }

    /// A name that lacks its `$` is worth a hint.
    private func noFunction(
        _ call: Call,
        _ callee: Value,
        _ frame: Frame,
        ifNamed: String,
        otherwise: String
    ) -> JSONataError {
        var code = otherwise
        if callee.isUndefined, case .path = call.procedure.kind, let name = call.name {
            if case .function = lookup(symbols.intern(name), frame) { code = ifNamed }
        }
        return JSONataError(code, position: call.position, token: call.name)
    }

    /// Calls a function, and what it ends in, without going deeper.
    func apply(
        _ function: Function,
        _ arguments: [Value],
        input: Value,
        frame: Frame,
        name: String?
    ) throws(JSONataError) -> Value {
        defer { leaveCall() }
        try enterCall()
        var result = try applyOnce(function, arguments, input: input, frame: frame)
        while case .function(let ending) = result,
            case .tailCall(let call, let context, let scope) = ending.kind
        {
            let callee = try evaluate(call.procedure, context, scope)
            guard case .function(let next) = callee else {
                throw noFunction(call, callee, scope, ifNamed: "T1006", otherwise: "T1006")
            }
            var arguments: [Value] = []
            arguments.reserveCapacity(call.arguments.count)
            for argument in call.arguments { arguments.append(try evaluate(argument, context, scope)) }
            do {
                result = try applyOnce(next, arguments, input: input, frame: frame)
            } catch {
                throw located(error, call)
            }
        }
        return result
    }

    private func applyOnce(
        _ function: Function,
        _ arguments: [Value],
        input: Value,
        frame: Frame
    ) throws(JSONataError) -> Value {
        switch function.kind {
        case .native(let native):
            let values = try native.signature?.validated(arguments, context: input) ?? arguments
            let site = NativeFunction.Site(evaluator: self, input: input, frame: frame)
            return try native.body(Arguments(values: values), site)
        case .lambda(let form, let context, let scope):
            let values = try form.signature?.validated(arguments, context: input) ?? arguments
            var bindings: [Binding] = []
            bindings.reserveCapacity(form.parameters.count)
            for (index, parameter) in form.parameters.enumerated() {
                bindings.append(Binding(symbol: parameter, value: index < values.count ? values[index] : .undefined))
            }
            return try evaluate(form.body, context, Frame(parent: scope, bindings: bindings))
        case .partial(let native, let known):
            var rest = arguments.makeIterator()
            var values: [Value] = []
            for value in known { values.append(value ?? rest.next() ?? .undefined) }
            let site = NativeFunction.Site(evaluator: self, input: input, frame: frame)
            return try native.body(Arguments(values: values), site)
        case .composition(let first, let second):
            let value = try apply(first, arguments, input: .null, frame: frame, name: nil)
            return try apply(second, [value], input: .null, frame: frame, name: nil)
        case .regex(let regex): return try matchObject(regex, arguments)
        case .nextMatch(let regex, let text, let from): return try nextMatch(regex, text, from)
        case .transform(let form, let scope):
            let values = try Signature.transform.validated(arguments, context: input)
            return try transform(form, values.first ?? .undefined, scope)
        case .tailCall: return .undefined
        }
    }

    func evaluatePartial(_ call: Call, _ input: Value, _ frame: Frame) throws(JSONataError) -> Value {
        var arguments: [Value?] = []
        for argument in call.arguments {
            if case .placeholder = argument.kind {
                arguments.append(nil)
            } else {
                arguments.append(try evaluate(argument, input, frame))
            }
        }
        let callee = try evaluate(call.procedure, input, frame)
        guard case .function(let function) = callee else {
            throw noFunction(call, callee, frame, ifNamed: "T1007", otherwise: "T1008")
        }
        switch function.kind {
        case .native(let native): return .function(Function(.partial(native, arguments)))
        case .partial(let native, let known):
            var rest = arguments.makeIterator()
            let merged: [Value?] = known.map { value in value ?? rest.next() ?? Value.undefined }
            return .function(Function(.partial(native, merged)))
        case .lambda(var form, let context, let scope):
            let bound = Frame(parent: scope)
            var open: [Symbol] = []
            for (index, parameter) in form.parameters.enumerated() {
                let argument: Value? = index < arguments.count ? arguments[index] : .undefined
                if let argument { bound.bind(parameter, argument) } else { open.append(parameter) }
            }
            form.parameters = open
            form.signature = nil
            return .function(Function(.lambda(form, input: context, frame: bound)))
        default:
            let native = NativeFunction(name: call.name ?? "", signature: nil, arity: function.arity) {
                (arguments, site) throws(JSONataError) in
                guard case .function(let function) = arguments[0] else { return .undefined }
                return try site.call(function, Array(arguments.values.dropFirst()))
            }
            return .function(Function(.partial(native, [.function(function)] + arguments)))
        }
    }

    /// `left ~> right`
    func evaluateApplication(
        _ node: Node,
        _ left: Node,
        _ right: Node,
        _ input: Value,
        _ frame: Frame
    ) throws(JSONataError) -> Value {
        let value = try evaluate(left, input, frame)
        if case .call(let call) = right.kind {
            // What stands around the call (predicates, `[]`) does not apply here, as in the reference.
            return try evaluateCall(call, input, frame, appliedTo: value)
        }
        guard case .function(let function) = try evaluate(right, input, frame) else {
            throw JSONataError("T2006", position: node.position)
        }
        if case .function(let first) = value { return .function(Function(.composition(first, function))) }
        do {
            return try apply(function, [value], input: .null, frame: frame, name: nil)
        } catch {
            var error = error
            if error.position == nil { error.position = node.position }
            throw error
        }
    }

    // MARK: Transforms

    private func transform(_ form: TransformForm, _ value: Value, _ frame: Frame) throws(JSONataError) -> Value {
        if value.isUndefined { return value }
        let result = value.deepCopy()
        let matches = try evaluate(form.pattern, result, frame)
        if matches.isUndefined { return result }
        let list = matches.asList
        for index in 0..<list.count {
            let match = list[index]
            let update = try evaluate(form.update, match, frame)
            if !update.isUndefined {
                guard update.keys != nil else {
                    throw JSONataError("T2011", position: form.update.position, value: update.described)
                }
                if case .object(let target) = match {
                    for entry in update.entries { target[entry.key] = entry.value }
                }
            }
            if let delete = form.delete { try remove(delete, match, frame) }
        }
        return result
    }

    private func remove(_ delete: Node, _ match: Value, _ frame: Frame) throws(JSONataError) {
        let deletions = try evaluate(delete, match, frame)
        if deletions.isUndefined { return }
        for key in deletions.asList.values {
            guard case .string(let key) = key else {
                throw JSONataError("T2012", position: delete.position, value: deletions.described)
            }
            if case .object(let target) = match { target[key] = nil }
        }
    }
}
