// StepFunctions
