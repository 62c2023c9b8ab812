import AWSProtocol
import GRDB
import JSON
import Store

extension ServiceEvents {
    /// Tells of a job that is new, or that has another status than before. A training job's secondary status counts too.
    /// - Parameter former: The job's state as the store had it; nil where the job is new.
    func tell(_ job: JobRecord, after former: JobState?, in db: Database) throws {
        guard let detailType = job.kind.eventDetailType, job.hasOtherStatus(than: former) else { return }
        try tell(detailType, of: job.owner, about: job.arn, at: job.state.modified, in: db) {
            switch job.kind {
            case .training: try job.trainingEventDetail(in: db)
            case .processing: job.processingEventDetail
            case .transform: try job.transformEventDetail(in: db)
            case .tuning: try job.tuningEventDetail(in: db)
            case .autoML: [:]
            }
        }
    }
}

extension JobRecord {
    var owner: Caller { Caller(account: account, region: region) }

    /// Whether the stages that the job passes are told one by one.
    var tellsStages: Bool { kind == .training }

    fileprivate func hasOtherStatus(than former: JobState?) -> Bool {
        guard let former else { return true }
        return former.status != state.status
            || (tellsStages && former.transitions.map(\.stage) != state.transitions.map(\.stage))
    }
}

extension JobKind {
    /// nil for AutoML jobs, of which AWS describes no event.
    fileprivate var eventDetailType: String? {
        switch self {
        case .training: "SageMaker Training Job State Change"
        case .processing: "SageMaker Processing Job State Change"
        case .transform: "SageMaker Transform Job State Change"
        case .tuning: "SageMaker HyperParameter Tuning Job State Change"
        case .autoML: nil
        }
    }
}
