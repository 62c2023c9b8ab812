import JSON

extension DefinitionParser {
    mutating func parseRetriers(_ value: JSON?, at location: String) -> [Retrier] {
        var retriers: [Retrier] = []
        let known: Set<String> = [
            "ErrorEquals", "IntervalSeconds", "MaxAttempts", "BackoffRate", "MaxDelaySeconds", "JitterStrategy",
            "Comment",
        ]
        let rules = parseRules(value, known: known, at: location)
        for (index, rule) in rules.enumerated() {
            var retrier = Retrier(errors: rule.errors)
            let place = "\(location)[\(index)]"
            if let interval = number(rule.object, "IntervalSeconds", 1...99_999_999, at: place) {
                retrier.intervalSeconds = interval
            }
            if let attempts = number(rule.object, "MaxAttempts", 0...99_999_999, at: place) {
                retrier.maxAttempts = Int(attempts)
            }
            if let rate = number(rule.object, "BackoffRate", 1...Double.greatestFiniteMagnitude, at: place) {
                retrier.backoffRate = rate
            }
            retrier.maxDelaySeconds = number(rule.object, "MaxDelaySeconds", 1...31_622_400, at: place)
            if let strategy = rule.object["JitterStrategy"] {
                if strategy != "FULL" && strategy != "NONE" {
                    fail("Expected one of: [FULL, NONE]", at: "\(place)/JitterStrategy")
                }
                retrier.hasFullJitter = strategy == "FULL"
            }
            retriers.append(retrier)
        }
        return retriers
    }

    mutating func parseCatchers(_ value: JSON?, at location: String) -> [Catcher] {
        var catchers: [Catcher] = []
        let known: Set<String> = ["ErrorEquals", "Next", "ResultPath", "Assign", "Comment", "Output"]
        let rules = parseRules(value, known: known, at: location)
        for (index, rule) in rules.enumerated() {
            let place = "\(location)[\(index)]"
            guard let name = rule.object["Next"]?.stringValue else {
                fail("These fields are required: [Next]", at: place)
                continue
            }
            guard let next = target(name, at: "\(place)/Next") else { continue }
            catchers.append(
                Catcher(
                    errors: rule.errors,
                    next: next,
                    resultPath: parseResultPath(rule.object["ResultPath"], at: "\(place)/ResultPath") ?? .whole,
                    assign: parseAssign(rule.object["Assign"], at: "\(place)/Assign"),
                    output: isJSONata ? rule.object["Output"].map { parseTemplate($0, at: "\(place)/Output") } : nil
                )
            )
        }
        return catchers
    }

    private mutating func parseRules(
        _ value: JSON?,
        known: Set<String>,
        at location: String
    ) -> [(errors: [String], object: JSON.Object)] {
        guard let value else { return [] }
        guard let rules = value.arrayValue else {
            fail("Expected an array", at: location)
            return []
        }
        var parsed: [(errors: [String], object: JSON.Object)] = []
        for (index, rule) in rules.enumerated() {
            let place = "\(location)[\(index)]"
            guard let object = rule.objectValue else {
                fail("Expected an object", at: place)
                continue
            }
            checkFields(object, known, at: place)
            let errors = object["ErrorEquals"]?.arrayValue?.compactMap(\.stringValue) ?? []
            if errors.isEmpty { fail("These fields are required: [ErrorEquals]", at: place) }
            if errors.contains(StatesError.all), errors.count > 1 || index < rules.count - 1 {
                fail("States.ALL must appear alone and in the last rule", at: "\(place)/ErrorEquals")
            }
            parsed.append((errors, object))
        }
        return parsed
    }

    private mutating func number(
        _ object: JSON.Object,
        _ field: String,
        _ range: ClosedRange<Double>,
        at location: String
    ) -> Double? {
        guard let value = object[field] else { return nil }
        guard let number = value.doubleValue, range.contains(number) else {
            fail("Expected a number not less than \(Int(range.lowerBound))", at: "\(location)/\(field)")
            return nil
        }
        return number
    }
}
