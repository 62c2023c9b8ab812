import AWSProtocol
import JSON
import Testing

@testable import SageMaker

struct ExperimentTests {
    static let arn = "arn:aws:sagemaker:us-east-1:000000000000"

    /// An experiment `e` with a trial `t` and a component `c` in it.
    static func kit() async throws -> JobKit {
        let kit = try JobKit()
        try await kit.call("CreateExperiment", ["ExperimentName": "e"])
        try await kit.call("CreateTrial", ["ExperimentName": "e", "TrialName": "t"])
        try await kit.call("CreateTrialComponent", ["TrialComponentName": "c"])
        try await kit.call("AssociateTrialComponent", ["TrialName": "t", "TrialComponentName": "c"])
        return kit
    }

    @Test func componentsAreFoundByTrialAndByExperiment() async throws {
        let kit = try await Self.kit()
        for filter: JSON in [["TrialName": "t"], ["ExperimentName": "e"], [:]] {
            let list = try await kit.call("ListTrialComponents", filter)
            #expect(list["TrialComponentSummaries"]?.arrayValue?.compactMap { $0["TrialComponentName"] } == ["c"])
        }
        let trials = try await kit.call("ListTrials", ["TrialComponentName": "c"])
        #expect(trials["TrialSummaries"]?[0]?["TrialArn"] == "\(Self.arn):experiment-trial/t")
        try await kit.call("DisassociateTrialComponent", ["TrialName": "t", "TrialComponentName": "c"])
        let list = try await kit.call("ListTrialComponents", ["TrialName": "t"])
        #expect(list["TrialComponentSummaries"] == [])
    }

    @Test func whatIsStillInUseIsNotDeleted() async throws {
        let kit = try await Self.kit()
        await #expect(throws: AWSError.self) { try await kit.call("DeleteExperiment", ["ExperimentName": "e"]) }
        await #expect(throws: AWSError.self) { try await kit.call("DeleteTrial", ["TrialName": "t"]) }
        await #expect(throws: AWSError.self) { try await kit.call("DeleteTrialComponent", ["TrialComponentName": "c"]) }
        try await kit.call("DisassociateTrialComponent", ["TrialName": "t", "TrialComponentName": "c"])
        try await kit.call("DeleteTrialComponent", ["TrialComponentName": "c"])
        try await kit.call("DeleteTrial", ["TrialName": "t"])
        try await kit.call("DeleteExperiment", ["ExperimentName": "e"])
        #expect(try await kit.call("ListExperiments", [:])["ExperimentSummaries"] == [])
    }

