import AWSProtocol
import GRDB
import JSON

/// `SageMaker Training Job State Change`
extension JobRecord {
    private static let trainingEventMembers = [
        "TrainingJobName", "TrainingJobArn", "TuningJobArn", "ModelArtifacts", "TrainingJobStatus", "SecondaryStatus",
        "FailureReason", "HyperParameters", "AlgorithmSpecification", "RoleArn", "InputDataConfig", "OutputDataConfig",
        "ResourceConfig", "VpcConfig", "StoppingCondition", "CreationTime", "TrainingStartTime", "TrainingEndTime",
        "LastModifiedTime", "SecondaryStatusTransitions", "Tags",
    ]

    func trainingEventDetail(in db: Database) throws -> JSON.Object {
        var detail = SageMakerService.description(ofTrainingJob: self)
        detail["TuningJobArn"] = try TuningTrial.tuningJob(of: self, in: db).map { .string($0) }
        detail["CreationTime"] = created.eventJSON
        detail["TrainingStartTime"] = state.started?.eventJSON
        detail["TrainingEndTime"] = state.ended?.eventJSON
        detail["LastModifiedTime"] = state.modified.eventJSON
        detail["SecondaryStatusTransitions"] = .array(state.transitions.map(\.eventJSON))
        detail["Tags"] = try SageMakerService.eventTags(of: arn, in: db)
        return detail.picking(Self.trainingEventMembers)
    }
}

extension JobState.Transition {
    fileprivate var eventJSON: JSON {
        .compact([
            "Status": .string(stage.rawValue),
            "StartTime": start.eventJSON,
            "EndTime": end?.eventJSON,
            "StatusMessage": .string(message),
        ])
    }
}
