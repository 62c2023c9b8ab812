import JSON
import Suggestion

/// A parsed and checked pipeline definition (version `2020-12-01`), as the SageMaker Python SDK produces it.
///
///     let definition = try PipelineDefinition(text)
///
/// The schema: <https://aws-sagemaker-mlops.github.io/sagemaker-model-building-pipeline-definition-JSON-schema/>
public struct PipelineDefinition: Sendable, Hashable {
    /// AWS's limit on a definition, in bytes.
    public static let maximumSize = 1_048_576

    public var parameters: [PipelineParameter]
    /// Every step, those of a condition's branches after it, in the order of the text.
    public var steps: [PipelineStep]
    /// `PipelineExperimentConfig`, with its references.
    public var experiment: Expression?

    private var index: [String: Int]
    /// By step, the steps that must have ended well before it.
    private var dependencies: [String: [String]]

    init(parameters: [PipelineParameter], steps: [PipelineStep], experiment: Expression?) throws(DefinitionError) {
        self.parameters = parameters
        self.steps = steps
        self.experiment = experiment
        index = Dictionary(steps.enumerated().map { ($1.name, $0) }) { first, _ in first }
        dependencies = [:]
        for step in steps { dependencies[step.name] = try Self.dependencies(of: step, index) }
        try checkCycles()
    }

    /// Reads and checks a definition.
    /// - Throws: `DefinitionError` with the place of the first fault.
    public init(_ text: String) throws(DefinitionError) {
        let value: JSON
        do {
            value = try JSON(parsing: text)
        } catch {
            throw DefinitionError("\(error)", at: "")
        }
        var parser = DefinitionParser()
        self = try parser.parse(value)
    }

    public subscript(name: String) -> PipelineStep? { index[name].map { steps[$0] } }

    /// The steps that must have ended well before the step of that name begins: those that it names in `DependsOn`,
    /// those whose properties it uses, and the Condition step that it belongs to.
    public func dependencies(of name: String) -> [String] { dependencies[name] ?? [] }

    private static func dependencies(
        of step: PipelineStep,
        _ index: [String: Int]
    ) throws(DefinitionError) -> [String] {
        var found: [String] = []
        func add(_ name: String, at location: String) throws(DefinitionError) {
            guard index[name] != nil else {
                let hint = Suggestion.phrase(for: name, among: index.keys.sorted())
                throw DefinitionError("There is no step [\(name)]\(hint)", at: location)
            }
            if !found.contains(name) { found.append(name) }
        }
        if let branch = step.branch { found.append(branch.condition) }
        for name in step.dependsOn { try add(name, at: "\(step.location)/DependsOn") }
        for reference in step.references {
            if let name = reference.stepName { try add(name, at: "\(step.location)/Arguments") }
        }
        return found
    }

    /// - Throws: `DefinitionError` that names the steps which wait for each other.
    private func checkCycles() throws(DefinitionError) {
        var settled: Set<String> = []
        for step in steps { try visit(step.name, path: [], &settled) }
    }

    private func visit(_ name: String, path: [String], _ settled: inout Set<String>) throws(DefinitionError) {
        guard !settled.contains(name) else { return }
        if let start = path.firstIndex(of: name) {
            let cycle = (path[start...] + [name]).joined(separator: " -> ")
            throw DefinitionError("The steps depend on each other in a cycle: \(cycle)", at: "/Steps")
        }
        for dependency in dependencies(of: name) { try visit(dependency, path: path + [name], &settled) }
        settled.insert(name)
    }
}
