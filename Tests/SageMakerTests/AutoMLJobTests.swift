import AWSProtocol
import Compute
import JSON
import NIOCore
import ServiceTesting
import Store
import TabularSteps
import Testing

@testable import SageMaker

@Suite struct AutoMLJobTests {
    /// Flats: the rent follows from size, district and an old house's discount; whether one is let from the rent.
    static let flats: String = {
        var text = "id,size,district,built,rent,let\n"
        for index in 0..<600 {
            let size = 20 + index * 37 % 100
            let district = ["north", "south", "centre"][index % 3]
            let built = 1900 + index * 13 % 120
            let noise = Double(index * 71 % 40) / 10
            let rent = Double(size) * (district == "centre" ? 15 : 9) + Double(built - 1900) + noise
            let flatLet = rent + Double(index * 29 % 60) < 800 ? "yes" : "no"
            text += "f\(index),\(index % 50 == 7 ? "" : String(size)),\(district),\(built),\(rent),\(flatLet)\n"
        }
        return text
    }()

    static func request(
        target: String = "let",
        mode: String = "ENSEMBLING",
        candidates: Int = 3,
        configuration: JSON.Object = [:],
        _ more: JSON.Object = [:]
    ) -> JSON {
        let own: JSON.Object = ["CompletionCriteria": ["MaxCandidates": .integer(candidates)], "Mode": .string(mode)]
        let request: JSON.Object = [
            "AutoMLJobName": "auto",
            "InputDataConfig": [
                [
                    "DataSource": ["S3DataSource": ["S3DataType": "S3Prefix", "S3Uri": "s3://bucket/flats"]],
                    "TargetAttributeName": .string(target),
                ]
            ],
            "OutputDataConfig": ["S3OutputPath": "s3://bucket/out"],
            "AutoMLJobConfig": .object(own.merging(configuration)),
            "RoleArn": .string(JobKit.role),
        ]
        return .object(request.merging(more))
    }

    static func kit() throws -> JobKit { try JobKit(["bucket/flats/part-1.csv": flats]) }

    /// The best candidate's model, ready to answer.
    private func answer(_ kit: JobKit, _ containers: JSON?, _ rows: String, accept: String? = nil) async throws
        -> String
    {
        let model = try ModelDefinition(
            name: "m",
            of: JobKit.caller,
            ["ExecutionRoleArn": .string(JobKit.role), "Containers": containers ?? []]
        )
        let instance = ModelInstance(
            directory: kit.temporary.directory.path + "/model",
            logGroup: "/aws/sagemaker/Endpoints/m",
            logStream: "m"
        )
        let server = try await ModelLauncher(context: kit.service.context).start(model, instance)
        let request = InferenceRequest(body: .init(string: rows), contentType: "text/csv", accept: accept)
        let answer = try await server.invoke(request).body.collect(upTo: 1 << 20)
        await server.stop()
        return String(buffer: answer)
    }

