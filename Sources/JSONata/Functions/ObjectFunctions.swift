/// Objects: [object functions](https://docs.jsonata.org/object-functions).
enum ObjectFunctions {
    static let all: [NativeFunction] = [
        .make("keys", "<x-:a<s>>") { (arguments, _) throws(JSONataError) in
            var seen: Set<String> = []
            var names: [Value] = []
            collectKeys(arguments[0], &seen, &names)
            return .sequence(names)
        },
        .make("lookup", "<x-s:x>", arity: 2) { (arguments, _) throws(JSONataError) in
            Evaluator.member(arguments.string(1) ?? "undefined", of: arguments[0])
        },
        .make("spread", "<x-:a<o>>") { (arguments, _) throws(JSONataError) in spread(arguments[0]) },
        .make("merge", "<a<o>:o>") { (arguments, _) throws(JSONataError) in
            guard let list = arguments.list(0) else { return .undefined }
            let merged = Members()
            for index in 0..<list.count {
                for entry in list[index].entries { merged[entry.key] = entry.value }
            }
            return .object(merged)
        },
        .make("each", "<o-f:a>", arity: 2) { (arguments, site) throws(JSONataError) in
            guard let function = arguments.function(1) else { return .sequence([]) }
            var results: [Value] = []
            for entry in arguments[0].entries {
                let value = try site.call(function, entry.value, .string(entry.key), arguments[0])
                if !value.isUndefined { results.append(value) }
            }
            return .sequence(results)
        },
        .make("sift", "<o-f?:o>", arity: 2) { (arguments, site) throws(JSONataError) in
            let kept = Members()
            guard let function = arguments.function(1) else { return .undefined }
            for entry in arguments[0].entries {
                let verdict = try site.call(function, entry.value, .string(entry.key), arguments[0])
                if try verdict.isTruthy() { kept[entry.key] = entry.value }
            }
            return kept.entries.isEmpty ? .undefined : .object(kept)
        },
        .make("clone", "<(oa)-:o>") { (arguments, _) throws(JSONataError) in arguments[0].deepCopy() },
    ]

    private static func collectKeys(_ value: Value, _ seen: inout Set<String>, _ names: inout [Value]) {
        if case .array(let list) = value {
            for index in 0..<list.count { collectKeys(list[index], &seen, &names) }
        }
        for key in value.keys ?? [] where seen.insert(key).inserted { names.append(.string(key)) }
    }

    /// One object a member.
    private static func spread(_ value: Value) -> Value {
        switch value {
        case .array(let list):
            var result = Value.sequence([])
            var parts: [Value] = []
            for index in 0..<list.count { spread(list[index]).asListIfDefined?.appendElements(to: &parts) }
            result = parts.isEmpty ? result : .list(parts)
            return result
        case .record, .object: return .sequence(value.entries.map { .object(Members(unique: [$0])) })
        default: return value
        }
    }
}

extension Value {
    fileprivate var asListIfDefined: List? { isUndefined ? nil : asList }
}
