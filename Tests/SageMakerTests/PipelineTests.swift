import AWSProtocol
import JSON
import NIOCore
import ServiceTesting
import Testing

@testable import SageMaker

/// Pipelines whose jobs really run, in the service's own processes.
@Suite struct PipelineTests {
    static let token = String(repeating: "t", count: 32)

    /// The service, answering the calls that its own steps make.
    private func makeKit(_ objects: [String: String] = [:], clock: any WallClock = SystemClock()) throws -> JobKit {
        let kit = try JobKit(objects, clock: clock)
        kit.answerOwnCalls()
        return kit
    }

    private func create(_ kit: JobKit, _ steps: String, parameters: String = "") async throws {
        try await kit.call(
            "CreatePipeline",
            [
                "PipelineName": "iris", "RoleArn": .string(JobKit.role), "ClientRequestToken": .string(Self.token),
                "PipelineDefinition": .string(Self.definition(steps, parameters: parameters)),
            ]
        )
    }

    private static func definition(_ steps: String, parameters: String = "") -> String {
        #"{"Version": "2020-12-01", "Parameters": [\#(parameters)], "Steps": [\#(steps)]}"#
    }

    /// Starts the pipeline and returns its description when it has ended.
    private func run(_ kit: JobKit, _ more: JSON.Object = [:]) async throws -> JSON {
        let input: JSON.Object = ["PipelineName": "iris"]
        let arn = try await kit.call("StartPipelineExecution", .object(input.merging(more)))["PipelineExecutionArn"]
        return try await ended(kit, arn)
    }

    private func ended(_ kit: JobKit, _ arn: JSON?) async throws -> JSON {
        await kit.service.pipelineExecutionFinished(arn?.stringValue ?? "")
        return try await kit.call("DescribePipelineExecution", ["PipelineExecutionArn": arn ?? .null])
    }

    private func steps(_ kit: JobKit, _ execution: JSON) async throws -> [String: JSON] {
        let listed = try await kit.call(
            "ListPipelineExecutionSteps",
            ["PipelineExecutionArn": execution["PipelineExecutionArn"] ?? .null]
        )
        let steps = listed["PipelineExecutionSteps"]?.arrayValue ?? []
        return Dictionary(uniqueKeysWithValues: steps.map { ($0["StepName"]?.stringValue ?? "", $0) })
    }

    /// A processing step whose shell script writes to its output.
    private func processing(_ name: String, _ script: String, _ more: String = "") -> String {
        """
        {"Name": "\(name)", "Type": "Processing", "Arguments": {
          "AppSpecification": {"ImageUri": "image", "ContainerEntrypoint": ["/bin/sh", "-c", \(JSON.string(script))]},
          "ProcessingOutputConfig": {"Outputs": [{"OutputName": "out", "S3Output": {
            "S3Uri": "s3://bucket/\(name)", "LocalPath": "/opt/ml/processing/out", "S3UploadMode": "EndOfJob"}}]},
          "ProcessingResources": {"ClusterConfig":
            {"InstanceCount": 1, "InstanceType": "ml.t3.medium", "VolumeSizeInGB": 5}}}\(more)}
        """
    }

    private func gate(_ minimum: String) -> String {
        """
        {"Name": "Gate", "Type": "Condition", "Arguments": {"Conditions": [{"Type": "GreaterThan",
          "LeftValue": {"Std:JsonGet": {"PropertyFile": {"Get": "Steps.Evaluate.PropertyFiles.Report"}, "Path": "a['b']"}},
          "RightValue": \(minimum)}],
          "IfSteps": [{"Name": "Make", "Type": "Model", "Arguments": {"PrimaryContainer": {"Image": "image"}}}],
          "ElseSteps": [{"Name": "Refuse", "Type": "Fail", "Arguments": {"ErrorMessage": "not good enough"}}]}}
        """
    }

