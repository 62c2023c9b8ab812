import AWSProtocol

/// Finds a job's metrics in the lines of its log and keeps the last value of each.
///
/// Not `Sendable`, as regular expressions are not: it belongs to the actor that reads the log.
struct MetricScanner {
    /// AWS's limit on `FinalMetricDataList`.
    static let maximumMetrics = 40

    private var patterns: [MetricPattern]

    init(_ definitions: [JobPlan.MetricDefinition]) { patterns = definitions.map(MetricPattern.init) }

    var isEmpty: Bool { patterns.isEmpty }

    /// - Returns: The values in this line.
    @discardableResult
    mutating func scan(_ line: String, at now: Timestamp) -> [JobState.Metric] {
        patterns.indices.compactMap { patterns[$0].scan(line, at: now) }
    }

    /// The metrics found, in the order of their definitions.
    var metrics: [JobState.Metric] { Array(patterns.compactMap(\.last).prefix(Self.maximumMetrics)) }
}

/// One metric definition. Regular expressions are slow: a line is first looked over for the texts it must contain.
private struct MetricPattern {
    let name: String
    let pattern: String
    let required: [[UInt8]]
    private(set) var last: JobState.Metric?
    private var expression: Regex<AnyRegexOutput>?
    private var isCompiled = false

    init(_ definition: JobPlan.MetricDefinition) {
        name = definition.name
        pattern = definition.pattern
        required = RequiredTexts.of(definition.pattern).map { Array($0.utf8) }
    }

    mutating func scan(_ line: String, at now: Timestamp) -> JobState.Metric? {
        guard line.utf8.contains(inOrder: required) else { return nil }
        if !isCompiled {
            // A definition that is no regular expression finds nothing, as on AWS.
            expression = try? Regex(pattern)
            isCompiled = true
        }
        guard let expression, let match = try? expression.firstMatch(in: line), match.output.count > 1,
            let text = match.output[1].substring, let value = Double(text), value.isFinite
        else { return nil }
        last = JobState.Metric(name: name, value: value, time: now)
        return last
    }
}

/// The texts that every match of a regular expression contains, in their order.
enum RequiredTexts {
    /// Empty where the expression has alternatives or anything else that makes the answer uncertain.
    static func of(_ pattern: String) -> [String] {
        var texts: [String] = []
        var text = ""
        var characters = Substring(pattern)
        func finish() {
            if !text.isEmpty { texts.append(text) }
            text = ""
        }
        while let character = characters.popFirst() {
            switch character {
            case "|": return []
            case "(":
                // Groups may be repeated or optional as a whole: only plain captures are looked into.
                guard let end = characters.firstIndex(of: ")"), !characters.hasPrefix("?"),
                    !characters[..<end].contains("(")
                else { return [] }
                finish()
                if let next = characters[end...].dropFirst().first, "?*{".contains(next) { return [] }
            case "[":
                guard let end = characters.dropFirst().firstIndex(of: "]") else { return [] }
                characters = characters[characters.index(after: end)...]
                finish()
            case "*", "?", "{":
                if character == "{" {
                    guard let end = characters.firstIndex(of: "}") else { return [] }
                    characters = characters[characters.index(after: end)...]
                }
                text = String(text.dropLast())
                finish()
            case "\\":
                guard let escaped = characters.popFirst() else { return [] }
                if escaped.isLetter || escaped.isNumber { finish() } else { text.append(escaped) }
            case ".", "+", ")", "^", "$": finish()
            default: text.append(character)
            }
        }
        finish()
        return texts
    }
}

extension String.UTF8View {
    /// Whether all the texts occur, each after the one before.
    fileprivate func contains(inOrder texts: [[UInt8]]) -> Bool {
        let found = withContiguousStorageIfAvailable { bytes in
            var start = 0
            for text in texts {
                guard let place = Self.find(text, in: bytes, from: start) else { return false }
                start = place + text.count
            }
            return true
        }
        return found ?? true
    }

    private static func find(_ text: [UInt8], in bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
        guard let first = text.first else { return start }
        var place = start
        while place + text.count <= bytes.count {
            if bytes[place] == first, bytes[place..<place + text.count].elementsEqual(text) { return place }
            place += 1
        }
        return nil
    }
}
