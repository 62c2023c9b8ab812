import AWSProtocol
import JSON
import PipelineLanguage
import Suggestion

extension PipelineDefinition {
    /// Reads a definition and compares each step's arguments with the input of the operation that they are for.
    /// - Throws: `ValidationException` in the words of Pipelines, with the place.
    static func checked(_ text: String) throws(AWSError) -> PipelineDefinition {
        do throws(DefinitionError) {
            guard text.utf8.count <= maximumSize else {
                throw DefinitionError("It is longer than \(maximumSize) bytes", at: "")
            }
            let definition = try PipelineDefinition(text)
            let steps = try Self.stepsByName(text)
            for step in definition.steps {
                try check(step, steps[step.name]?["Arguments"] ?? [:])
                try check(referencesOf: step, definition)
            }
            return definition
        } catch {
            throw AWSError("ValidationException", error.description)
        }
    }

    /// The steps' JSON, those of branches included.
    private static func stepsByName(_ text: String) throws(DefinitionError) -> [String: JSON] {
        var found: [String: JSON] = [:]
        func collect(_ list: JSON?) {
            for step in list?.arrayValue ?? [] {
                if let name = step["Name"]?.stringValue { found[name] = step }
                collect(step["Arguments"]?["IfSteps"])
                collect(step["Arguments"]?["ElseSteps"])
            }
        }
        collect((try? JSON(parsing: text))?["Steps"])
        return found
    }

    private static func check(_ step: PipelineStep, _ arguments: JSON) throws(DefinitionError) {
        let place = "\(step.location)/Arguments"
        switch step.type {
        case .emr: return try EMRStepArguments.check(arguments, at: place)
        case .emrServerless: return try ServerlessStepArguments.check(arguments, at: place)
        default: break
        }
        guard let name = step.type.operation,
            let operation = ServiceModels.model(signingName: "sagemaker")?.operation(name)
        else { return }
        try check(arguments, against: operation, at: place)
    }

    /// Compares a value with an operation's input.
    /// - Parameter place: Where in the input the value stands, where it is not all of it.
    static func check(
        _ arguments: JSON,
        against operation: OperationModel,
        at start: String,
        inside place: String = ""
    ) throws(DefinitionError) {
        let isReference = { (value: JSON) in
            value.objectValue?.keys.contains { $0 == "Get" || $0.hasPrefix("Std:") } ?? false
        }
        guard let mismatch = operation.mismatch(of: arguments, isOpaque: isReference) else { return }
        let location = start + mismatch.path.dropFirst(mismatch.path.hasPrefix(place) ? place.count : 0)
        switch mismatch.kind {
        case .unknownMember(let member, let known):
            let hint = Suggestion.phrase(for: member, among: known)
            throw DefinitionError("Unknown Argument member '\(member)'\(hint)", at: location)
        case .expectsObject: throw DefinitionError("Expecting start of Json Object", at: location)
        case .expectsArray: throw DefinitionError("Expecting start of Json Array", at: location)
        case .expectsScalar: throw DefinitionError("Expecting a text, number or truth value", at: location)
        }
    }

    /// The first part of a reference to a step must be a member of what that step's resource is described with.
    private static func check(
        referencesOf step: PipelineStep,
        _ definition: PipelineDefinition
    ) throws(DefinitionError) {
        for reference in step.references {
            guard case .step(let name, let path) = reference, case .member(let property)? = path.first,
                let referred = definition[name], let known = referred.type.properties,
                !known.contains(property)
            else { continue }
            let hint = Suggestion.phrase(for: property, among: known)
            throw DefinitionError(
                "The \(referred.type.rawValue) step [\(name)] has no property [\(property)]\(hint)",
                at: "\(step.location)/Arguments"
            )
        }
    }
}

extension StepType {
    /// What references can read of such a step; nil where that is not known beforehand.
    fileprivate var properties: [String]? {
        switch self {
        case .condition: return ["Outcome"]
        case .lambda, .callback: return ["OutputParameters"]
        case .fail: return []
        case .emr: return EMRStepArguments.properties
        case .emrServerless: return ["jobRun"]
        case .clarifyCheck: return ["CalculatedBaselineConstraints", "BaselineUsedForDriftCheckConstraints"]
        case .qualityCheck:
            return ["Calculated", "BaselineUsedForDriftCheck"].flatMap { kind in
                ["Constraints", "Statistics"].map { kind + (kind == "Calculated" ? "Baseline" : "") + $0 }
            }
        default:
            guard let resource = StepResource(self),
                let model = ServiceModels.model(signingName: "sagemaker")?.operation(resource.describe.name)
            else { return nil }
            return model.outputMembers
                + (self == .tuning ? ["TrainingJobSummaries"] : self == .autoML ? ["BestCandidateProperties"] : [])
        }
    }
}
