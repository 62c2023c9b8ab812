import Suggestion

/// Running a part of a pipeline, with the other steps' results from a former execution.
/// <https://docs.aws.amazon.com/sagemaker/latest/dg/pipelines-selective-ex.html>
public struct SelectiveExecution: Sendable {
    /// The states of the steps that are not run: results taken over, or skipped.
    public private(set) var states: [String: StepState] = [:]

    /// - Parameters:
    ///   - selected: The names in `SelectedSteps`.
    ///   - source: The former execution's states, where there is one.
    ///   - sourceARN: That execution.
    /// - Throws: `ParameterError` where a name is no step's, the steps are not connected, or a result is missing.
    public init(
        _ definition: PipelineDefinition,
        selected: [String],
        source: [String: StepState]?,
        sourceARN: String?
    ) throws(ParameterError) {
        for name in selected where definition[name] == nil {
            let hint = Suggestion.phrase(for: name, among: definition.steps.map(\.name))
            throw ParameterError("SelectedSteps: there is no step [\(name)]\(hint)")
        }
        let chosen = Set(selected)
        try Self.checkConnected(definition, chosen)
        let upstream = chosen.reduce(into: Set<String>()) { $0.formUnion(Self.ancestors(of: $1, definition)) }
            .subtracting(chosen)
        for step in definition.steps where !chosen.contains(step.name) {
            var state = StepState()
            state.status = .skipped
            state.isUnselected = true
            if upstream.contains(step.name) {
                guard let former = source?[step.name], former.status == .succeeded, let sourceARN else {
                    throw ParameterError(
                        "The selected steps need the result of the step [\(step.name)], which "
                            + (sourceARN.map { "did not succeed in \($0)" } ?? "needs a SourcePipelineExecutionArn")
                    )
                }
                state = former
                state.source = sourceARN
                state.isUnselected = true
            }
            states[step.name] = state
        }
    }

    /// All steps on a path between two selected ones have to be selected.
    private static func checkConnected(
        _ definition: PipelineDefinition,
        _ chosen: Set<String>
    ) throws(ParameterError) {
        let ancestors = Dictionary(
            uniqueKeysWithValues: definition.steps.map { ($0.name, Self.ancestors(of: $0.name, definition)) }
        )
        for step in definition.steps where !chosen.contains(step.name) {
            let isAfter = !(ancestors[step.name] ?? []).isDisjoint(with: chosen)
            let isBefore = chosen.contains { ancestors[$0]?.contains(step.name) ?? false }
            guard isAfter, isBefore else { continue }
            throw ParameterError(
                "SelectedSteps: the step [\(step.name)] lies between selected steps and must be selected as well"
            )
        }
    }

    private static func ancestors(of name: String, _ definition: PipelineDefinition) -> Set<String> {
        var found: Set<String> = []
        var open = definition.dependencies(of: name)
        while let next = open.popLast() {
            if found.insert(next).inserted { open += definition.dependencies(of: next) }
        }
        return found
    }
}
