import Suggestion

/// What a `Get` names.
public enum Reference: Sendable, Hashable {
    /// `Parameters.NAME`
    case parameter(String)
    /// `Execution.PipelineExecutionId`
    case execution(ExecutionProperty)
    /// `Steps.NAME.MEMBER…`
    case step(String, [Element])
    /// `Steps.NAME.PropertyFiles.FILE`
    case propertyFile(step: String, name: String)

    /// One part of a path into a step's properties.
    public enum Element: Sendable, Hashable {
        /// `.ModelArtifacts`
        case member(String)
        /// `['train']`: the value under that key, or the element of a list that bears that name.
        case key(String)
        /// `[0]`
        case index(Int)
    }

    /// What `Execution.…` offers.
    public enum ExecutionProperty: String, Sendable, CaseIterable {
        case startDateTime = "StartDateTime"
        case currentDateTime = "CurrentDateTime"
        case pipelineName = "PipelineName"
        case pipelineARN = "PipelineArn"
        case executionID = "PipelineExecutionId"
        case executionARN = "PipelineExecutionArn"
        case trainingJobName = "TrainingJobName"
        case processingJobName = "ProcessingJobName"
    }

    /// The step that must have ended before the value is there.
    public var stepName: String? {
        switch self {
        case .parameter, .execution: nil
        case .step(let name, _), .propertyFile(let name, _): name
        }
    }
}

extension Reference {
    /// Reads `Steps.Process.ProcessingOutputConfig.Outputs['train'].S3Output.S3Uri`.
    /// - Throws: `DefinitionError` where the text names nothing that can be had.
    init(_ text: String, at location: String) throws(DefinitionError) {
        guard let elements = Self.elements(of: text), case .member(let root)? = elements.first, elements.count > 1,
            case .member(let name) = elements[1]
        else {
            throw DefinitionError(
                "Invalid reference [\(text)]: write Parameters.NAME, Execution.PROPERTY or Steps.NAME.PROPERTY",
                at: location
            )
        }
        switch root {
        case "Parameters" where elements.count == 2: self = .parameter(name)
        case "Execution" where elements.count == 2:
            guard let property = ExecutionProperty(rawValue: name) else {
                let hint = Suggestion.phrase(for: name, among: ExecutionProperty.allCases.map(\.rawValue))
                throw DefinitionError("Unknown execution property [\(name)]\(hint)", at: location)
            }
            self = .execution(property)
        case "Steps" where elements.count == 4 && elements[2] == .member("PropertyFiles"):
            guard case .member(let file) = elements[3] else {
                throw DefinitionError("Invalid reference [\(text)]: name a property file", at: location)
            }
            self = .propertyFile(step: name, name: file)
        case "Steps" where elements.count > 2: self = .step(name, Array(elements[2...]))
        default:
            let hint = Suggestion.phrase(for: root, among: ["Parameters", "Execution", "Steps"])
            throw DefinitionError("Invalid reference [\(text)]\(hint)", at: location)
        }
    }

    /// The parts of a dotted path with indices and keys in brackets; nil where the text is none.
    static func elements(of text: String) -> [Element]? {
        var elements: [Element] = []
        var rest = Substring(text)
        while !rest.isEmpty {
            if rest.first == "[" {
                guard let close = rest.firstIndex(of: "]") else { return nil }
                let inner = rest[rest.index(after: rest.startIndex)..<close]
                if let quote = inner.first, quote == "'" || quote == "\"" {
                    guard inner.count >= 2, inner.last == quote else { return nil }
                    elements.append(.key(String(inner.dropFirst().dropLast())))
                } else {
                    guard let index = Int(inner), index >= 0 else { return nil }
                    elements.append(.index(index))
                }
                rest = rest[rest.index(after: close)...]
            } else {
                let end = rest.firstIndex { $0 == "." || $0 == "[" } ?? rest.endIndex
                guard end != rest.startIndex else { return nil }
                elements.append(.member(String(rest[..<end])))
                rest = rest[end...]
            }
            if rest.first == "." {
                rest = rest.dropFirst()
                guard let next = rest.first, next != "." else { return nil }
            }
        }
        return elements.isEmpty ? nil : elements
    }
}