    @Test func `a job finds the problem, trains candidates and serves the best`() async throws {
        let kit = try Self.kit()
        let job = try await kit.run(.autoML, Self.request(["Tags": [["Key": "team", "Value": "a"]]]))
        #expect(job["AutoMLJobStatus"] == "Completed", "\(job["FailureReason"] ?? .null)")
        #expect(job["AutoMLJobSecondaryStatus"] == "Completed" && job["EndTime"] != nil)
        #expect(job["ResolvedAttributes"]?["ProblemType"] == "BinaryClassification")
        #expect(job["ResolvedAttributes"]?["AutoMLJobObjective"] == ["MetricName": "F1"])
        let best = job["BestCandidate"]
        #expect(best?["CandidateStatus"] == "Completed" && best?["ObjectiveStatus"] == "Succeeded")
        #expect(best?["FinalAutoMLJobObjectiveMetric"]?["Value"]?.doubleValue ?? 0 > 0.85)
        let list = try await kit.call("ListCandidatesForAutoMLJob", ["AutoMLJobName": "auto"])["Candidates"]?.arrayValue
        #expect(list?.count == 3)
        let name = try #require(best?["CandidateSteps"]?[0]?["CandidateStepName"]?.stringValue)
        let training = try await kit.describe(.training, name)
        #expect(training["AutoMLJobArn"] == "arn:aws:sagemaker:us-east-1:000000000000:automl-job/auto")
        #expect(training["AutoMLJobArn"] == job["AutoMLJobArn"])
        #expect(training["HyperParameters"]?["predictor_type"] == "binary_classifier")
        let tags = try await kit.call("ListTags", ["ResourceArn": training["TrainingJobArn"] ?? ""])
        #expect(tags["Tags"] == [["Key": "team", "Value": "a"]])

        let containers = best?["InferenceContainers"]
        #expect(containers?.arrayValue?.count == 1)
        let rows = "x,30,north,1950,330\nx,110,centre,1950,1700\n"
        #expect(try await answer(kit, containers, rows) == "yes\nno\n")
    }

    @Test func `tuned candidates are served by three containers`() async throws {
        let kit = try Self.kit()
        let job = try await kit.run(.autoML, Self.request(mode: "HYPERPARAMETER_TUNING"))
        #expect(job["AutoMLJobStatus"] == "Completed", "\(job["FailureReason"] ?? .null)")
        var containers = job["BestCandidate"]?["InferenceContainers"]?.arrayValue ?? []
        #expect(containers.count == 3)
        let rows = "x,30,north,1950,330\nx,110,centre,1950,1700\n"
        #expect(try await answer(kit, .array(containers), rows) == "yes\nno\n")
        containers[2]["Environment"]?["SAGEMAKER_INFERENCE_OUTPUT"] =
            "predicted_label, probability, probabilities, labels"
        let lines = try await answer(kit, .array(containers), rows).split(separator: "\n")
        let cells = try CSVTable(Array(lines[1].utf8)).rows[0]
        // The probability is that of the positive class, which comes last.
        #expect(cells[0] == "no" && Double(cells[1]) ?? 1 < 0.1 && cells[3] == "['no', 'yes']")
        let json = try JSON(parsing: await answer(kit, .array(containers), rows, accept: "application/json"))
        #expect(json["predictions"]?[0]?["predicted_label"] == "yes")
        #expect(json["predictions"]?[0]?["labels"] == ["no", "yes"])
    }

    @Test(arguments: ["ENSEMBLING", "HYPERPARAMETER_TUNING"])
    func `numbers are estimated`(mode: String) async throws {
        let kit = try Self.kit()
        let job = try await kit.run(.autoML, Self.request(target: "rent", mode: mode))
        #expect(job["AutoMLJobStatus"] == "Completed", "\(job["FailureReason"] ?? .null)")
        #expect(job["ResolvedAttributes"]?["ProblemType"] == "Regression")
        #expect(job["ResolvedAttributes"]?["AutoMLJobObjective"] == ["MetricName": "MSE"])
        #expect(job["BestCandidate"]?["FinalAutoMLJobObjectiveMetric"]?["Type"] == "Minimize")
        let metrics = job["BestCandidate"]?["CandidateProperties"]?["CandidateMetrics"]?.arrayValue ?? []
        let r2 = metrics.first { $0["StandardMetricName"] == "R2" }
        #expect(r2?["Value"]?.doubleValue ?? 0 > 0.8 && r2?["Set"] == "Validation")
        let text = try await answer(kit, job["BestCandidate"]?["InferenceContainers"], "x,30,north,1950,no\n")
        let rent = try #require(Double(text.filter { $0 != "\n" }))
        #expect((150...500).contains(rent))
    }

