// ECR
