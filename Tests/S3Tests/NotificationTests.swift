import AWSProtocol
import JSON
import NIOCore
import ServiceTesting
import Testing

@testable import S3

/// What a bucket tells functions: https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventNotifications.html
@Suite struct NotificationTests {
    private static let function = "arn:aws:lambda:us-east-1:111111111111:function:trigger"

    private static func notification(_ events: [String], prefix: String? = nil, suffix: String? = nil) -> JSON {
        let rules = [("prefix", prefix), ("Suffix", suffix)].compactMap { name, value -> JSON? in
            value.map { ["Name": .string(name), "Value": .string($0)] }
        }
        return .compact([
            "Id": "new", "LambdaFunctionArn": .string(function), "Events": .array(events.map(JSON.string)),
            "Filter": rules.isEmpty ? nil : ["Key": ["FilterRules": .array(rules)]],
        ])
    }

    private func fixture(conditions: JSON = [:]) async throws -> Fixture {
        let fixture = try await Fixture()
        fixture.aws.answer("lambda:GetPolicy", with: Fixture.invocationPolicy(conditions))
        return fixture
    }

    private static func configuration(_ notifications: [JSON]) -> JSON.Object {
        ["NotificationConfiguration": ["LambdaFunctionConfigurations": .array(notifications)]]
    }

    @Test func `a function is invoked with the record of an object that its notification asks for`() async throws {
        let fixture = try await fixture()
        let invocation = Occurrence()
        fixture.aws.answer("lambda:Invoke") { _ throws(AWSError) in
            invocation.tell()
            return AWSResponse(["StatusCode": 202])
        }
        let asked = Self.notification(["s3:ObjectCreated:*"], prefix: "in/", suffix: ".csv")
        try await fixture.send("PutBucketNotificationConfiguration", Self.configuration([asked]))
        try await fixture.put("other.csv")
        try await fixture.put("in/new data.csv", "hello")
        await fixture.service.allHaveStarted()
        await invocation.next()
        let requests = fixture.aws.requests(of: "lambda:Invoke")
        #expect(requests.map { $0["FunctionName"] } == [.string(Self.function)])
        #expect(requests.map(\.caller.principal) == ["s3.amazonaws.com"])
        let body = try #require(requests.first?.body)
        let event = try JSON(parsing: String(buffer: try await body.collect(upTo: 1 << 16)))
        #expect(event["Records"]?.arrayValue?.count == 1)
        let record = try #require(event["Records"]?[0])
        #expect(record["eventName"] == "ObjectCreated:Put")
        #expect(record["s3"]?["configurationId"] == "new")
        #expect(record["s3"]?["bucket"]?["arn"] == "arn:aws:s3:::b-1")
        #expect(record["s3"]?["object"]?["key"] == "in/new+data.csv")
        #expect(record["s3"]?["object"]?["size"] == 5)
        #expect(record["s3"]?["object"]?["eTag"] == "5d41402abc4b2a76b9719d911017c592")
        #expect(
            record.objectValue?.keys == [
                "eventVersion", "eventSource", "awsRegion", "eventTime", "eventName", "userIdentity",
                "requestParameters", "responseElements", "s3",
            ]
        )
    }

    @Test(
        arguments: [
            (["ArnLike": ["AWS:SourceArn": "arn:aws:s3:::b-*"]], true),
            (["StringEquals": ["AWS:SourceAccount": "111111111111"]], true),
            (["ArnLike": ["AWS:SourceArn": "arn:aws:s3:::other"]], false),
            (["StringEquals": ["AWS:SourceAccount": "222222222222"]], false),
        ] as [(JSON, Bool)]
    )
    func `a function must let the bucket invoke it`(conditions: JSON, isAllowed: Bool) async throws {
        let fixture = try await fixture(conditions: conditions)
        let configuration = Self.configuration([Self.notification(["s3:ObjectRemoved:*"])])
        let error = try await fixture.error("PutBucketNotificationConfiguration", configuration)
        #expect(
            error?.message == (isAllowed ? nil : "Unable to validate the following destination configurations")
        )
        let unchecked = configuration.merging(["SkipDestinationValidation": true])
        #expect(try await fixture.error("PutBucketNotificationConfiguration", unchecked) == nil)
    }

    private static let ambiguous = """
        Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes are \
        overlapping for the same event type.
        """
    private static let overlapping = """
        Configurations overlap. Configurations on the same bucket cannot share a common event type.
        """

    /// The examples of "valid and invalid notification configurations with object key name filtering".
    static let pairs: [(one: JSON, other: JSON, message: String?)] = [
        (notification(["s3:ObjectCreated:*"]), notification(["s3:ObjectCreated:Put"]), overlapping),
        (notification(["s3:ObjectCreated:*"]), notification(["s3:ObjectRemoved:*"]), nil),
        (
            notification(["s3:ObjectCreated:*"], prefix: "images"),
            notification(["s3:ObjectCreated:*"], prefix: "images/jpg"), ambiguous
        ),
        (
            notification(["s3:ObjectCreated:*"], prefix: "images/", suffix: "jpg"),
            notification(["s3:ObjectCreated:*"], prefix: "images/", suffix: "png"), nil
        ),
        (
            notification(["s3:ObjectCreated:*"], suffix: "jpg"), notification(["s3:ObjectCreated:Copy"], suffix: "pg"),
            ambiguous
        ),
    ]

    @Test(arguments: pairs)
    func `notifications must not overlap`(one: JSON, other: JSON, message: String?) async throws {
        let fixture = try await fixture()
        let error = try await fixture.error("PutBucketNotificationConfiguration", Self.configuration([one, other]))
        #expect(error?.message == message)
        #expect(error == nil || error?.code == "InvalidArgument")
    }

    @Test(arguments: [
        ("regexp", "filter rule name must be either prefix or suffix"),
        ("suffix", "Cannot specify more than one suffix rule in a filter."),
    ])
    func `a filter has one prefix and one suffix`(name: String, message: String) async throws {
        let fixture = try await fixture()
        var notification = Self.notification(["s3:ObjectCreated:*"])
        notification["Filter"] = [
            "Key": ["FilterRules": [["Name": "suffix", "Value": "a"], ["Name": .string(name), "Value": "b"]]]
        ]
        let error = try await fixture.error("PutBucketNotificationConfiguration", Self.configuration([notification]))
        #expect(error?.message == message)
    }
}
