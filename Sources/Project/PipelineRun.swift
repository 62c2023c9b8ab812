public import AWSProtocol
import Foundation
public import JSON

/// One run of a project: package, deploy, upload, execute, follow; told step by step.
public struct PipelineRun: Sendable {
    /// What goes on, for whoever shows it.
    public enum Progress: Sendable {
        case packaged
        case deployed(stack: String, outputs: [String: String])
        case uploaded(files: Int)
        case started(executionARN: String)
        case board(ExecutionBoard)
    }

    private let project: Project
    private let aws: any AWSCaller
    private let caller: Caller
    private let interval: Duration

    public init(_ project: Project, aws: any AWSCaller, caller: Caller, interval: Duration) {
        self.project = project
        self.aws = aws
        self.caller = caller
        self.interval = interval
    }

    /// Runs the project and answers how its execution ended.
    /// - Parameters:
    ///   - input: in place of the plan's.
    ///   - name: the execution's; nil for a fresh one.
    public func run(
        parameters: [String: String],
        input: JSON?,
        name: String?,
        onProgress: (Progress) -> Void
    ) async throws -> ExecutionBoard {
        let template = try await Packaging(aws: aws, caller: caller).package(project)
        onProgress(.packaged)
        let outputs = try await Deployment(aws: aws, caller: caller, interval: interval)
            .deploy(template, stack: project.name, parameters: parameters)
        onProgress(.deployed(stack: project.name, outputs: outputs))
        let plan = try project.plan.resolved(with: outputs)
        let files = try await upload(plan.uploads)
        if files > 0 { onProgress(.uploaded(files: files)) }
        if let pipeline = plan.pipeline {
            let arn = try await start(pipeline, input ?? plan.input, name: name)
            onProgress(.started(executionARN: arn))
            return try await PipelineFollower(aws: aws, caller: caller, interval: interval)
                .follow(arn) { onProgress(.board($0)) }
        }
        let execution = try await aws.call(
            "states:StartExecution",
            .compact([
                "stateMachineArn": .string(try await stateMachine(plan)),
                "name": name.map { .string($0) },
                "input": .string((input ?? plan.input).serialized()),
            ]),
            as: caller
        )
        let arn = execution["executionArn"]?.stringValue ?? ""
        onProgress(.started(executionARN: arn))
        return try await ExecutionFollower(aws: aws, caller: caller, interval: interval)
            .follow(arn) { onProgress(.board($0)) }
    }

    /// Starts a SageMaker pipeline with the members of `input` as its parameters.
    private func start(_ pipeline: String, _ input: JSON, name: String?) async throws -> String {
        let parameters = (input.objectValue ?? [:]).map { name, value -> JSON in
            ["Name": .string(name), "Value": .string(value.stringValue ?? value.serialized())]
        }
        let started = try await aws.call(
            "sagemaker:StartPipelineExecution",
            .compact([
                "PipelineName": .string(pipeline),
                "PipelineParameters": .array(parameters),
                "PipelineExecutionDisplayName": name.map { .string($0) },
                "ClientRequestToken": .string(RandomText.uuid()),
            ]),
            as: caller
        )
        return started["PipelineExecutionArn"]?.stringValue ?? ""
    }

    private func upload(_ uploads: [RunPlan.Upload]) async throws -> Int {
        var count = 0
        for upload in uploads {
            let source = project.path(of: upload.from)
            let isFile = !FileManager.default.directoryExists(atPath: source)
            let (bucket, key) = try S3Address.split(upload.to)
            for file in try LocalFiles.list(source) {
                let name =
                    isFile
                    ? (key.hasSuffix("/") || key.isEmpty ? key + file.name : key) : S3Address.join(key, file.name)
                let size = try FileManager.default.attributesOfItem(atPath: file.path)[.size] as? Int ?? 0
                let body = Body(.file(path: file.path, range: 0..<size))
                let input: JSON.Object = ["Bucket": .string(bucket), "Key": .string(name)]
                _ = try await aws.send(AWSRequest("s3:PutObject", input, body: body, caller: caller))
                count += 1
            }
        }
        return count
    }

    private func stateMachine(_ plan: RunPlan) async throws -> String {
        if let stateMachine = plan.stateMachine { return stateMachine }
        let answer = try await aws.call(
            "cloudformation:DescribeStackResources",
            ["StackName": .string(project.name)],
            as: caller
        )
        let machines = (answer["StackResources"]?.arrayValue ?? [])
            .filter { $0["ResourceType"]?.stringValue == "AWS::StepFunctions::StateMachine" }
        guard machines.count == 1, let arn = machines[0]["PhysicalResourceId"]?.stringValue else {
            throw ProjectError(
                "The stack has \(machines.count) state machines: say which to start, as Metadata.Trainyard.Execute.StateMachine"
            )
        }
        return arn
    }
}

/// `s3://bucket/key`.
enum S3Address {
    static func split(_ address: String) throws -> (bucket: String, key: String) {
        let parts = address.dropFirst("s3://".count).split(
            separator: "/",
            maxSplits: 1,
            omittingEmptySubsequences: false
        )
        guard address.hasPrefix("s3://"), let bucket = parts.first, !bucket.isEmpty else {
            throw ProjectError("\(address) is not an S3 address: write s3://bucket/key")
        }
        return (String(bucket), parts.count > 1 ? String(parts[1]) : "")
    }

    static func join(_ prefix: String, _ name: String) -> String {
        prefix.isEmpty || prefix.hasSuffix("/") ? prefix + name : prefix + "/" + name
    }
}

extension FileManager {
    func directoryExists(atPath path: String) -> Bool {
        var isDirectory: ObjCBool = false
        return fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory.boolValue
    }
}
