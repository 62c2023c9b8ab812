/// A match as the functions of the language see it.
struct TextMatch {
    var match: String
    /// In UTF-16 units.
    var start: Int
    var end: Int
    var groups: [Value]
    /// As a matcher function returned it, for a replacing function.
    var value: Value
}

/// Finds one match after the other: by a regular expression, or by a function that behaves like one.
struct Matches {
    private enum Source {
        case regex(Regex, from: Int, isFirst: Bool)
        case function(Function, [Value])
        case none
    }

    private var source: Source
    private let text: [UInt16]
    private let site: NativeFunction.Site

    init(_ function: Function, _ text: String, _ site: NativeFunction.Site) {
        self.text = Array(text.utf16)
        self.site = site
        if case .regex(let regex) = function.kind {
            source = .regex(regex, from: 0, isFirst: true)
        } else {
            source = .function(function, [.string(text)])
        }
    }

    /// - Throws: D1004 where the expression matches nothing again, T1010 where a function's result is no match.
    mutating func next() throws(JSONataError) -> TextMatch? {
        switch source {
        case .none: return nil
        case .regex(let regex, let from, let isFirst):
            if !isFirst, from >= text.count { return nil }
            guard let found = try regex.firstMatch(in: text, from: from) else { return nil }
            if !isFirst, found.range.isEmpty { throw JSONataError("D1004", value: "\"\(regex.source)\"") }
            source = .regex(regex, from: found.range.upperBound, isFirst: false)
            return Evaluator.textMatch(found, regex, text)
        case .function(let function, let arguments):
            let result = try site.call(function, arguments)
            guard try result.isTruthy() || result.keys != nil else { return nil }
            return try accept(result)
        }
    }

    private mutating func accept(_ result: Value) throws(JSONataError) -> TextMatch {
        var match = TextMatch(match: "", start: 0, end: 0, groups: [], value: result)
        var isMatch = false
        if case .string(let text)? = result.member("match") { match.match = text }
        if case .number(let start)? = result.member("start") {
            match.start = Int(exactly: start.rounded(.down)) ?? 0
            isMatch = true
        }
        match.end = match.start + match.match.utf16.count
        if case .number(let end)? = result.member("end") {
            match.end = Int(exactly: end.rounded(.down)) ?? match.end
            isMatch = true
        }
        if case .array(let groups)? = result.member("groups") {
            match.groups = groups.values
            isMatch = true
        }
        if case .function(let next)? = result.member("next") {
            source = .function(next, [])
            isMatch = true
        } else {
            source = .none
        }
        guard isMatch else { throw JSONataError("T1010") }
        return match
    }
}

extension Evaluator {
    static func textMatch(_ found: Regex.Match, _ regex: Regex, _ text: [UInt16]) -> TextMatch {
        let match = String(decoding: text[found.range], as: UTF16.self)
        let groups = found.groups.map { range -> Value in
            guard let range else { return .undefined }
            return .string(String(decoding: text[range], as: UTF16.self))
        }
        let next = Function(.nextMatch(regex, text: text, from: found.range.upperBound))
        let members = Members(unique: [
            ("match", .string(match)), ("start", .number(Double(found.range.lowerBound))),
            ("end", .number(Double(found.range.upperBound))), ("groups", .list(groups)), ("next", .function(next)),
        ])
        return TextMatch(
            match: match,
            start: found.range.lowerBound,
            end: found.range.upperBound,
            groups: groups,
            value: .object(members)
        )
    }

    /// What calling a regular expression as a function gives.
    func matchObject(_ regex: Regex, _ arguments: [Value]) throws(JSONataError) -> Value {
        guard case .string(let text)? = arguments.first else { return .undefined }
        var start = 0
        if arguments.count > 1, case .number(let from) = arguments[1] { start = Int(exactly: from.rounded(.down)) ?? 0 }
        let units = Array(text.utf16)
        guard let found = try regex.firstMatch(in: units, from: max(0, start)) else { return .undefined }
        return Self.textMatch(found, regex, units).value
    }

    func nextMatch(_ regex: Regex, _ text: [UInt16], _ from: Int) throws(JSONataError) -> Value {
        guard from < text.count, let found = try regex.firstMatch(in: text, from: from) else { return .undefined }
        if found.range.isEmpty { throw JSONataError("D1004", value: "\"\(regex.source)\"") }
        return Self.textMatch(found, regex, text).value
    }
}
