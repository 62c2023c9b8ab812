import AWSProtocol
import JSON

/// A job's primary status: `TrainingJobStatus`, `ProcessingJobStatus`.
enum JobStatus: String, Sendable, CaseIterable {
    case inProgress = "InProgress"
    case completed = "Completed"
    case failed = "Failed"
    case stopping = "Stopping"
    case stopped = "Stopped"

    var isFinal: Bool { self == .completed || self == .failed || self == .stopped }
}

/// A job's stage: `SecondaryStatus` of a training job. Processing jobs pass the same stages without showing them.
enum JobStage: String, Sendable, CaseIterable {
    case starting = "Starting"
    case pending = "Pending"
    case downloading = "Downloading"
    case training = "Training"
    case uploading = "Uploading"
    case stopping = "Stopping"
    case completed = "Completed"
    case failed = "Failed"
    case stopped = "Stopped"
    case maxRuntimeExceeded = "MaxRuntimeExceeded"
    case maxWaitTimeExceeded = "MaxWaitTimeExceeded"
    /// The yard ended under a job on spot capacity, which goes on from its checkpoints.
    case interrupted = "Interrupted"
    /// The yard ended under a job with a retry strategy.
    case restarting = "Restarting"

    // The stages of AutoML jobs.
    case preTraining = "PreTraining"
    case analyzingData = "AnalyzingData"
    case featureEngineering = "FeatureEngineering"
    case trainingModels = "TrainingModels"
    case modelTuning = "ModelTuning"
    case generatingExplainabilityReport = "GeneratingExplainabilityReport"
    case generatingModelInsightsReport = "GeneratingModelInsightsReport"
    case deployingModel = "DeployingModel"
    case modelDeploymentError = "ModelDeploymentError"
    case maxAutoMLJobRuntimeReached = "MaxAutoMLJobRuntimeReached"

    /// The `StatusMessage` that goes with the stage.
    var message: String {
        switch self {
        case .starting: "Preparing the instances for training"
        case .pending: "Training job waiting for capacity"
        case .downloading: "Downloading input data"
        case .training: "Training image download completed. Training in progress."
        case .uploading: "Uploading generated training model"
        case .stopping: "Stopping the training job"
        case .completed: "Training job completed"
        case .failed: "Training job failed"
        case .stopped: "Training job stopped"
        case .maxRuntimeExceeded: "Training job runtime exceeded MaxRuntimeInSeconds provided"
        case .maxWaitTimeExceeded: "Training job wait time exceeded MaxWaitTimeInSeconds provided"
        case .interrupted: "Training job was interrupted"
        case .restarting: "Restarting the training job"
        // An AutoML job tells no messages.
        case .preTraining, .analyzingData, .featureEngineering, .trainingModels, .modelTuning,
            .generatingExplainabilityReport, .generatingModelInsightsReport, .deployingModel,
            .modelDeploymentError, .maxAutoMLJobRuntimeReached:
            ""
        }
    }

    /// Nothing that others could see has been done before the program starts: such a job can be begun anew.
    var isBeforeProgram: Bool {
        switch self {
        case .starting, .pending, .downloading, .interrupted, .restarting: true
        default: false
        }
    }
}

/// What is known of a job's course: the journal's record of it, and the rules by which it moves on.
struct JobState: Sendable, Equatable {
    struct Transition: Sendable, Equatable {
        var stage: JobStage
        var start: Timestamp
        var end: Timestamp?
        var message: String
    }

    struct Metric: Sendable, Equatable {
        var name: String
        var value: Double
        var time: Timestamp
    }

    /// AWS's limit on `FailureReason` and `ExitMessage`, in characters.
    static let maximumTextLength = 1024

    private(set) var status: JobStatus
    private(set) var transitions: [Transition]
    private(set) var modified: Timestamp
    /// When the job's instance began to work: from here time is billed.
    private(set) var started: Timestamp?
    private(set) var ended: Timestamp?
    private(set) var failureReason: String?
    var exitMessage: String?
    var modelArtifacts: String?
    var metrics: [Metric] = []
    /// How often the job was begun anew after a failure that was not its own.
    private(set) var restarts = 0

    init(created now: Timestamp) {
        status = .inProgress
        modified = now
        transitions = [Transition(stage: .starting, start: now, message: JobStage.starting.message)]
    }

    var stage: JobStage { transitions.last?.stage ?? .starting }

    /// Whole seconds between start and end, at least one.
    var seconds: Int? {
        guard let started, let ended else { return nil }
        return Self.wholeSeconds(ended.milliseconds - started.milliseconds)
    }

    /// What of `seconds` AWS bills: not the time in which an interrupted job waited to go on.
    var billableSeconds: Int? {
        guard let started, let ended else { return nil }
        let idle = transitions.filter { transition in
            switch transition.stage {
            case .interrupted, .restarting: true
            case .starting, .pending: transition.start > started
            default: false
            }
        }.reduce(0) { $0 + (($1.end ?? ended).milliseconds - $1.start.milliseconds) }
        return Self.wholeSeconds(ended.milliseconds - started.milliseconds - idle)
    }

