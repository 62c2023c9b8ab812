import Compute

extension ImageReference {
    /// Whether this is one of AWS's own linear-learner images, whatever the region's registry account.
    var isLinearLearner: Bool { repository == "linear-learner" }

    /// Whether this is what AutoML jobs of Trainyard serve their candidates with; there is no such image.
    var isAutoML: Bool { repository == "trainyard-automl" }

    /// Whether this is AWS's image of the model monitor.
    var isModelMonitor: Bool { repository == "sagemaker-model-monitor-analyzer" }
}