    @Test func `the best candidate is explained, and its quality reported`() async throws {
        let kit = try Self.kit()
        let job = try await kit.run(.autoML, Self.request(target: "district"))
        #expect(job["ResolvedAttributes"]?["ProblemType"] == "MulticlassClassification")
        let reports = AutoMLDescription.reports(job)
        let name = try #require(job["BestCandidate"]?["CandidateName"]?.stringValue)
        #expect(
            reports["ModelInsightsJsonReportPath"]
                == .string("s3://bucket/out/auto/documentation/model_monitor/output/\(name)/statistics.json")
        )
        func document(_ member: String) throws -> JSON {
            let uri = try #require(reports[member]?.stringValue)
            return try JSON(parsing: #require(kit.text(String(uri.dropFirst("s3://".count)))))
        }
        let insights = try document("ModelInsightsJsonReportPath")
        #expect(insights["dataset"]?["item_count"] == 120)
        let matrix = insights["multiclass_classification_metrics"]?["confusion_matrix"]
        #expect(matrix?.objectValue?.keys == ["centre", "north", "south"])
        let shap = try document("ExplainabilityJsonReportPath")["explanations"]?["kernel_shap"]
        #expect(shap?.objectValue?.keys == ["label0", "label1", "label2"])
        let values = shap?["label0"]?["global_shap_values"]
        #expect(values?["id"] == 0 && values?["rent"]?.doubleValue ?? 0 > values?["built"]?.doubleValue ?? 0)
    }

    @Test func `equal data give equal candidates`() async throws {
        func tried() async throws -> [JSON?] {
            let kit = try Self.kit()
            _ = try await kit.run(.autoML, Self.request(candidates: 6))
            let list =
                try await kit.call(
                    "ListCandidatesForAutoMLJob",
                    ["AutoMLJobName": "auto", "SortBy": "CreationTime"]
                )["Candidates"]?.arrayValue ?? []
            var seen: [JSON?] = []
            for candidate in list {
                let training = try await kit.describe(.training, candidate["CandidateName"]?.stringValue ?? "")
                seen += [training["HyperParameters"], candidate["CandidateProperties"]?["CandidateMetrics"]]
            }
            return seen
        }
        let first = try await tried()
        #expect(first.count == 12 && Set(first.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)).count == 6)
        #expect(try await tried() == first)
    }