    private let report = #"""
        , "PropertyFiles": [{"PropertyFileName": "Report", "OutputName": "out", "FilePath": "report.json"}]
        """#
    private let evaluate = #"echo '{"a": {"b": 0.7}}' > /opt/ml/processing/out/report.json"#

    @Test func `steps run as jobs, and a condition on a property file decides`() async throws {
        let kit = try makeKit()
        try await create(
            kit,
            processing("Evaluate", evaluate, report) + ", " + gate(#"{"Get": "Parameters.Minimum"}"#),
            parameters: #"{"Name": "Minimum", "Type": "Float", "DefaultValue": 0.5}"#
        )
        let good = try await run(kit)
        #expect(good["PipelineExecutionStatus"] == "Succeeded")
        let steps = try await steps(kit, good)
        #expect(steps.keys.sorted() == ["Evaluate", "Gate", "Make"])
        #expect(steps["Gate"]?["Metadata"] == ["Condition": ["Outcome": "True"]])
        let job = steps["Evaluate"]?["Metadata"]?["ProcessingJob"]?["Arn"]?.stringValue ?? ""
        #expect(job.contains(":processing-job/pipelines-"))
        #expect(try await kit.call("ListModels", [:])["Models"]?.arrayValue?.count == 1)

        let bad = try await run(kit, ["PipelineParameters": [["Name": "Minimum", "Value": "0.9"]]])
        #expect(bad["PipelineExecutionStatus"] == "Failed")
        #expect(bad["FailureReason"] == "Step failure: One or multiple steps failed.")
        #expect(try await self.steps(kit, bad)["Refuse"]?["FailureReason"] == "not good enough")
        let values = try await kit.call(
            "ListPipelineParametersForExecution",
            ["PipelineExecutionArn": bad["PipelineExecutionArn"] ?? .null]
        )
        #expect(values["PipelineParameters"] == [["Name": "Minimum", "Value": "0.9"]])
    }

    @Test func `a job that fails fails its step with its reason, and a retry goes on from there`() async throws {
        let kit = try makeKit()
        try await create(kit, processing("A", "true") + ", " + processing("B", "exit 3", #", "DependsOn": ["A"]"#))
        let failed = try await run(kit)
        #expect(failed["PipelineExecutionStatus"] == "Failed")
        var steps = try await steps(kit, failed)
        #expect(steps["B"]?["FailureReason"] == "ClientError: AlgorithmError: See job logs for more information")
        let first = steps["A"]
        let again = try await kit.call(
            "RetryPipelineExecution",
            ["PipelineExecutionArn": failed["PipelineExecutionArn"] ?? .null]
        )
        _ = try await ended(kit, again["PipelineExecutionArn"])
        steps = try await self.steps(kit, failed)
        #expect(steps["A"] == first)
        #expect(steps["B"]?["AttemptCount"] == 2)
    }

    @Test func `a step with the same arguments takes the former result, and says so`() async throws {
        let kit = try makeKit()
        let cache = #", "CacheConfig": {"Enabled": true, "ExpireAfter": "PT1H"}"#
        try await create(kit, processing("A", "true", cache))
        let first = try await run(kit)
        let second = try await run(kit)
        let steps = try await steps(kit, second)
        #expect(
            steps["A"]?["CacheHitResult"] == ["SourcePipelineExecutionArn": first["PipelineExecutionArn"] ?? .null]
        )
        #expect(try await kit.call("ListProcessingJobs", [:])["ProcessingJobSummaries"]?.arrayValue?.count == 1)
        #expect(kit.messages.contains { $0.hasPrefix("Step A: Cache hit: the same arguments succeeded") })
    }

    @Test func `a Callback step waits for its token`() async throws {
        let kit = try makeKit()
        try await create(
            kit,
            """
            {"Name": "Ask", "Type": "Callback", "SqsQueueUrl": "https://queue", "Arguments": {},
             "OutputParameters": [{"OutputName": "count", "OutputType": "Integer"}]},
            {"Name": "Stop", "Type": "Fail", "Arguments": {"ErrorMessage":
              {"Std:Join": {"On": "", "Values": ["got ", {"Get": "Steps.Ask.OutputParameters['count']"}]}}}}
            """
        )
        let arn = try await kit.call("StartPipelineExecution", ["PipelineName": "iris"])["PipelineExecutionArn"]
        let token = try await kit.callbackToken(arn)
        let wrong = await #expect(throws: AWSError.self) {
            try await kit.call(
                "SendPipelineExecutionStepSuccess",
                ["CallbackToken": token, "OutputParameters": [["Name": "count", "Value": "many"]]]
            )
        }
        #expect(wrong?.message.contains("not of type Integer") == true)
        try await kit.call(
            "SendPipelineExecutionStepSuccess",
            ["CallbackToken": token, "OutputParameters": [["Name": "count", "Value": "3"]]]
        )
        let end = try await ended(kit, arn)
        #expect(try await steps(kit, end)["Stop"]?["FailureReason"] == "got 3")
        let gone = await #expect(throws: AWSError.self) {
            try await kit.call("SendPipelineExecutionStepFailure", ["CallbackToken": token])
        }
        #expect(gone?.code == "ResourceNotFound")
    }

    @Test func `a Lambda step gives its outputs on`() async throws {
        let kit = try makeKit()
        kit.aws.answer("lambda:Invoke") { request throws(AWSError) in
            AWSResponse(["StatusCode": 200], body: Body(#"{"statusCode": 200, "answer": 42}"#))
        }
        try await create(
            kit,
            """
            {"Name": "Call", "Type": "Lambda", "FunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:f",
             "Arguments": {"x": 1}, "OutputParameters": [{"OutputName": "answer", "OutputType": "Integer"}]}
            """
        )
        let end = try await run(kit)
        #expect(end["PipelineExecutionStatus"] == "Succeeded")
        let lambda = try await steps(kit, end)["Call"]?["Metadata"]?["Lambda"]
        #expect(lambda?["OutputParameters"] == [["Name": "answer", "Value": "42"]])
    }

    @Test func `an execution that is stopped stops its jobs`() async throws {
        let kit = try makeKit()
        try await create(
            kit,
            processing("A", "echo ready; exec sleep 600") + ", " + processing("B", "true", #", "DependsOn": ["A"]"#)
        )
        let arn = try await kit.call("StartPipelineExecution", ["PipelineName": "iris"])["PipelineExecutionArn"]
        await kit.message("ready")
        try await kit.call("StopPipelineExecution", ["PipelineExecutionArn": arn ?? .null])
        let end = try await ended(kit, arn)
        #expect(end["PipelineExecutionStatus"] == "Stopped")
        let steps = try await steps(kit, end)
        #expect(steps["A"]?["StepStatus"] == "Stopped" && steps["B"] == nil)
        let error = await #expect(throws: AWSError.self) {
            try await kit.call("StopPipelineExecution", ["PipelineExecutionArn": arn ?? .null])
        }
        #expect(error?.message.contains("is in status Stopped") == true)
    }

    @Test func `an execution goes on after a restart, and finds its jobs by their names`() async throws {
        let kit = try makeKit()
        try await create(
            kit,
            """
            {"Name": "Ask", "Type": "Callback", "SqsQueueUrl": "https://queue", "Arguments": {}, "OutputParameters": []}
            """ + ", " + processing("A", "true", #", "DependsOn": ["Ask"]"#)
        )
        let arn = try await kit.call("StartPipelineExecution", ["PipelineName": "iris"])["PipelineExecutionArn"]
        let token = try await kit.callbackToken(arn)
        await kit.service.shutdown()
        let after = kit.makeService()
        kit.answerOwnCalls(of: after)
        try await after.start()
        try await kit.call("SendPipelineExecutionStepSuccess", ["CallbackToken": token], of: after)
        await after.pipelineExecutionFinished(arn?.stringValue ?? "")
        let end = try await kit.call("DescribePipelineExecution", ["PipelineExecutionArn": arn ?? .null], of: after)
        #expect(end["PipelineExecutionStatus"] == "Succeeded")
        await after.shutdown()
    }

    @Test func `jobs belong to the experiment that the definition names`() async throws {
        let kit = try makeKit()
        kit.aws.answer("sagemaker:CreateExperiment") { _ throws(AWSError) in
            throw AWSError("ValidationException", "Experiment with name (iris) already exists.")
        }
        kit.aws.answer("sagemaker:CreateTrial", with: [:])
        let experiment = #"{"ExperimentName": {"Get": "Execution.PipelineName"}, "TrialName": "t"}"#
        let definition = #"{"Version": "2020-12-01", "PipelineExperimentConfig": \#(experiment), "Steps": ["#
        try await kit.call(
            "CreatePipeline",
            [
                "PipelineName": "iris", "RoleArn": .string(JobKit.role),
                "PipelineDefinition": .string("\(definition)\(processing("A", "true"))]}"),
            ]
        )
        let end = try await run(kit)
        #expect(end["PipelineExperimentConfig"] == ["ExperimentName": "iris", "TrialName": "t"])
        let job = try #require(kit.aws.requests(of: "sagemaker:CreateProcessingJob").first)
        #expect(
            job["ExperimentConfig"]
                == ["ExperimentName": "iris", "TrialName": "t", "TrialComponentDisplayName": "A"]
        )
        #expect(kit.aws.requests(of: "sagemaker:CreateTrial").count == 1)
    }

    @Test func `one token starts one execution`() async throws {
        let kit = try makeKit()
        try await create(kit, processing("A", "true"))
        let first = try await run(kit, ["ClientRequestToken": .string(Self.token)])
        let second = try await run(kit, ["ClientRequestToken": .string(Self.token)])
        #expect(first["PipelineExecutionArn"] == second["PipelineExecutionArn"])
        let listed = try await kit.call("ListPipelineExecutions", ["PipelineName": "iris"])
        #expect(listed["PipelineExecutionSummaries"]?.arrayValue?.count == 1)
    }

    @Test func `a selection runs a part with the results of a former execution`() async throws {
        let kit = try makeKit()
        try await create(kit, processing("A", "true") + ", " + processing("B", "true", #", "DependsOn": ["A"]"#))
        let first = try await run(kit)
        let source = first["PipelineExecutionArn"] ?? .null
        let selection: JSON = ["SourcePipelineExecutionArn": source, "SelectedSteps": [["StepName": "B"]]]
        let second = try await run(kit, ["SelectiveExecutionConfig": selection])
        #expect(second["PipelineExecutionStatus"] == "Succeeded")
        let steps = try await steps(kit, second)
        #expect(steps["A"]?["SelectiveExecutionResult"] == ["SourcePipelineExecutionArn": source])
        #expect(steps["B"]?["SelectiveExecutionResult"] == nil)
        #expect(try await kit.call("ListProcessingJobs", [:])["ProcessingJobSummaries"]?.arrayValue?.count == 3)
    }

    @Test func `pipelines have versions`() async throws {
        let kit = try makeKit()
        try await create(kit, processing("A", "true"))
        let other = Self.definition(processing("B", "true"))
        let updated = try await kit.call(
            "UpdatePipeline",
            ["PipelineName": "iris", "PipelineDefinition": .string(other)]
        )
        #expect(updated["PipelineVersionId"] == 2)
        let latest = try await kit.call("DescribePipeline", ["PipelineName": "iris"])
        #expect(latest["PipelineDefinition"]?.stringValue == other)
        let first = try await kit.call("DescribePipeline", ["PipelineName": "iris", "PipelineVersionId": 1])
        #expect(first["PipelineDefinition"]?.stringValue == Self.definition(processing("A", "true")))
        let versions = try await kit.call("ListPipelineVersions", ["PipelineName": "iris", "MaxResults": 1])
        #expect(versions["PipelineVersionSummaries"]?[0]?["PipelineVersionId"] == 2)
        #expect(versions["NextToken"] != nil)
        try await kit.call("DeletePipeline", ["PipelineName": "iris"])
        let gone = await #expect(throws: AWSError.self) {
            try await kit.call("DescribePipeline", ["PipelineName": "iris"])
        }
        #expect(gone?.code == "ResourceNotFound")
    }

    @Test func `definitions that AWS refuses are refused with the place`() async throws {
        let kit = try makeKit()
        let cases = [
            (
                #"{"Name": "T", "Type": "Training", "Arguments": {"HyperParameter": {}}}"#,
                "Unable to parse pipeline definition. Unknown Argument member 'HyperParameter', did you mean "
                    + "[HyperParameters]? at /Steps/0/Arguments"
            ),
            (
                #"{"Name": "T", "Type": "Training", "Arguments": {"InputDataConfig": {}}}"#,
                "Unable to parse pipeline definition. Expecting start of Json Array at /Steps/0/Arguments/InputDataConfig"
            ),
            (
                processing("A", "true")
                    + #", {"Name": "F", "Type": "Fail", "Arguments": {"ErrorMessage": {"Get": "Steps.A.ProcessingJobNam"}}}"#,
                "Unable to parse pipeline definition. The Processing step [A] has no property [ProcessingJobNam], did you "
                    + "mean [ProcessingJobName]? at /Steps/1/Arguments"
            ),
        ]
        for (steps, message) in cases {
            let error = await #expect(throws: AWSError.self) { try await create(kit, steps) }
            #expect(error?.code == "ValidationException")
            #expect(error?.message == message)
        }
    }
}

extension JobKit {
    private static let ownOperations = [
        "CreateProcessingJob", "DescribeProcessingJob", "StopProcessingJob", "CreateTrainingJob", "DescribeTrainingJob",
        "StopTrainingJob", "CreateModel", "DescribeModel",
    ]

    /// Lets the service answer what its own pipelines call.
    func answerOwnCalls(of other: SageMakerService? = nil) {
        let service = other ?? service
        for operation in Self.ownOperations {
            aws.answer(Operation("sagemaker", operation)) { [weak service] request throws(AWSError) in
                guard let handler = service?.operations[operation] else { throw AWSError("Gone", operation) }
                do {
                    return try await handler(request)
                } catch let error as AWSError {
                    throw error
                } catch {
                    throw .internalFailure(error)
                }
            }
        }
    }

    @discardableResult
    func call(_ operation: String, _ input: JSON, of service: SageMakerService) async throws -> JSON {
        guard let handler = service.operations[operation] else { throw AWSError("NoOperation", operation) }
        let request = AWSRequest(
            Operation("sagemaker", operation),
            input.objectValue ?? [:],
            caller: Self.caller
        )
        return .object(try await handler(request).output)
    }

    /// The token that the execution's Callback step waits for, once it does.
    func callbackToken(_ execution: JSON?) async throws -> JSON {
        while true {
            let listed = try await call("ListPipelineExecutionSteps", ["PipelineExecutionArn": execution ?? .null])
            let token = listed["PipelineExecutionSteps"]?.arrayValue?.lazy.compactMap {
                $0["Metadata"]?["Callback"]?["CallbackToken"]
            }.first
            if let token { return token }
            await Task.yield()
        }
    }
}
