public import JSON
import JSONPath

/// Why a value cannot be had now.
enum EvaluationFailure: Error, Sendable, Hashable {
    /// The JSON document at that place in S3 has to be read first.
    case needs(uri: String)
    /// It never can.
    case failed(String)
}

/// What references are looked up in.
struct Scope {
    var definition: PipelineDefinition
    var parameters: [String: JSON]
    var execution: [Reference.ExecutionProperty: JSON]
    /// What the steps that have ended gave.
    var outputs: [String: JSON]
    /// What was read from S3, by place: the document, or why there is none.
    var documents: [String: DocumentRead]

    /// - Throws: `EvaluationFailure` where something is not there.
    func value(of expression: Expression) throws(EvaluationFailure) -> JSON {
        switch expression {
        case .literal(let value): return value
        case .get(let reference): return try value(of: reference)
        case .join(let separator, let expressions):
            var parts: [String] = []
            for expression in expressions { parts.append(try value(of: expression).pipelineText) }
            return .string(parts.joined(separator: separator))
        case .jsonGet(let source, let path): return try member(path, of: source)
        case .array(let elements):
            var values: [JSON] = []
            for element in elements { values.append(try value(of: element)) }
            return .array(values)
        case .object(let members):
            var object = JSON.Object()
            for member in members { object[member.name] = try value(of: member.value) }
            return .object(object)
        }
    }

    private func value(of reference: Reference) throws(EvaluationFailure) -> JSON {
        switch reference {
        case .parameter(let name):
            guard let value = parameters[name] else { throw .failed("The parameter [\(name)] has no value") }
            return value
        case .execution(let property): return execution[property] ?? ""
        case .propertyFile(let step, let name): return .string(try uri(ofPropertyFile: name, step))
        case .step(let name, let path):
            guard let output = outputs[name] else { throw .failed("The step [\(name)] has not given a result") }
            guard let value = output.value(at: path) else {
                throw .failed("The step [\(name)] has no property [\(path.map(\.text).joined())]")
            }
            return value
        }
    }

    private func uri(ofPropertyFile name: String, _ stepName: String) throws(EvaluationFailure) -> String {
        let file = definition[stepName]?.propertyFiles.first { $0.name == name }
        guard let file, let output = outputs[stepName] else {
            throw .failed("The step [\(stepName)] has not given the property file [\(name)]")
        }
        let path: [Reference.Element] = [
            .member("ProcessingOutputConfig"), .member("Outputs"), .key(file.outputName), .member("S3Output"),
            .member("S3Uri"),
        ]
        guard let folder = output.value(at: path)?.stringValue else {
            throw .failed("The step [\(stepName)] has no output [\(file.outputName)] for the property file [\(name)]")
        }
        return folder.hasSuffix("/") ? folder + file.filePath : "\(folder)/\(file.filePath)"
    }

    private func member(_ path: String, of source: Expression.JSONSource) throws(EvaluationFailure) -> JSON {
        let uri: String
        switch source {
        case .propertyFile(let step, let name): uri = try self.uri(ofPropertyFile: name, step)
        case .object(let expression): uri = try value(of: expression).pipelineText
        }
        switch documents[uri] {
        case nil: throw .needs(uri: uri)
        case .unreadable(let reason)?: throw .failed("Std:JsonGet cannot read \(uri): \(reason)")
        case .document(let document)?:
            let text = path.hasPrefix("$") ? path : path.hasPrefix("[") ? "$\(path)" : "$.\(path)"
            do {
                return try JSONPath(text).evaluate(document)
            } catch {
                throw .failed("Std:JsonGet finds no [\(path)] in \(uri): \(error)")
            }
        }
    }
}

/// What came of reading a JSON document from S3.
public enum DocumentRead: Sendable, Hashable {
    case document(JSON)
    case unreadable(String)
}

extension JSON {
    /// The part that a reference's path names.
    func value(at path: some Collection<Reference.Element>) -> JSON? {
        var value = self
        for element in path {
            let next: JSON? =
                switch element {
                case .member(let name): value[name]
                case .index(let index): value[index]
                case .key(let key): value[key] ?? value.arrayValue?.first { $0.isNamed(key) }
                }
            guard let next else { return nil }
            value = next
        }
        return value
    }

    /// Whether a list's element bears the name: `OutputName`, `InputName`, `ChannelName`, `MetricName`….
    private func isNamed(_ key: String) -> Bool {
        objectValue?.contains { $0.key.hasSuffix("Name") && $0.value.stringValue == key } ?? false
    }
}

extension Reference.Element {
    fileprivate var text: String {
        switch self {
        case .member(let name): ".\(name)"
        case .key(let key): "['\(key)']"
        case .index(let index): "[\(index)]"
        }
    }
}
