/// Arrays: [array functions](https://docs.jsonata.org/array-functions).
enum ArrayFunctions {
    static let all: [NativeFunction] = [
        .make("append", "<xx:a>", arity: 2) { (arguments, _) throws(JSONataError) in
            Sequences.append(arguments[0], arguments[1])
        },
        .make("reverse", "<a:a>") { (arguments, _) throws(JSONataError) in
            guard let list = arguments.list(0) else { return .undefined }
            return list.count > 1 ? .list(list.values.reversed()) : arguments[0]
        },
        .make("shuffle", "<a:a>") { (arguments, site) throws(JSONataError) in
            guard let list = arguments.list(0) else { return .undefined }
            var values = list.values
            for index in values.indices.reversed() where index > 0 {
                let other = Int(site.evaluator.environment.random() * Double(index + 1))
                values.swapAt(index, min(max(0, other), index))
            }
            return list.count > 1 ? .list(values) : arguments[0]
        },
        .make("sort", "<af?:a>", arity: 2) { (arguments, site) throws(JSONataError) in
            guard let list = arguments.list(0) else { return .undefined }
            if list.count < 2 { return arguments[0] }
            guard let function = arguments.function(1) else { return .list(try sorted(list.values)) }
            return .list(
                try MergeSort.sorted(list.values) { (left, right) throws(JSONataError) in
                    try site.call(function, [left, right]).isTruthy()
                }
            )
        },
        .make("distinct", "<x:x>") { (arguments, _) throws(JSONataError) in
            guard let list = arguments.list(0), list.count > 1 else { return arguments[0] }
            return .array(List(.values(distinct(list)), list.flags.intersection(.sequence)))
        },
        .make("zip", "<a+>", arity: 0) { (arguments, _) throws(JSONataError) in
            var lists: [List] = []
            for index in arguments.values.indices {
                guard let list = arguments.list(index) else { return .list([]) }
                lists.append(list)
            }
            let count = lists.map(\.count).min() ?? 0
            return .list((0..<count).map { index in .list(lists.map { $0[index] }) })
        },
    ]

    private static func sorted(_ values: [Value]) throws(JSONataError) -> [Value] {
        let numbers = values.compactMap { value in if case .number(let number) = value { number } else { nil } }
        if numbers.count == values.count {
            return try MergeSort.sorted(numbers) { (a, b) throws(JSONataError) in a > b }.map { .number($0) }
        }
        let texts = values.compactMap { value in if case .string(let text) = value { text } else { nil } }
        guard texts.count == values.count else { throw JSONataError("D3070", index: 1) }
        return try MergeSort.sorted(texts) { (a, b) throws(JSONataError) in Value.precedes(b, a) }
            .map { .string($0) }
    }

    /// The first of each; scalars are found by hashing, the rest one by one.
    private static func distinct(_ list: List) -> [Value] {
        var kept: [Value] = []
        var numbers: Set<Double> = []
        var texts: Set<String> = []
        var others: [Value] = []
        for index in 0..<list.count {
            let value = list[index]
            switch value {
            case .number(let number): if numbers.insert(number).inserted { kept.append(value) }
            case .string(let text): if texts.insert(text).inserted { kept.append(value) }
            default:
                if others.contains(where: { Value.areEqual($0, value) }) { continue }
                others.append(value)
                kept.append(value)
            }
        }
        return kept
    }
}
