import AWSProtocol
import JSON
import Testing

struct PolicyTests {
    static let other = Caller(account: "222222222222", region: "us-east-1")
    static let anonymous = Caller.anonymous(region: "us-east-1")

    static func policy(_ statement: JSON.Object) -> JSON {
        var complete: JSON.Object = [
            "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b-1/*",
        ]
        complete.merge(statement)
        return .string(JSON.object(["Version": "2012-10-17", "Statement": [.object(complete)]]).serialized())
    }

    private func opened() async throws -> Fixture {
        let fixture = try await Fixture()
        try await fixture.send("DeletePublicAccessBlock")
        try await fixture.put("public/k")
        try await fixture.put("k")
        return fixture
    }

    @Test(arguments: [
        ("{", "Policies must be valid JSON and the first byte must be '{'"),
        ("[]", "Policies must be valid JSON and the first byte must be '{'"),
        (#"{"Version":"2012-10-17"}"#, "Missing required field Statement"),
        (#"{"Version":"2020-01-01","Statement":[]}"#, "The policy must contain a valid version string"),
        (#"{"Statement":[{"Effect":"Perhaps"}]}"#, "Invalid effect: Perhaps"),
        (#"{"Statement":[{"Effect":"Allow"}]}"#, "Missing required field Principal"),
        (
            #"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"ec2:Run","Resource":"*"}]}"#,
            "Policy has invalid action"
        ),
        (
            #"{"Statement":[{"Effect":"Allow","Principal":{"AWS":"nobody"},"Action":"s3:*","Resource":"*"}]}"#,
            "Invalid principal in policy"
        ),
        (
            #"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::c/*"}]}"#,
            "Policy has invalid resource"
        ),
    ])
    func `a malformed policy is refused`(text: String, message: String) async throws {
        let fixture = try await Fixture()
        let error = try await fixture.error("PutBucketPolicy", ["Policy": .string(text)])
        #expect(error?.code == "MalformedPolicy")
        #expect(error?.message == message)
    }

    @Test func `a policy comes back to the letter`() async throws {
        let fixture = try await Fixture()
        let text: JSON =
            #"{ "Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"AWS": "222222222222"}, "Action": "s3:*", "Resource": "arn:aws:s3:::b-1"} }"#
        try await fixture.send("PutBucketPolicy", ["Policy": text])
        #expect(try await fixture.send("GetBucketPolicy")["Policy"] == text)
        #expect(try await fixture.send("GetBucketPolicyStatus")["PolicyStatus"] == ["IsPublic": false])
    }

    struct Access: Sendable {
        var statement: JSON.Object
        var caller: Caller
        var operation = "GetObject"
        var input: JSON.Object = ["Key": "public/k"]
        var isAllowed: Bool
    }

    static let cases = [
        Access(statement: [:], caller: anonymous, isAllowed: true),
        Access(statement: [:], caller: anonymous, operation: "ListObjectsV2", isAllowed: false),
        Access(
            statement: ["Resource": "arn:aws:s3:::b-1/public/*"],
            caller: anonymous,
            input: ["Key": "k"],
            isAllowed: false
        ),
        Access(statement: ["Action": ["s3:Get*"]], caller: anonymous, isAllowed: true),
        Access(statement: ["Principal": ["AWS": "222222222222"]], caller: other, isAllowed: true),
        Access(statement: ["Principal": ["AWS": "333333333333"]], caller: other, isAllowed: false),
        Access(statement: ["Principal": ["AWS": "*"]], caller: other, isAllowed: true),
        Access(
            statement: ["Effect": "Deny", "Action": "s3:*"],
            caller: Caller(account: Fixture.account, region: "us-east-1"),
            isAllowed: false
        ),
        Access(
            statement: [
                "Condition": ["StringLike": ["s3:prefix": "public/*"]], "Action": "s3:ListBucket",
                "Resource": "arn:aws:s3:::b-1",
            ],
            caller: anonymous,
            operation: "ListObjectsV2",
            input: ["Prefix": "public/x"],
            isAllowed: true
        ),
        Access(
            statement: [
                "Condition": ["StringEquals": ["s3:prefix": "public/"]], "Action": "s3:ListBucket",
                "Resource": "arn:aws:s3:::b-1",
            ],
            caller: anonymous,
            operation: "ListObjectsV2",
            input: ["Prefix": "other/"],
            isAllowed: false
        ),
        Access(statement: ["Condition": ["Bool": ["aws:SecureTransport": "true"]]], caller: anonymous, isAllowed: true),
        Access(
            statement: [
                "Condition": ["NumericLessThan": ["s3:max-keys": 10]], "Action": "s3:ListBucket",
                "Resource": "arn:aws:s3:::b-1",
            ],
            caller: anonymous,
            operation: "ListObjectsV2",
            input: ["MaxKeys": 5],
            isAllowed: true
        ),
    ]

    @Test func `a policy allows and denies`() async throws {
        for (index, access) in Self.cases.enumerated() {
            let fixture = try await opened()
            try await fixture.send("PutBucketPolicy", ["Policy": Self.policy(access.statement)])
            let error = try await fixture.error(access.operation, access.input, as: access.caller)
            #expect(error?.code == (access.isAllowed ? nil : "AccessDenied"), "case \(index)")
        }
    }

    @Test func `nobody else has access without a policy, and public ones are blocked at first`() async throws {
        let fixture = try await Fixture()
        try await fixture.put("k")
        for caller in [Self.other, Self.anonymous] {
            #expect(try await fixture.error("GetObject", ["Key": "k"], as: caller)?.code == "AccessDenied")
        }
        let policy = Self.policy([:])
        #expect(try await fixture.error("PutBucketPolicy", ["Policy": policy])?.code == "AccessDenied")
        let expected: JSON.Object = ["Key": "k", "ExpectedBucketOwner": "333333333333"]
        #expect(try await fixture.error("GetObject", expected)?.code == "AccessDenied")
        #expect(
            try await fixture.error("GetObject", ["Key": "k", "ExpectedBucketOwner": .string(Fixture.account)]) == nil
        )
    }

    @Test func `what may not be listed is not said to be missing`() async throws {
        let fixture = try await opened()
        try await fixture.send("PutBucketPolicy", ["Policy": Self.policy([:])])
        #expect(try await fixture.error("GetObject", ["Key": "none"], as: Self.anonymous)?.code == "AccessDenied")
    }
}