    private static func wholeSeconds(_ milliseconds: Int) -> Int { max(1, (milliseconds + 999) / 1000) }

    /// Moves on to a stage. What has ended stays ended; a job that is stopping ends as stopped, whatever its program did.
    /// - Returns: Whether the state changed.
    @discardableResult
    mutating func enter(_ next: JobStage, at now: Timestamp) -> Bool {
        guard !status.isFinal else { return false }
        var next = next
        if status == .stopping {
            switch next {
            case .starting, .pending, .downloading, .training, .stopping, .interrupted, .restarting, .preTraining,
                .analyzingData, .featureEngineering, .trainingModels, .modelTuning,
                .generatingExplainabilityReport, .generatingModelInsightsReport, .deployingModel:
                return false
            case .completed, .failed, .modelDeploymentError, .maxAutoMLJobRuntimeReached: next = .stopped
            case .uploading, .stopped, .maxRuntimeExceeded, .maxWaitTimeExceeded: break
            }
        }
        guard next != stage else { return false }
        if let last = transitions.indices.last { transitions[last].end = now }
        transitions.append(Transition(stage: next, start: now, message: next.message))
        modified = now
        switch next {
        case .downloading: started = started ?? now
        case .stopping: status = .stopping
        case .completed, .modelDeploymentError, .maxAutoMLJobRuntimeReached: finish(.completed, now)
        case .failed: finish(.failed, now)
        case .stopped, .maxRuntimeExceeded, .maxWaitTimeExceeded: finish(.stopped, now)
        case .interrupted, .restarting: restarts += 1
        case .starting, .pending, .training, .uploading, .preTraining, .analyzingData, .featureEngineering,
            .trainingModels, .modelTuning, .generatingExplainabilityReport, .generatingModelInsightsReport,
            .deployingModel:
            break
        }
        return true
    }

    /// Ends the job as failed.
    @discardableResult
    mutating func fail(_ reason: String, at now: Timestamp) -> Bool {
        guard enter(.failed, at: now) else { return false }
        if status == .failed { failureReason = String(reason.prefix(Self.maximumTextLength)) }
        return true
    }

    private mutating func finish(_ status: JobStatus, _ now: Timestamp) {
        self.status = status
        ended = now
        transitions[transitions.count - 1].end = now
    }
}

// MARK: - As stored

extension JobState {
    var json: JSON {
        .compact([
            "status": .string(status.rawValue),
            "transitions": .array(transitions.map(\.json)),
            "modified": .integer(modified.milliseconds),
            "started": started.map { .integer($0.milliseconds) },
            "ended": ended.map { .integer($0.milliseconds) },
            "failureReason": failureReason.map { .string($0) },
            "exitMessage": exitMessage.map { .string($0) },
            "modelArtifacts": modelArtifacts.map { .string($0) },
            "restarts": restarts == 0 ? nil : .integer(restarts),
            "metrics": metrics.isEmpty ? nil : .array(metrics.map(\.json)),
        ])
    }

    /// nil where the text is not one that `json` wrote.
    init?(json: JSON) {
        guard let status = json["status"]?.stringValue.flatMap(JobStatus.init(rawValue:)),
            let modified = json["modified"]?.intValue
        else { return nil }
        self.status = status
        self.modified = Timestamp(milliseconds: modified)
        transitions = json["transitions"]?.arrayValue?.compactMap(Transition.init(json:)) ?? []
        started = json["started"]?.intValue.map(Timestamp.init(milliseconds:))
        ended = json["ended"]?.intValue.map(Timestamp.init(milliseconds:))
        failureReason = json["failureReason"]?.stringValue
        exitMessage = json["exitMessage"]?.stringValue
        modelArtifacts = json["modelArtifacts"]?.stringValue
        restarts = json["restarts"]?.intValue ?? 0
        metrics = json["metrics"]?.arrayValue?.compactMap(Metric.init(json:)) ?? []
    }
}

extension JobState.Transition {
    fileprivate var json: JSON {
        .compact([
            "stage": .string(stage.rawValue),
            "start": .integer(start.milliseconds),
            "end": end.map { .integer($0.milliseconds) },
        ])
    }

    fileprivate init?(json: JSON) {
        guard let stage = json["stage"]?.stringValue.flatMap(JobStage.init(rawValue:)),
            let start = json["start"]?.intValue
        else { return nil }
        self.init(
            stage: stage,
            start: Timestamp(milliseconds: start),
            end: json["end"]?.intValue.map(Timestamp.init(milliseconds:)),
            message: stage.message
        )
    }
}

extension JobState.Metric {
    fileprivate var json: JSON {
        ["name": .string(name), "value": .double(value), "time": .integer(time.milliseconds)]
    }

    fileprivate init?(json: JSON) {
        guard let name = json["name"]?.stringValue, let value = json["value"]?.doubleValue,
            let time = json["time"]?.intValue
        else { return nil }
        self.init(name: name, value: value, time: Timestamp(milliseconds: time))
    }
}