    @Test func whatIsMissingIsNotFoundInAWSsWords() async throws {
        let kit = try JobKit()
        let error = await #expect(throws: AWSError.self) {
            try await kit.call("AssociateTrialComponent", ["TrialName": "no", "TrialComponentName": "no"])
        }
        #expect(error == AWSError("ResourceNotFound", "Trial '\(Self.arn):experiment-trial/no' does not exist."))
    }

    @Test func updatesSetAndRemoveEntries() async throws {
        let kit = try await Self.kit()
        try await kit.call(
            "UpdateTrialComponent",
            [
                "TrialComponentName": "c", "Status": ["PrimaryStatus": "InProgress"],
                "Parameters": ["rate": ["NumberValue": 0.1], "name": ["StringValue": "x"]],
                "InputArtifacts": ["data": ["Value": "s3://b/k"]],
            ]
        )
        try await kit.call("UpdateTrialComponent", ["TrialComponentName": "c", "ParametersToRemove": ["name"]])
        let component = try await kit.call("DescribeTrialComponent", ["TrialComponentName": "c"])
        #expect(component["Parameters"] == ["rate": ["NumberValue": 0.1]])
        #expect(component["Status"]?["PrimaryStatus"] == "InProgress")
        #expect(component["InputArtifacts"] == ["data": ["Value": "s3://b/k"]])
    }

    @Test func metricsAreSummedUpAndReadAsSeries() async throws {
        let kit = try await Self.kit()
        let metrics = SageMakerMetricsService(kit.service)
        func call(_ operation: String, _ input: JSON.Object) async throws -> JSON {
            let handler = try #require(metrics.operations[operation])
            return .object(
                try await handler(AWSRequest(Operation("sagemaker-metrics", operation), input, caller: JobKit.caller))
                    .output
            )
        }
        let values: [JSON] = [3, 1, 2].enumerated().map { step, value in
            [
                "MetricName": "loss", "Step": .integer(step), "Timestamp": .integer(1_700_000_000 + step * 60),
                "Value": .double(value),
            ]
        }
        let put = try await call("BatchPutMetrics", ["TrialComponentName": "c", "MetricData": .array(values)])
        #expect(put["Errors"] == [])
        let refused = try await call("BatchPutMetrics", ["TrialComponentName": "no", "MetricData": .array(values)])
        #expect(refused["Errors"]?[0]?["Code"] == "VALIDATION_ERROR")
        let component = try await kit.call("DescribeTrialComponent", ["TrialComponentName": "c"])
        let summary = component["Metrics"]?[0]
        #expect(summary?["Min"] == 1)
        #expect(summary?["Max"] == 3)
        #expect(summary?["Last"] == 2)
        #expect(summary?["Count"] == 3)
        #expect(summary?["Avg"] == 2)
        let query: JSON = [
            "MetricName": "loss", "ResourceArn": .string("\(Self.arn):experiment-trial-component/c"),
            "MetricStat": "Last", "Period": "IterationNumber", "XAxisType": "IterationNumber",
        ]
        let answer = try await call("BatchGetMetrics", ["MetricQueries": [query]])
        #expect(answer["MetricQueryResults"]?[0]?["XAxisValues"] == [0, 1, 2])
        #expect(answer["MetricQueryResults"]?[0]?["MetricValues"] == [3, 1, 2])
    }

    @Test func aJobLeavesAComponentInItsTrial() async throws {
        let kit = try JobKit(["bucket/train/a.csv": "1,2\n"])
        try await kit.call("CreateExperiment", ["ExperimentName": "e"])
        try await kit.call("CreateTrial", ["ExperimentName": "e", "TrialName": "t"])
        let program = "import os; os.makedirs('/opt/ml/model', exist_ok=True); open('/opt/ml/model/m', 'w').write('x')"
        _ = try await kit.run(
            .training,
            .trainingJob(
                entrypoint: ["python3", "-c", program],
                channels: ["train": "s3://bucket/train/"],
                hyperparameters: ["rate": "0.5", "kind": "fast"],
                ["ExperimentConfig": ["ExperimentName": "e", "TrialName": "t"]]
            )
        )
        let name = "job-aws-training-job"
        let list = try await kit.call("ListTrialComponents", ["ExperimentName": "e"])
        #expect(list["TrialComponentSummaries"]?.arrayValue?.compactMap { $0["TrialComponentName"] } == [.string(name)])
        let component = try await kit.call("DescribeTrialComponent", ["TrialComponentName": .string(name)])
        #expect(component["Source"]?["SourceType"] == "SageMakerTrainingJob")
        #expect(component["Status"]?["PrimaryStatus"] == "Completed")
        #expect(component["Parameters"]?["rate"] == ["NumberValue": 0.5])
        #expect(component["Parameters"]?["kind"] == ["StringValue": "fast"])
        #expect(component["InputArtifacts"]?["train"]?["Value"] == "s3://bucket/train/")
        #expect(
            component["OutputArtifacts"]?["SageMaker.ModelArtifact"]?["Value"]?.stringValue?.hasSuffix("model.tar.gz")
                == true
        )
        let arn = try #require(component["TrialComponentArn"])
        let lineage = try await kit.call("QueryLineage", ["StartArns": [arn], "Direction": "Both"])
        let types = lineage["Vertices"]?.arrayValue?.compactMap { $0["Type"]?.stringValue }.sorted()
        #expect(types == ["DataSet", "Image", "Model"])
        #expect(lineage["Edges"]?.arrayValue?.count == 3)
    }
}
