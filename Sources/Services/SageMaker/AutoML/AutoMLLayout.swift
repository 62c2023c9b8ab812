import AWSProtocol

/// Where an AutoML job's results lie, in the places where Autopilot has them.
struct AutoMLLayout: Sendable, Hashable {
    /// `OutputDataConfig.S3OutputPath/JOB`
    var root: S3Location
    var job: String

    /// The one kind of feature engineering that there is, as Autopilot numbers its data preprocessors.
    private static let processor = "dpp0"

    /// Transformed rows, the label first: what the training jobs read.
    func data(_ channel: String) -> S3Location {
        root.appending("transformed-data/\(Self.processor)/csv/\(channel)/part-0.csv")
    }

    /// The `TabularSchema`, as `automl.json` in a `model.tar.gz`.
    var processor: S3Location {
        root.appending("data-processor-models/\(job)-\(Self.processor)-1/output/model.tar.gz")
    }

    /// Below which training jobs leave their models.
    var trainings: S3Location { root.appending("tuning/\(job)-\(Self.processor)-ll") }

    /// A candidate's model of one container: `automl.json` and linear-learner's `model_algo-1` in a `model.tar.gz`.
    func model(_ candidate: String) -> S3Location {
        root.appending("sagemaker-automl-candidates/model/\(candidate)/model.tar.gz")
    }

    var explainability: S3Location { root.appending("documentation/explainability/output") }
    var insights: S3Location { root.appending("documentation/model_monitor/output") }

    func explainabilityReport(_ candidate: String) -> S3Location {
        explainability.appending("\(candidate)/\(Self.explainabilityFile)")
    }

    func insightsReport(_ candidate: String) -> S3Location {
        insights.appending("\(candidate)/\(Self.insightsFile)")
    }

    static let explainabilityFile = "analysis.json"
    static let insightsFile = "statistics.json"
}
