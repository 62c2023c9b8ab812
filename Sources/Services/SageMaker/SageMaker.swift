// SageMaker
