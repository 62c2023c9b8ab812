import Compute

extension ImageReference {
    /// Whether this is one of AWS's own linear-learner images, whatever the region's registry account.
    var isLinearLearner: Bool { repository == "linear-learner" }
}
