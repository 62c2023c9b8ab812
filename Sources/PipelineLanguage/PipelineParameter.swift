public import JSON
import Suggestion

/// A value that an execution may set: one of the definition's `Parameters`.
public struct PipelineParameter: Sendable, Hashable {
    public enum ValueType: String, Sendable, CaseIterable {
        case string = "String"
        case integer = "Integer"
        case float = "Float"
        case boolean = "Boolean"
    }

    public var name: String
    public var type: ValueType
    public var defaultValue: JSON?
    /// The only values allowed, where the definition lists some.
    public var enumeration: [JSON]

    /// The value that `StartPipelineExecution` gives as text, in the parameter's type.
    /// - Throws: `ParameterError` where the text is no such value, or not one of the enumeration.
    public func value(of text: String) throws(ParameterError) -> JSON {
        guard let value = type.value(of: text) else {
            throw ParameterError("Parameter [\(name)] value [\(text)] is not of type \(type.rawValue)")
        }
        guard enumeration.isEmpty || enumeration.contains(value) else {
            let allowed = enumeration.map(\.pipelineText).joined(separator: ", ")
            throw ParameterError("Parameter [\(name)] value [\(text)] is not one of [\(allowed)]")
        }
        return value
    }
}

extension PipelineParameter.ValueType {
    /// The value that the text stands for; nil where it stands for none of this type.
    func value(of text: String) -> JSON? {
        switch self {
        case .string: .string(text)
        case .integer: Int(text).map { .integer($0) }
        case .float: Double(text).flatMap { $0.isFinite ? .double($0) : nil }
        case .boolean: ["true": true, "false": false][text.lowercased()].map { .bool($0) }
        }
    }

    func accepts(_ value: JSON) -> Bool {
        switch (self, value) {
        case (.string, .string), (.integer, .integer), (.boolean, .bool), (.float, .double), (.float, .integer): true
        default: false
        }
    }
}

/// Values that an execution cannot be started with.
public struct ParameterError: Error, Sendable, Hashable, CustomStringConvertible {
    public var description: String

    init(_ description: String) { self.description = description }
}

extension PipelineDefinition {
    /// The parameters' values in an execution: the given ones, else the defaults.
    /// - Parameter given: The texts of `StartPipelineExecution`, by name.
    /// - Throws: `ParameterError` where a name is not a parameter's, a value is of another type, or one is missing.
    public func values(given: [(name: String, text: String)]) throws(ParameterError) -> [String: JSON] {
        var values: [String: JSON] = [:]
        for parameter in parameters { values[parameter.name] = parameter.defaultValue }
        for (name, text) in given {
            guard let parameter = parameters.first(where: { $0.name == name }) else {
                let hint = Suggestion.phrase(for: name, among: parameters.map(\.name))
                throw ParameterError("Parameter [\(name)] is not defined in the pipeline definition\(hint)")
            }
            values[name] = try parameter.value(of: text)
        }
        let missing = parameters.map(\.name).filter { values[$0] == nil }
        guard missing.isEmpty else {
            throw ParameterError("Parameters [\(missing.joined(separator: ", "))] have no default: give their values")
        }
        return values
    }
}

extension JSON {
    /// The value as it stands in a joined text: texts without quotation marks, all else as JSON.
    var pipelineText: String { stringValue ?? serialized() }
}
