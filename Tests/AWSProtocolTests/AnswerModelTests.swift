import AWSProtocol
import JSON
import Testing

@Suite struct AnswerModelTests {
    @Test(
        "What no service answers",
        arguments: [
            ("dynamodb", "PutItem", #"{"ConsumedCapacity":{"CapacityUnits":"1"}}"#, "CapacityUnits, a number"),
            ("dynamodb", "GetItem", #"{"Item":{"k":{"L":[{"BOOL":1}]}}}"#, "BOOL, a boolean"),
            ("eventbridge", "PutEvents", #"{"Entries":[{"EventId":"a"},{"EventId":["b"]}]}"#, "EventId, a string"),
            ("eventbridge", "PutEvents", #"{"Entries":"text"}"#, "Entries, an array"),
            ("kms", "Encrypt", #"{"CiphertextBlob":123}"#, "CiphertextBlob, a string"),
            ("s3", "GetObject", #"{"StorageClass":"Papyrus","Body":1}"#, "StorageClass, one of its values"),
            ("sfn", "StartExecution", #"{"StartDate":"2020-01-01T00:00:00Z"}"#, "ExecutionArn, there"),
        ]
    )
    func mismatch(_ service: String, _ operation: String, _ answer: String, _ expected: String) throws {
        let model = try #require(AnswerModel(sdkID: service))
        let mismatch = #expect(throws: AnswerModel.Mismatch.self) {
            try model.check(JSON(parsing: answer), of: operation, wantsRequired: true)
        }
        let words: String? =
            switch mismatch {
            case .type(let member, let expectation): "\(member), \(expectation)"
            case .value(let member): "\(member), one of its values"
            case .missing(let member): "\(member), there"
            case nil: nil
            }
        #expect(words == expected)
    }

    @Test func `what a service does not know is let be`() throws {
        let model = try #require(AnswerModel(optimized: "states"))
        try model.check(["Other": 1, "ExecutionArn": "a"], of: "StartExecution", wantsRequired: false)
        try model.check(["Other": 1], of: "NoSuchOperation", wantsRequired: true)
        let unknown = AnswerModel(sdkID: "nosuchservice")
        #expect(unknown == nil)
    }

    @Test func `each text can be read`() {
        for service in [
            "athena", "batch", "bedrockruntime", "cloudformation", "cloudwatch", "cloudwatchlogs", "codebuild",
            "databrew",
            "dynamodb", "ecr", "ecs", "emr", "emrcontainers", "emrserverless", "eventbridge", "glue", "iam", "kms",
            "lambda", "s3", "sagemaker", "sagemakermetrics", "sagemakerruntime", "secretsmanager", "sfn", "sns", "sqs",
            "ssm", "sts",
        ] {
            #expect(AnswerModel(sdkID: service) != nil, "\(service)")
        }
    }
}
