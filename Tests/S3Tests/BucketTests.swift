import AWSProtocol
import JSON
import ServiceTesting
import Testing

struct BucketTests {
    @Test(arguments: ["ab", "Upper", "a_b", "-a-b", "a..b", "192.168.1.1", "xn--abc", "abc-s3alias", "a b"])
    func `a bad name is refused`(name: String) async throws {
        let fixture = try await Fixture(bucket: nil)
        let error = try await fixture.error("CreateBucket", ["Bucket": .string(name)])
        #expect(error?.code == "InvalidBucketName")
        #expect(error?.message == "The specified bucket is not valid.")
    }

    @Test func `creating twice is fine in us-east-1 only, and another's name is taken everywhere`() async throws {
        let fixture = try await Fixture(bucket: nil)
        let other = Caller(account: "222222222222", region: "us-east-1")
        let away = fixture.caller.inRegion("eu-central-1")
        let constraint: JSON = ["LocationConstraint": "eu-central-1"]
        #expect(try await fixture.send("CreateBucket", ["Bucket": "one"])["Location"] == "/one")
        #expect(try await fixture.error("CreateBucket", ["Bucket": "one"]) == nil)
        #expect(try await fixture.error("CreateBucket", ["Bucket": "one"], as: other)?.code == "BucketAlreadyExists")
        let input: JSON.Object = ["Bucket": "two", "CreateBucketConfiguration": constraint]
        let location = try await fixture.send("CreateBucket", input, as: away)["Location"]
        #expect(location == "http://two.s3.amazonaws.com/")
        #expect(try await fixture.error("CreateBucket", input, as: away)?.code == "BucketAlreadyOwnedByYou")
        let code = try await fixture.error("CreateBucket", ["Bucket": "three"], as: away)?.code
        #expect(code == "IllegalLocationConstraintException")
        #expect(try await fixture.send("HeadBucket", ["Bucket": "two"])["BucketRegion"] == "eu-central-1")
        #expect(try await fixture.send("GetBucketLocation", ["Bucket": "two"])["LocationConstraint"] == "eu-central-1")
        #expect(try await fixture.send("GetBucketLocation", ["Bucket": "one"])["LocationConstraint"] == nil)
    }

    @Test func `a bucket with objects is not deleted`() async throws {
        let fixture = try await Fixture()
        try await fixture.put("k")
        let error = try await fixture.error("DeleteBucket")
        #expect(error?.code == "BucketNotEmpty")
        #expect(error?.status == 409)
        try await fixture.send("DeleteObject", ["Key": "k"])
        try await fixture.send("CreateMultipartUpload", ["Key": "k"])
        #expect(try await fixture.error("DeleteBucket") == nil)
        #expect(try await fixture.error("HeadBucket")?.code == "NoSuchBucket")
    }

    @Test func `an account's buckets are listed page by page`() async throws {
        let fixture = try await Fixture(bucket: nil)
        for name in ["logs-a", "logs-b", "other"] { try await fixture.send("CreateBucket", ["Bucket": .string(name)]) }
        let other = Caller(account: "222222222222", region: "us-east-1")
        try await fixture.send("CreateBucket", ["Bucket": "theirs"], as: other)
        let all = try await fixture.send("ListBuckets")
        #expect(all["Buckets"]?.arrayValue?.map { $0["Name"] } == ["logs-a", "logs-b", "other"])
        let page = try await fixture.send("ListBuckets", ["Prefix": "logs", "MaxBuckets": 1])
        #expect(page["Buckets"]?[0]?["BucketRegion"] == "us-east-1")
        let token = try #require(page["ContinuationToken"])
        let rest = try await fixture.send("ListBuckets", ["Prefix": "logs", "ContinuationToken": token])
        #expect(rest["Buckets"]?.arrayValue?.map { $0["Name"] } == ["logs-b"])
        #expect(rest["ContinuationToken"] == nil)
    }

    @Test(arguments: [
        ("Tagging", "NoSuchTagSet"), ("Policy", "NoSuchBucketPolicy"), ("Cors", "NoSuchCORSConfiguration"),
        ("LifecycleConfiguration", "NoSuchLifecycleConfiguration"), ("Encryption", nil), ("Logging", nil),
        ("NotificationConfiguration", nil), ("OwnershipControls", nil), ("Versioning", nil), ("Acl", nil),
    ])
    func `a new bucket's configuration`(name: String, code: String?) async throws {
        let fixture = try await Fixture()
        #expect(try await fixture.error("GetBucket\(name)")?.code == code)
    }

