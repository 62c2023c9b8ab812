/// Many numbers into one: [aggregation functions](https://docs.jsonata.org/aggregation-functions).
enum AggregationFunctions {
    static let all: [NativeFunction] = [
        .make("sum", "<a<n>:n>") { (arguments, _) throws(JSONataError) in
            arguments.list(0).map { .number(sum($0)) } ?? .undefined
        },
        .make("count", "<a:n>") { (arguments, _) throws(JSONataError) in
            .number(Double(arguments.list(0)?.count ?? 0))
        },
        .make("max", "<a<n>:n>") { (arguments, _) throws(JSONataError) in extreme(arguments) { $0 > $1 } },
        .make("min", "<a<n>:n>") { (arguments, _) throws(JSONataError) in extreme(arguments) { $0 < $1 } },
        .make("average", "<a<n>:n>") { (arguments, _) throws(JSONataError) in
            guard let list = arguments.list(0), !list.isEmpty else { return .undefined }
            return .number(sum(list) / Double(list.count))
        },
    ]

    private static func sum(_ list: List) -> Double {
        var total = 0.0
        for index in 0..<list.count { if case .number(let value) = list[index] { total += value } }
        return total
    }

    private static func extreme(_ arguments: Arguments, _ isBetter: (Double, Double) -> Bool) -> Value {
        guard let list = arguments.list(0), !list.isEmpty else { return .undefined }
        var best: Double?
        for index in 0..<list.count {
            guard case .number(let value) = list[index] else { continue }
            if let known = best { if isBetter(value, known) { best = value } } else { best = value }
        }
        return best.map { .number($0) } ?? .undefined
    }
}
