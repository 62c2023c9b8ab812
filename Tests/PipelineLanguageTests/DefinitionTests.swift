import JSON
import Testing

@testable import PipelineLanguage

@Suite struct DefinitionTests {
    /// A pipeline of the usual shape: process, train, evaluate, and a condition on what the evaluation wrote.
    static let usual = """
        {
          "Version": "2020-12-01",
          "Metadata": {},
          "Parameters": [
            {"Name": "Source", "Type": "String", "DefaultValue": "s3://bucket/raw/"},
            {"Name": "Minimum", "Type": "Float", "DefaultValue": 0.9},
            {"Name": "Epochs", "Type": "Integer", "DefaultValue": 5, "EnumValues": [5, 10]}
          ],
          "MlflowConfig": null, "PipelineExperimentConfig": {"ExperimentName": {"Get": "Execution.PipelineName"}},
          "Steps": [
            {"Name": "Process", "Type": "Processing", "Arguments": {
              "AppSpecification": {"ImageUri": "image"},
              "ProcessingInputs": [{"InputName": "raw", "S3Input": {"S3Uri": {"Get": "Parameters.Source"}}}]}},
            {"Name": "Train", "Type": "Training", "Arguments": {
              "HyperParameters": {"epochs": {"Get": "Parameters.Epochs"}},
              "InputDataConfig": [{"ChannelName": "train", "DataSource": {"S3DataSource": {"S3Uri":
                {"Get": "Steps.Process.ProcessingOutputConfig.Outputs['train'].S3Output.S3Uri"}}}}],
              "OutputDataConfig": {"S3OutputPath": {"Std:Join": {"On": "/", "Values":
                ["s3://bucket", {"Get": "Execution.PipelineExecutionId"}, "models"]}}}}},
            {"Name": "Evaluate", "Type": "Processing", "DependsOn": ["Train"],
              "Arguments": {"AppSpecification": {"ImageUri": "image"}},
              "PropertyFiles": [{"PropertyFileName": "Report", "OutputName": "evaluation", "FilePath": "evaluation.json"}]},
            {"Name": "Gate", "Type": "Condition", "Arguments": {
              "Conditions": [{"Type": "GreaterThanOrEqualTo",
                "LeftValue": {"Std:JsonGet": {"PropertyFile": {"Get": "Steps.Evaluate.PropertyFiles.Report"},
                  "Path": "metrics.accuracy.value"}},
                "RightValue": {"Get": "Parameters.Minimum"}}],
              "IfSteps": [{"Name": "Register", "Type": "RegisterModel", "Arguments": {
                "InferenceSpecification": {"Containers": [{"Image": "image",
                  "ModelDataUrl": {"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"}}]}}}],
              "ElseSteps": [{"Name": "TooBad", "Type": "Fail", "Arguments": {"ErrorMessage":
                {"Std:Join": {"On": " ", "Values": ["The accuracy is below", {"Get": "Parameters.Minimum"}]}}}}]}}
          ]
        }
        """

