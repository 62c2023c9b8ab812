public import AWSProtocol
import JSON
import NIOCore

/// Follows one execution of a SageMaker pipeline through the API until it has ended, as a board of its steps.
public struct PipelineFollower: Sendable {
    private let aws: any AWSCaller
    private let caller: Caller
    private let clock: any WallClock
    private let interval: Duration

    /// - Parameter interval: between two looks: milliseconds in process, seconds against AWS.
    public init(aws: any AWSCaller, caller: Caller, clock: any WallClock = SystemClock(), interval: Duration) {
        self.aws = aws
        self.caller = caller
        self.clock = clock
        self.interval = interval
    }

    /// Calls `onLook` with the picture of the execution at each look, and answers the last one.
    ///
    /// The output of one that succeeded has, by step, what its job is described with, and each property file.
    public func follow(_ arn: String, onLook: (ExecutionBoard) -> Void) async throws -> ExecutionBoard {
        let identity: JSON = ["PipelineExecutionArn": .string(arn)]
        var pause = interval
        var seen: [JSON] = []
        while true {
            // The status first: what the steps say after it is at least as new.
            let execution = try await aws.call("sagemaker:DescribePipelineExecution", identity, as: caller)
            var input = identity
            input["SortOrder"] = "Ascending"
            let listed = try await aws.call("sagemaker:ListPipelineExecutionSteps", input, as: caller)
            let steps = listed["PipelineExecutionSteps"]?.arrayValue ?? []
            var board = ExecutionBoard(rows: steps.map(ExecutionBoard.Row.init(step:)))
            let status = execution["PipelineExecutionStatus"]?.stringValue ?? ""
            switch status {
            case "Succeeded": board.finish(.succeeded(output: try await output(identity, steps).serialized()))
            case "Failed", "Stopped":
                board.finish(try await failure(status, execution["FailureReason"]?.stringValue ?? "", steps))
            default: break
            }
            onLook(board)
            if board.outcome != nil { return board }
            // While nothing happens, looks become rarer: a job of minutes is not worth a processor.
            pause = steps == seen ? max(interval, min(pause * 2, Self.longestPause)) : interval
            seen = steps
            try await clock.sleep(until: clock.now() + pause)
        }
    }

    private static let longestPause = Duration.milliseconds(100)

    // MARK: What came of it

    private func output(_ identity: JSON, _ steps: [JSON]) async throws -> JSON {
        var output: JSON.Object = [:]
        var descriptions: [String: JSON] = [:]
        for step in steps {
            guard let name = step["StepName"]?.stringValue else { continue }
            if let arn = step["Metadata"]?["RegisterModel"]?["Arn"] {
                output[name] = ["ModelPackageArn": arn]
                continue
            }
            guard let description = try await job(of: step) else { continue }
            descriptions[name] = description
            if let artifacts = description["ModelArtifacts"] { output[name] = ["ModelArtifacts": artifacts] }
        }
        let described = try await aws.call(
            "sagemaker:DescribePipelineDefinitionForExecution",
            identity,
            as: caller
        )
        let definition = try JSON(parsing: described["PipelineDefinition"]?.stringValue ?? "{}")
        for step in Self.steps(of: definition["Steps"]) {
            for file in step["PropertyFiles"]?.arrayValue ?? [] {
                guard let name = step["Name"]?.stringValue, let description = descriptions[name],
                    let place = Self.place(of: file, description),
                    let document = try? await read(place)
                else { continue }
                output[file["PropertyFileName"]?.stringValue ?? name] = document
            }
        }
        return .object(output)
    }

    /// The steps of a definition, those of branches included.
    private static func steps(of list: JSON?) -> [JSON] {
        (list?.arrayValue ?? []).flatMap { step in
            [step] + steps(of: step["Arguments"]?["IfSteps"]) + steps(of: step["Arguments"]?["ElseSteps"])
        }
    }

    private static func place(of file: JSON, _ description: JSON) -> String? {
        let outputs = description["ProcessingOutputConfig"]?["Outputs"]?.arrayValue ?? []
        guard let path = file["FilePath"]?.stringValue,
            let folder = outputs.first(where: { $0["OutputName"] == file["OutputName"] })?["S3Output"]?["S3Uri"]
        else { return nil }
        return folder.stringValue.map { S3Address.join($0, path) }
    }

    private func read(_ address: String) async throws -> JSON {
        let (bucket, key) = try S3Address.split(address)
        let response = try await aws.send(
            AWSRequest("s3:GetObject", ["Bucket": .string(bucket), "Key": .string(key)], caller: caller)
        )
        let bytes = try await response.body?.collect(upTo: 10 << 20)
        return try JSON(parsing: bytes.map { Array($0.readableBytesView) } ?? [])
    }

    /// The failed step's job says most; its description is the cause.
    private func failure(_ status: String, _ reason: String, _ steps: [JSON]) async throws -> ExecutionBoard.Outcome {
        guard let failed = steps.first(where: { $0["StepStatus"] == "Failed" }) else {
            return .failed(status: status, error: "Pipeline", cause: reason)
        }
        let cause = try await job(of: failed)?.serialized() ?? failed["FailureReason"]?.stringValue ?? reason
        return .failed(status: status, error: failed["StepName"]?.stringValue ?? "", cause: cause)
    }

    /// The description of the step's job, where it has one.
    private func job(of step: JSON) async throws -> JSON? {
        for kind in ["ProcessingJob", "TrainingJob"] {
            guard let arn = step["Metadata"]?[kind]?["Arn"]?.stringValue, let name = arn.split(separator: "/").last
            else { continue }
            let operation = Operation("sagemaker", "Describe\(kind)")
            return try await aws.call(operation, ["\(kind)Name": .string(String(name))], as: caller)
        }
        return nil
    }
}

extension ExecutionBoard.Row {
    /// A step of `ListPipelineExecutionSteps`.
    fileprivate init(step: JSON) {
        let status: Status =
            switch step["StepStatus"]?.stringValue {
            case "Succeeded"?: .succeeded
            case "Failed"?, "Stopped"?: .failed
            default: .running
            }
        let metadata = step["Metadata"]?.objectValue
        self.init(
            state: step["StepName"]?.stringValue ?? "?",
            type: metadata?.keys.first ?? "",
            status: status,
            entered: Timestamp(seconds: step["StartTime"]?.doubleValue ?? 0),
            exited: step["EndTime"]?.doubleValue.map { Timestamp(seconds: $0) },
            product: Self.product(step, metadata?.values.first),
            retries: status == .running ? 0 : max(0, (step["AttemptCount"]?.intValue ?? 1) - 1),
            input: ""
        )
    }

    private static func product(_ step: JSON, _ metadata: JSON?) -> String {
        if let source = step["CacheHitResult"]?["SourcePipelineExecutionArn"]?.stringValue {
            return "taken from execution \(source.split(separator: "/").last ?? "")"
        }
        if let outcome = metadata?["Outcome"]?.stringValue { return "→ \(outcome)" }
        return step["FailureReason"]?.stringValue ?? metadata?["Arn"]?.stringValue ?? ""
    }
}
