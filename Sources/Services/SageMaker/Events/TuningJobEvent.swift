import AWSProtocol
import GRDB
import JSON

/// `SageMaker HyperParameter Tuning Job State Change`
extension JobRecord {
    private static let tuningEventMembers = [
        "HyperParameterTuningJobName", "HyperParameterTuningJobArn", "HyperParameterTuningJobConfig",
        "TrainingJobDefinition", "TrainingJobDefinitions", "HyperParameterTuningJobStatus", "CreationTime",
        "HyperParameterTuningEndTime", "LastModifiedTime", "TrainingJobStatusCounters", "ObjectiveStatusCounters",
        "BestTrainingJob", "OverallBestTrainingJob", "WarmStartConfig", "FailureReason", "Tags",
    ]

    func tuningEventDetail(in db: Database) throws -> JSON.Object {
        var detail = try SageMakerService.description(ofTuningJob: self, at: state.modified, in: db)
        detail["CreationTime"] = created.eventJSON
        detail["HyperParameterTuningEndTime"] = state.ended?.eventJSON
        detail["LastModifiedTime"] = state.modified.eventJSON
        for member in ["BestTrainingJob", "OverallBestTrainingJob"] {
            for time in ["CreationTime", "TrainingStartTime", "TrainingEndTime"] {
                guard let seconds = detail[member]?[time]?.doubleValue else { continue }
                detail[member]?[time] = Timestamp(seconds: seconds).eventJSON
            }
        }
        detail["Tags"] = try SageMakerService.eventTags(of: arn, in: db)
        return detail.picking(Self.tuningEventMembers)
    }
}
