// LinearLearner
