import JSON

/// Scalars as text: in URIs, query strings, headers, forms and XML.
struct WireText {
    /// Whether moments in documents carry milliseconds, as S3 and CloudFormation write them.
    var hasMilliseconds: Bool

    init(_ service: String) { hasMilliseconds = service == "s3" || service == "cloudformation" }

    /// The value that a text means for a shape; nil where it means none.
    static func value(_ text: String, _ shape: Shape) -> JSON? {
        switch shape.kind {
        case .boolean:
            switch text.lowercased() {
            case "true", "1": .bool(true)
            case "false", "0": .bool(false)
            default: nil
            }
        case .integer, .long: Int(text).map(JSON.integer)
        case .float, .double: Double(text).flatMap { $0.isFinite ? .double($0) : nil }
        case .timestamp: Timestamp(parsing: text)?.json
        default: .string(text)
        }
    }

    /// The text of a scalar; nil for null, lists and objects.
    func text(_ value: JSON, _ shape: Shape, _ format: TimestampFormat) -> String? {
        switch value {
        case .string(let text): return text
        case .bool(let value): return value ? "true" : "false"
        case .integer, .double:
            guard shape.kind == .timestamp, let seconds = value.doubleValue else { return number(value, shape) }
            return moment(Timestamp(seconds: seconds), value, format)
        case .null, .array, .object: return nil
        }
    }

    private func number(_ value: JSON, _ shape: Shape) -> String {
        if shape.kind == .integer || shape.kind == .long, let integer = value.intValue { return String(integer) }
        return value.serialized()
    }

    private func moment(_ moment: Timestamp, _ value: JSON, _ format: TimestampFormat) -> String {
        switch format {
        case .iso8601: hasMilliseconds ? moment.iso8601Milliseconds : moment.iso8601Seconds
        case .rfc822: moment.httpDate
        case .unixTimestamp: value.serialized()
        }
    }
}

extension AWSError {
    /// A text that is not a value of the member's type, in the words of the protocol's services.
    static func unreadable(_ name: String, _ text: String, _ shape: Shape, _ wireProtocol: WireProtocol) -> AWSError {
        switch wireProtocol {
        case .restXML:
            let type = shape.kind == .integer || shape.kind == .long ? "an integer or within integer range" : "valid"
            return AWSError(
                "InvalidArgument",
                "Provided \(name) not \(type)",
                fields: ["ArgumentName": .string(name), "ArgumentValue": .string(text)]
            )
        case .query: return AWSError("MalformedInput", "\(name) must be a \(shape.kind.rawValue), not \"\(text)\".")
        default: return .serialization("STRING_VALUE can not be converted to \(shape.kind.article)")
        }
    }

    /// A document that is not of the form that the protocol demands.
    static func serialization(_ message: String) -> AWSError { AWSError("SerializationException", message) }
}

extension Shape.Kind {
    /// The type's name as AWS's messages have it, with its article.
    var article: String {
        switch self {
        case .integer: "an Integer"
        case .long: "a Long"
        case .float: "a Float"
        case .double: "a Double"
        case .boolean: "a Boolean"
        case .timestamp: "a Timestamp"
        case .blob: "a Blob"
        case .string: "a String"
        case .list: "a List"
        case .map: "a Map"
        case .structure: "a Structure"
        }
    }
}