    @Test func `CreateAutoMLJobV2 does the same, and each describes its own`() async throws {
        let kit = try Self.kit()
        let request: JSON = [
            "AutoMLJobName": "auto",
            "AutoMLJobInputDataConfig": [
                ["DataSource": ["S3DataSource": ["S3DataType": "S3Prefix", "S3Uri": "s3://bucket/flats/"]]]
            ],
            "OutputDataConfig": ["S3OutputPath": "s3://bucket/out"],
            "RoleArn": .string(JobKit.role),
            "AutoMLProblemTypeConfig": [
                "TabularJobConfig": [
                    "TargetAttributeName": "let", "CompletionCriteria": ["MaxCandidates": 1],
                    "ProblemType": "BinaryClassification",
                ]
            ],
            "AutoMLJobObjective": ["MetricName": "AUC"],
        ]
        let arn = try await kit.call("CreateAutoMLJobV2", request)["AutoMLJobArn"]?.stringValue ?? ""
        try await kit.service.jobFinished(arn)
        let job = try await kit.call("DescribeAutoMLJobV2", ["AutoMLJobName": "auto"])
        #expect(job["AutoMLJobStatus"] == "Completed", "\(job["FailureReason"] ?? .null)")
        #expect(job["AutoMLProblemTypeConfigName"] == "Tabular")
        #expect(job["AutoMLProblemTypeConfig"] == request["AutoMLProblemTypeConfig"])
        #expect(
            job["ResolvedAttributes"]
                == [
                    "AutoMLJobObjective": ["MetricName": "AUC"], "CompletionCriteria": ["MaxCandidates": 1],
                    "AutoMLProblemTypeResolvedAttributes": [
                        "TabularResolvedAttributes": ["ProblemType": "BinaryClassification"]
                    ],
                ]
        )
        await #expect(throws: AWSError.self) { try await kit.describe(.autoML, "auto") }
    }

    @Test func `other algorithms beside linear-learner are told of`() async throws {
        let kit = try Self.kit()
        let algorithms: JSON = ["AlgorithmsConfig": [["AutoMLAlgorithms": ["xgboost", "linear-learner"]]]]
        let job = try await kit.run(
            .autoML,
            Self.request(candidates: 1, configuration: ["CandidateGenerationConfig": algorithms])
        )
        let message = "Trainyard trains linear-learner only; not tried were: xgboost."
        #expect(job["PartialFailureReasons"] == [["PartialFailureMessage": .string(message)]])
        #expect(kit.messages.contains(message))
        #expect(kit.messages.contains { $0.hasPrefix("district: categorical, 3 values") })
    }

    @Test(
        arguments: [
            (
                [
                    "AutoMLJobConfig": [
                        "Mode": "ENSEMBLING",
                        "CandidateGenerationConfig": ["AlgorithmsConfig": [["AutoMLAlgorithms": ["xgboost"]]]],
                    ]
                ],
                "Trainyard has none of the algorithms [xgboost]: its AutoML jobs train linear-learner. Name it in AutoMLAlgorithms, or leave AlgorithmsConfig out."
            ),
            (
                [
                    "AutoMLJobConfig": [
                        "CandidateGenerationConfig": ["AlgorithmsConfig": [["AutoMLAlgorithms": ["linear-learner"]]]]
                    ]
                ], "AlgorithmsConfig should not be set if the training mode is AUTO."
            ),
            (["ProblemType": "Regression"], "Provide both ProblemType and AutoMLJobObjective, or none of them."),
            (
                ["ProblemType": "Regression", "AutoMLJobObjective": ["MetricName": "F1"]],
                "F1 is no objective metric of the problem type Regression. Choose one of [MAE, MSE, R2, RMSE]."
            ),
            (
                ["AutoMLJobConfig": ["DataSplitConfig": ["ValidationFraction": 1]]],
                "ValidationFraction must be greater than 0 and less than 1."
            ),
            (
                ["GenerateCandidateDefinitionsOnly": true],
                "GenerateCandidateDefinitionsOnly is not served by Trainyard: it writes no notebooks of candidate definitions."
            ),
            (
                ["ModelDeployConfig": ["AutoGenerateEndpointName": true, "EndpointName": "e"]],
                "EndpointName must not be given where AutoGenerateEndpointName is True."
            ),
        ] as [(JSON.Object, String)]
    )
    func `what cannot be done is refused`(more: JSON.Object, message: String) async throws {
        let kit = try Self.kit()
        let error = await #expect(throws: AWSError.self) {
            try await kit.call("CreateAutoMLJob", Self.request(more))
        }
        #expect(error?.code == "ValidationException" && error?.message == message)
    }

    @Test(arguments: [
        ("price", "size,rent\n1,2\n", "The target column price is not among the columns of the data: size, rent"),
        (
            "rent", "size,rent\n1,2\n",
            "The training dataset has 1 rows with a target. A minimum of 500 rows is required."
        ),
        ("rent", "size,rent\n1\n", "part-1.csv: line 2: The row has 1 cells, but the first has 2"),
    ])
    func `data that cannot be trained with fail the job`(target: String, data: String, reason: String) async throws {
        let kit = try JobKit(["bucket/flats/part-1.csv": data])
        let job = try await kit.run(.autoML, Self.request(target: target))
        #expect(job["AutoMLJobStatus"] == "Failed" && job["AutoMLJobSecondaryStatus"] == "Failed")
        #expect(job["FailureReason"] == .string("ClientError: \(reason)"))
        #expect(job["BestCandidate"] == nil && job["ResolvedAttributes"] == nil)
    }
}
