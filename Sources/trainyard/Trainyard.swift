import ArgumentParser
import Yard

@main
struct Trainyard: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trainyard",
        abstract: "Runs machine-learning pipelines written for AWS on one machine.",
        discussion: """
            The yard serves the AWS APIs that such a pipeline uses: S3, Lambda, SageMaker, Step Functions, ECR, \
            CloudWatch Logs, IAM, STS and CloudFormation. AWS's own tools and SDKs talk to it:

              trainyard start &
              eval "$(trainyard env)"
              aws s3 ls
            """,
        version: Yard.version,
        subcommands: [
            RunCommand.self, Start.self, Env.self, Step.self, NetworkRelayCommand.self, EngineWatchCommand.self,
        ]
    )
}