    @Test func `documents come back as they were put`() async throws {
        let fixture = try await Fixture()
        fixture.aws.answer("lambda:GetPolicy", with: Fixture.invocationPolicy())
        let rule: JSON = ["ID": "r", "Status": "Enabled", "Filter": ["Prefix": "tmp/"], "Expiration": ["Days": 3]]
        let cors: JSON = ["AllowedMethods": ["GET"], "AllowedOrigins": ["*"], "MaxAgeSeconds": 3]
        let function: JSON = [
            "Id": "f", "LambdaFunctionArn": "arn:aws:lambda:us-east-1:1:function:f", "Events": ["s3:ObjectCreated:*"],
        ]
        let cases: [(String, String, String, JSON, String, JSON)] = [
            (
                "PutBucketLifecycleConfiguration", "GetBucketLifecycleConfiguration", "LifecycleConfiguration",
                ["Rules": [rule]], "Rules", [rule]
            ), ("PutBucketCors", "GetBucketCors", "CORSConfiguration", ["CORSRules": [cors]], "CORSRules", [cors]),
            (
                "PutBucketNotificationConfiguration", "GetBucketNotificationConfiguration", "NotificationConfiguration",
                ["LambdaFunctionConfigurations": [function]], "LambdaFunctionConfigurations", [function]
            ),
            (
                "PutBucketTagging", "GetBucketTagging", "Tagging", ["TagSet": [["Key": "a", "Value": "b"]]], "TagSet",
                [["Key": "a", "Value": "b"]]
            ),
        ]
        for (put, get, member, document, answer, expected) in cases {
            try await fixture.send(put, [member: document])
            #expect(try await fixture.send(get)[answer] == expected, "\(get)")
        }
    }

    @Test func `the default encryption is told by every object`() async throws {
        let fixture = try await Fixture()
        let standard = try await fixture.send("GetBucketEncryption")["ServerSideEncryptionConfiguration"]
        #expect(standard?["Rules"]?[0]?["ApplyServerSideEncryptionByDefault"]?["SSEAlgorithm"] == "AES256")
        let rule: JSON = ["ApplyServerSideEncryptionByDefault": ["SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "key"]]
        try await fixture.send("PutBucketEncryption", ["ServerSideEncryptionConfiguration": ["Rules": [rule]]])
        try await fixture.put("k")
        let head = try await fixture.send("HeadObject", ["Key": "k"])
        #expect(head["ServerSideEncryption"] == "aws:kms")
        #expect(head["SSEKMSKeyId"] == "key")
    }

    @Test func `a bucket asked for with the ACL private takes it with its objects too`() async throws {
        let fixture = try await Fixture(bucket: nil)
        try await fixture.send("CreateBucket", ["ACL": "private"])
        try await fixture.send("PutObject", ["Key": "k", "ACL": "private"], body: Body("x"))
        let controls = try await fixture.send("GetBucketOwnershipControls").output["OwnershipControls"]
        #expect(controls?["Rules"]?[0]?["ObjectOwnership"] == "BucketOwnerPreferred")
    }

    @Test func `ACLs are off unless the bucket leaves them on`() async throws {
        let fixture = try await Fixture()
        let error = try await fixture.error("PutObject", ["Key": "k", "ACL": "public-read"], body: Body("x"))
        #expect(error?.code == "AccessControlListNotSupported")
        #expect(try await fixture.error("PutBucketAcl", ["ACL": "private"])?.code == "AccessControlListNotSupported")
        let acl = try await fixture.send("GetBucketAcl")
        #expect(acl["Grants"]?[0]?["Permission"] == "FULL_CONTROL")
        #expect(acl["Grants"]?[0]?["Grantee"]?["ID"] == acl["Owner"]?["ID"])
        try await fixture.send(
            "PutBucketOwnershipControls",
            ["OwnershipControls": ["Rules": [["ObjectOwnership": "ObjectWriter"]]]]
        )
        try await fixture.send("DeletePublicAccessBlock")
        try await fixture.send("PutObject", ["Key": "k", "ACL": "public-read"], body: Body("x"))
        let anonymous = Caller.anonymous(region: "us-east-1")
        #expect(try await fixture.error("GetObject", ["Key": "k"], as: anonymous) == nil)
        #expect(
            try await fixture.error("PutObject", ["Key": "k"], body: Body("x"), as: anonymous)?.code == "AccessDenied"
        )
    }
}