    @Test func `steps depend on those whose properties they use, name, or stand under`() throws {
        let definition = try PipelineDefinition(Self.usual)
        #expect(
            definition.steps.map(\.name) == ["Process", "Train", "Evaluate", "Gate", "Register", "TooBad"]
        )
        #expect(definition.dependencies(of: "Process") == [])
        #expect(definition.dependencies(of: "Train") == ["Process"])
        #expect(definition.dependencies(of: "Evaluate") == ["Train"])
        #expect(definition.dependencies(of: "Gate") == ["Evaluate"])
        #expect(definition.dependencies(of: "Register") == ["Gate", "Train"])
        #expect(definition["TooBad"]?.branch == PipelineStep.Branch(condition: "Gate", isTaken: false))
    }

    @Test func `a check has a type, and where its baseline is`() throws {
        let definition = try PipelineDefinition(
            Self.steps(
                """
                {"Name": "Bias", "Type": "ClarifyCheck", "CheckType": "DATA_BIAS", "ModelPackageGroupName": "models",
                 "SuppliedBaselineConstraints": "s3://bucket/analysis.json", "ModelName": "model", "Arguments": {}}
                """
            )
        )
        #expect(definition["Bias"]?.type.isCheck == true)
        #expect(definition["Bias"]?.type.operation == "CreateProcessingJob")
        let error = #expect(throws: DefinitionError.self) {
            try PipelineDefinition(Self.steps(#"{"Name": "Bias", "Type": "ClarifyCheck", "Arguments": {}}"#))
        }
        #expect(error?.description.hasSuffix("The ClarifyCheck step [Bias] needs CheckType at /Steps/0") == true)
    }

    @Test func `parameters take texts in their types`() throws {
        let definition = try PipelineDefinition(Self.usual)
        let values = try definition.values(given: [("Minimum", "0.5"), ("Epochs", "10")])
        #expect(values == ["Source": "s3://bucket/raw/", "Minimum": 0.5, "Epochs": 10])
        let cases = [
            ("Epochs", "many", "Parameter [Epochs] value [many] is not of type Integer"),
            ("Epochs", "7", "Parameter [Epochs] value [7] is not one of [5, 10]"),
            ("Epoch", "5", "Parameter [Epoch] is not defined in the pipeline definition, did you mean [Epochs]?"),
        ]
        for (name, text, message) in cases {
            let error = #expect(throws: ParameterError.self) { try definition.values(given: [(name, text)]) }
            #expect(error?.description == message)
        }
    }

    /// A definition, and what Pipelines says against it.
    private static let faults: [(String, String)] = [
        ("[]", "Expecting start of Json Object"),
        (
            #"{"Version": "2020-12-01", "Step": []}"#,
            "Cannot parse object, unknown property 'Step', did you mean [Steps]?"
        ),
        (#"{"Version": "2019", "Steps": []}"#, "Unknown version [2019], write 2020-12-01 at /Version"),
        (steps(""), "There must be at least one step at /Steps"),
        (
            steps(#"{"Name": "A", "Type": "Traning"}"#),
            "Unknown step type [Traning], did you mean [Training]? at /Steps/0/Type"
        ),
        (
            steps(#"{"Name": "a b", "Type": "Fail"}"#),
            "The name [a b] must have 1 to 64 letters, digits, hyphens and underscores at /Steps/0/Name"
        ),
        (steps("\(step("A")), \(step("A"))"), "Duplicate step name [A] at /Steps/1/Name"),
        (
            steps(step("Train", #""DependsOn": ["Trainn"]"#)),
            "There is no step [Trainn], did you mean [Train]? at /Steps/0/DependsOn"
        ),
        (
            steps("\(step("A", #""DependsOn": ["B"]"#)), \(step("B", #""DependsOn": ["A"]"#))"),
            "The steps depend on each other in a cycle: A -> B -> A at /Steps"
        ),
        (steps(step("A", #""DependsOn": "B""#)), "Expecting start of Json Array at /Steps/0/DependsOn"),
        (steps(step("A", #""Retry": []"#)), "Cannot parse object, unknown property 'Retry' at /Steps/0"),
        (
            steps(step("A", arguments: #"{"RoleArn": {"Get": "Parameters.Role"}}"#)),
            "There is no parameter [Role] at /Steps/0/Arguments"
        ),
        (
            steps(step("A", arguments: #"{"RoleArn": {"Get": "Execution.PipelineNam"}}"#)),
            "Unknown execution property [PipelineNam], did you mean [PipelineName]? at /Steps/0/Arguments/RoleArn"
        ),
        (
            steps(step("A", arguments: #"{"RoleArn": {"Std:Joi": {}}}"#)),
            "Unknown function [Std:Joi], did you mean [Std:Join]? at /Steps/0/Arguments/RoleArn"
        ),
        (
            steps(step("A", #""CacheConfig": {"Enabled": true, "ExpireAfter": "soon"}"#)),
            "[soon] is not an ISO 8601 duration such as P30D or PT1H at /Steps/0/CacheConfig/ExpireAfter"
        ),
        (
            steps(step("A", #""RetryPolicies": [{"ExceptionType": ["Step.THROTLING"], "MaxAttempts": 3}]"#)),
            "Unknown exception type [Step.THROTLING], did you mean [Step.THROTTLING]? at /Steps/0/RetryPolicies/0/ExceptionType"
        ),
        (
            #"{"Version": "2020-12-01", "Parameters": [{"Name": "N", "Type": "Integer", "DefaultValue": "5"}], "Steps": []}"#,
            "Parameter [N]: \"5\" is not of type Integer at /Parameters/0/DefaultValue"
        ),
        (
            steps(
                #"{"Name": "C", "Type": "Condition", "Arguments": {"Conditions": [{"Type": "Equal", "LeftValue": 1}]}}"#
            ),
            "Unknown condition type [Equal], did you mean [Equals]? at /Steps/0/Arguments/Conditions/0"
        ),
    ]

    private static func steps(_ text: String) -> String { #"{"Version": "2020-12-01", "Steps": [\#(text)]}"# }

    private static func step(_ name: String, _ more: String = "", arguments: String = "{}") -> String {
        let members = more.isEmpty ? "" : ", \(more)"
        return #"{"Name": "\#(name)", "Type": "Processing", "Arguments": \#(arguments)\#(members)}"#
    }

    @Test func `faults are told with their place`() {
        for (text, message) in Self.faults {
            let error = #expect(throws: DefinitionError.self) { try PipelineDefinition(text) }
            #expect(error?.description == "Unable to parse pipeline definition. \(message)")
        }
    }

    @Test func `references have members, keys and indices`() {
        #expect(Reference.elements(of: "Steps.A.Outputs['a.b'].X[2]")?.count == 6)
        for text in ["", ".", "A.", "A..B", "A[", "A['x]", "A[-1]", "A[x]"] {
            #expect(Reference.elements(of: text) == nil, "\(text)")
        }
    }

    @Test func `durations are ISO 8601, or as AWS's page writes them`() {
        let hour = 3_600_000
        let cases = ["P30D": 720 * hour, "PT1H": hour, "30d": 720 * hour, "T16m": hour / 60 * 16, "30dT5h": 725 * hour]
        for (text, milliseconds) in cases { #expect(ISODuration(text)?.milliseconds == milliseconds, "\(text)") }
        for text in ["", "P", "1", "PT", "P1H", "PTM", "PT1D"] { #expect(ISODuration(text) == nil, "\(text)") }
    }
}
