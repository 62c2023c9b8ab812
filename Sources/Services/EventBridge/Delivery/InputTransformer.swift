import AWSProtocol
import JSON
import JSONPath

/// What a target is given instead of the event: a template with variables.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html>
struct InputTransformer: Sendable {
    /// What EventBridge knows by itself.
    struct Predefined: Sendable {
        var ruleARN: String
        var ruleName: String
        var event: JSON
        var ingested: Timestamp

        func value(_ name: Substring) -> JSON? {
            switch name {
            case "aws.events.rule-arn": return .string(ruleARN)
            case "aws.events.rule-name": return .string(ruleName)
            case "aws.events.event.ingestion-time": return .string(ingested.iso8601)
            case "aws.events.event.json": return event
            case "aws.events.event":
                var members = event.objectValue ?? [:]
                members["detail"] = nil
                return .object(members)
            default: return nil
            }
        }
    }

    private let paths: JSON.Object
    private let template: String

    /// - Parameter json: The target's `InputTransformer`.
    init(_ json: JSON) {
        paths = json["InputPathsMap"]?.objectValue ?? [:]
        template = json["InputTemplate"]?.stringValue ?? ""
    }

    /// Why it is none; nil where it is one.
    static func problem(_ json: JSON) -> String? {
        let transformer = InputTransformer(json)
        for (name, path) in transformer.paths {
            guard let text = path.stringValue, (try? JSONPath(text)) != nil else {
                return "\(path.stringValue ?? "") of \(name) is not a JSON path"
            }
        }
        let trial = transformer.filled { _ in "value" }
        do {
            _ = try JSON(parsing: trial)
            return nil
        } catch {
            // Several texts, each on a line of its own, are one too.
            let lines = trial.split(whereSeparator: \.isNewline).map { $0.trimmingSpaces() }
            let areTexts = !lines.isEmpty && lines.allSatisfy { (try? JSON(parsing: $0))?.stringValue != nil }
            return areTexts ? nil : "\(error)"
        }
    }

    /// The target's input.
    func input(_ predefined: Predefined) -> String {
        filled { name in
            if let value = predefined.value(name) { return value }
            guard let path = paths[String(name)]?.stringValue else { return nil }
            return try? JSONPath(path).evaluate(predefined.event)
        }
    }

    /// The template with its variables replaced; those without a value leave an empty text.
    private func filled(_ value: (Substring) -> JSON?) -> String {
        var result = ""
        var rest = template[...]
        var isInText = false
        while let character = rest.first {
            if character == "<", let name = Self.variable(rest) {
                let value = value(name) ?? ""
                result += isInText ? Self.insideText(value) : value.serialized()
                rest = rest.dropFirst(name.count + 2)
                continue
            }
            if character == "\\", isInText {
                result += rest.prefix(2)
                rest = rest.dropFirst(2)
                continue
            }
            if character == "\"" { isInText.toggle() }
            result.append(character)
            rest = rest.dropFirst()
        }
        return result
    }

    /// The name between the angle brackets with which `text` begins; nil where it begins otherwise.
    private static func variable(_ text: Substring) -> Substring? {
        let name = text.dropFirst().prefix { $0 == "_" || $0 == "-" || $0 == "." || $0.isLetter || $0.isNumber }
        return !name.isEmpty && text.dropFirst(1 + name.count).first == ">" ? name : nil
    }

    /// As AWS writes values between quotation marks: objects and arrays lose theirs.
    private static func insideText(_ value: JSON) -> String {
        switch value {
        case .string(let text): String(JSON.string(text).serialized().dropFirst().dropLast())
        case .object, .array: value.serialized().filter { $0 != "\"" }
        default: value.serialized()
        }
    }
}

extension Substring {
    fileprivate func trimmingSpaces() -> String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
