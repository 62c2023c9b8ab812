/// Functions on functions: [higher-order functions](https://docs.jsonata.org/higher-order-functions).
enum HigherOrderFunctions {
    static let all: [NativeFunction] = [
        .make("map", "<af>", arity: 2) { (arguments, site) throws(JSONataError) in
            guard let list = arguments.list(0), let function = arguments.function(1) else { return .undefined }
            var results: [Value] = []
            for index in 0..<list.count {
                let value = try site.call(function, list[index], .number(Double(index)), arguments[0])
                if !value.isUndefined { results.append(value) }
            }
            return .sequence(results)
        },
        .make("filter", "<af>", arity: 2) { (arguments, site) throws(JSONataError) in
            guard let list = arguments.list(0), let function = arguments.function(1) else { return .undefined }
            var results: [Value] = []
            for index in 0..<list.count {
                let item = list[index]
                if try site.call(function, item, .number(Double(index)), arguments[0]).isTruthy() {
                    results.append(item)
                }
            }
            return .sequence(results)
        },
        .make("single", "<af?>", arity: 2) { (arguments, site) throws(JSONataError) in
            guard let list = arguments.list(0) else { return .undefined }
            var found: Value?
            for index in 0..<list.count {
                let item = list[index]
                if let function = arguments.function(1) {
                    let verdict = try site.call(function, item, .number(Double(index)), arguments[0])
                    guard try verdict.isTruthy() else { continue }
                }
                guard found == nil else { throw JSONataError("D3138", index: index) }
                found = item
            }
            guard let found else { throw JSONataError("D3139") }
            return found
        },
        .make("reduce", "<afj?:j>", arity: 3) { (arguments, site) throws(JSONataError) in
            guard let list = arguments.list(0), let function = arguments.function(1) else { return .undefined }
            return try reduce(list, function, arguments[2], site)
        },
    ]

    private static func reduce(
        _ list: List,
        _ function: Function,
        _ start: Value,
        _ site: NativeFunction.Site
    ) throws(JSONataError) -> Value {
        let arity = function.arity
        guard arity >= 2 else { throw JSONataError("D3050", index: 1) }
        var result = start
        var first = 0
        if start.isUndefined, !list.isEmpty {
            result = list[0]
            first = 1
        }
        for index in first..<max(first, list.count) {
            var values = [result, list[index]]
            if arity >= 3 { values.append(.number(Double(index))) }
            if arity >= 4 { values.append(.array(list)) }
            result = try site.call(function, values)
        }
        return result
    }
}
