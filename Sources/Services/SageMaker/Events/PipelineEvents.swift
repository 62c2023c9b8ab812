import AWSProtocol
import GRDB
import JSON
import PipelineLanguage
import Store

extension ServiceEvents {
    /// Tells of a pipeline execution that is new or has another status than before.
    /// - Parameter former: nil where it is new.
    func tell(_ execution: PipelineExecutionRecord, after former: PipelineRun.Status?, in db: Database) throws {
        guard execution.status != former else { return }
        try tell(
            "SageMaker Model Building Pipeline Execution Status Change",
            of: execution,
            at: execution.modified,
            in: db
        ) {
            .compact([
                "pipelineExecutionDisplayName": execution.document["PipelineExecutionDisplayName"],
                "currentPipelineExecutionStatus": .string(execution.status.rawValue),
                "previousPipelineExecutionStatus": former.map { .string($0.rawValue) },
                "executionStartTime": .string(execution.created.iso8601Seconds),
                "executionEndTime": execution.status.isFinal ? .string(execution.modified.iso8601Seconds) : nil,
                "pipelineExecutionDescription": execution.document["PipelineExecutionDescription"],
                "pipelineArn": .string(execution.pipelineARN),
                "pipelineExecutionArn": .string(execution.arn),
            ])
        }
    }

    /// Tells of a step that has begun or has another status than before.
    func tell(
        _ step: PipelineStep,
        _ state: StepState,
        after former: StepState?,
        of execution: PipelineExecutionRecord,
        in db: Database
    ) throws {
        guard state.status.isShown, state.status != former?.status, !state.isUnselected else { return }
        let previous = former.flatMap { $0.status.isShown ? $0.status : nil }
        try tell(
            "SageMaker Model Building Pipeline Execution Step Status Change",
            of: execution,
            at: execution.modified,
            in: db
        ) {
            .compact([
                "metadata": state.metadata?.withSmallInitials ?? [:],
                "cacheHitResult": state.source.map { ["sourcePipelineExecutionArn": .string($0)] },
                "failureReason": state.status == .failed ? state.failureReason.map { .string($0) } : nil,
                "stepStartTime": state.started.map { .string(Timestamp(milliseconds: $0).iso8601Seconds) },
                "stepEndTime": state.ended.map { .string(Timestamp(milliseconds: $0).iso8601Seconds) },
                "stepName": .string(step.name),
                "stepType": .string(step.type.rawValue),
                "previousStepStatus": previous.map { .string($0.rawValue) },
                "currentStepStatus": .string(state.status.rawValue),
                "pipelineArn": .string(execution.pipelineARN),
                "pipelineExecutionArn": .string(execution.arn),
            ])
        }
    }

    private func tell(
        _ detailType: String,
        of execution: PipelineExecutionRecord,
        at now: Timestamp,
        in db: Database,
        detail: () -> JSON
    ) throws {
        let origin = ServiceEvent.Origin.sageMaker(execution.owner)
        try tell(
            detailType,
            from: origin,
            about: [execution.pipelineARN, execution.arn],
            at: now,
            in: db,
            detail: detail
        )
    }
}

extension PipelineExecutionRecord {
    fileprivate var pipelineARN: String { ResourceRecord.arn(.pipeline, pipelineName, owner) }
}

extension JSON {
    /// With the members' names as pipelines' events write them: `ProcessingJob` is `processingJob`, `EMR` is `emr`.
    fileprivate var withSmallInitials: JSON {
        switch self {
        case .object(let members):
            .object(
                JSON.Object(
                    members.map { name, value in
                        let isAcronym = name.allSatisfy { $0.isUppercase }
                        let small = isAcronym ? name.lowercased() : name.prefix(1).lowercased() + name.dropFirst()
                        return (small, value.withSmallInitials)
                    }
                )
            )
        case .array(let elements): .array(elements.map(\.withSmallInitials))
        default: self
        }
    }
}
