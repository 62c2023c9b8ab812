import AWSProtocol
import JSON
import ServiceTesting
import Store
import Testing

@testable import IAM

/// IAM and STS over a store of their own.
struct Fixture {
    static let account = "000000000000"
    static let trust =
        #"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"lambda.amazonaws.com"}}]}"#
    static let policy = #"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#

    let temporary: TemporaryStore
    let iam: IAMService
    let sts: STSService
    let clock = ManualClock()
    var caller = Caller(account: account, region: "us-east-1")

    init(directory: TemporaryDirectory? = nil) throws {
        temporary = try TemporaryStore(migrations: IAMService.migrations, directory: directory)
        let aws = RecordingCaller()
        iam = IAMService(store: temporary.store, aws: aws, clock: clock, logger: temporary.logger)
        sts = STSService(store: temporary.store, aws: aws, clock: clock, logger: temporary.logger)
    }

    @discardableResult
    func call(_ operation: String, _ input: JSON.Object = [:]) async throws -> JSON {
        let handler = try #require(iam.operations[operation] ?? sts.operations[operation])
        return .object(try await handler(AWSRequest(Operation("iam", operation), input, caller: caller)).output)
    }

    /// The error's code and message.
    func failure(_ operation: String, _ input: JSON.Object) async -> String {
        do {
            try await call(operation, input)
            return "no error"
        } catch let error as AWSError {
            return error.description
        } catch {
            return "\(error)"
        }
    }
}

@Suite struct IdentityTests {
    @Test func `a role is answered with its ARN, its id and its trust policy percent-encoded`() async throws {
        let fixture = try Fixture()
        let created = try await fixture.call(
            "CreateRole",
            ["RoleName": "article-role", "AssumeRolePolicyDocument": .string(Fixture.trust), "Path": "/team/"]
        )
        let role = try #require(created["Role"])
        #expect(role["Arn"] == "arn:aws:iam::000000000000:role/team/article-role")
        #expect(role["RoleId"]?.stringValue?.hasPrefix("AROA") == true)
        #expect(role["RoleId"]?.stringValue?.count == 21)
        #expect(role["AssumeRolePolicyDocument"]?.stringValue?.hasPrefix("%7B%22Version%22%3A%222012-10-17%22") == true)
        #expect(try await fixture.call("GetRole", ["RoleName": "article-role"])["Role"]?["MaxSessionDuration"] == 3600)
        #expect(try await fixture.call("ListRoles", ["PathPrefix": "/other/"])["Roles"] == [])
    }

    @Test(arguments: [
        ("not json", "This policy contains invalid Json"),
        (#"{"Version":"2012-10-17"}"#, "Syntax errors in policy."),
        (
            #"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole"}]}"#,
            "Missing required field Principal"
        ),
        (
            #"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":"*","Resource":"*"}]}"#,
            "Has prohibited field Resource"
        ),
        (
            #"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Principal":"*"}]}"#,
            "AssumeRole policy may only specify STS AssumeRole actions."
        ),
    ])
    func `a trust policy that is none is refused`(document: String, message: String) async throws {
        let input: JSON.Object = ["RoleName": "r", "AssumeRolePolicyDocument": .string(document)]
        #expect(try await Fixture().failure("CreateRole", input) == "MalformedPolicyDocument: \(message)")
    }

    @Test func `names are unique whatever the case of their letters`() async throws {
        let fixture = try Fixture()
        try await fixture.call("CreateUser", ["UserName": "jo"])
        #expect(
            await fixture.failure("CreateUser", ["UserName": "JO"])
                == "EntityAlreadyExists: User with name JO already exists."
        )
        #expect(
            await fixture.failure("GetRole", ["RoleName": "none"])
                == "NoSuchEntity: The role with name none cannot be found."
        )
    }

    @Test func `a role with policies cannot be deleted`() async throws {
        let fixture = try Fixture()
        let role: JSON.Object = ["RoleName": "r"]
        try await fixture.call("CreateRole", role.merging(["AssumeRolePolicyDocument": .string(Fixture.trust)]))
        let inline = role.merging(["PolicyName": "p", "PolicyDocument": .string(Fixture.policy)])
        try await fixture.call("PutRolePolicy", inline)
        let managed = role.merging(["PolicyArn": "arn:aws:iam::aws:policy/AmazonS3FullAccess"])
        try await fixture.call("AttachRolePolicy", managed)
        #expect(
            await fixture.failure("DeleteRole", role)
                == "DeleteConflict: Cannot delete entity, must detach all policies first."
        )
        #expect(
            try await fixture.call("ListAttachedRolePolicies", role)["AttachedPolicies"] == [
                ["PolicyName": "AmazonS3FullAccess", "PolicyArn": "arn:aws:iam::aws:policy/AmazonS3FullAccess"]
            ]
        )
        try await fixture.call("DetachRolePolicy", managed)
        #expect(
            await fixture.failure("DeleteRole", role)
                == "DeleteConflict: Cannot delete entity, must delete policies first."
        )
        try await fixture.call("DeleteRolePolicy", role.merging(["PolicyName": "p"]))
        try await fixture.call("DeleteRole", role)
        #expect(try await fixture.call("ListRoles")["Roles"] == [])
    }

    @Test func `a managed policy keeps five versions`() async throws {
        let fixture = try Fixture()
        let document: JSON.Object = ["PolicyDocument": .string(Fixture.policy)]
        let created = try await fixture.call("CreatePolicy", document.merging(["PolicyName": "p"]))
        let arn = try #require(created["Policy"]?["Arn"])
        #expect(arn == "arn:aws:iam::000000000000:policy/p")
        for _ in 0..<4 {
            try await fixture.call("CreatePolicyVersion", document.merging(["PolicyArn": arn, "SetAsDefault": true]))
        }
        #expect(
            await fixture.failure("CreatePolicyVersion", document.merging(["PolicyArn": arn])).hasPrefix(
                "LimitExceeded"
            )
        )
        #expect(try await fixture.call("GetPolicy", ["PolicyArn": arn])["Policy"]?["DefaultVersionId"] == "v5")
        #expect(await fixture.failure("DeletePolicy", ["PolicyArn": arn]).hasPrefix("DeleteConflict"))
    }
}

@Suite struct CredentialTests {
    @Test func `a user's key is a credential until it is made inactive`() async throws {
        let fixture = try Fixture()
        try await fixture.call("CreateUser", ["UserName": "jo"])
        let key = try #require(try await fixture.call("CreateAccessKey", ["UserName": "jo"])["AccessKey"])
        let id = try #require(key["AccessKeyId"]?.stringValue)
        #expect(id.hasPrefix("AKIA") && id.count == 20)
        let credential = try #require(try await fixture.iam.credential(accessKeyID: id))
        #expect(.string(credential.secretAccessKey) == key["SecretAccessKey"])
        #expect(credential.principal == "arn:aws:iam::000000000000:user/jo")
        try await fixture.call("UpdateAccessKey", ["UserName": "jo", "AccessKeyId": .string(id), "Status": "Inactive"])
        #expect(try await fixture.iam.credential(accessKeyID: id) == nil)
        #expect(
            await fixture.failure("DeleteUser", ["UserName": "jo"])
                == "DeleteConflict: Cannot delete entity, must delete access keys first."
        )
    }

    @Test func `a session outlives the process and costs one write for its principal`() async throws {
        let fixture = try Fixture()
        let input: JSON.Object = [
            "RoleArn": "arn:aws:iam::000000000000:role/r", "RoleSessionName": "job", "DurationSeconds": 900,
        ]
        let first = try await fixture.call("AssumeRole", input)
        let writes = fixture.temporary.store.statistics.writes
        let second = try await fixture.call("AssumeRole", input)
        #expect(fixture.temporary.store.statistics.writes == writes)
        #expect(first["AssumedRoleUser"] == second["AssumedRoleUser"])
        await fixture.temporary.store.close()

        let next = try Fixture(directory: fixture.temporary.directory)
        for session in [first, second] {
            let id = try #require(session["Credentials"]?["AccessKeyId"]?.stringValue)
            #expect(id.hasPrefix("ASIA") && id.count == 20)
            let credential = try #require(try await next.iam.credential(accessKeyID: id))
            #expect(.string(credential.secretAccessKey) == session["Credentials"]?["SecretAccessKey"])
            #expect(credential.secretAccessKey.count == 40)
            #expect(credential.sessionToken.map { .string($0) } == session["Credentials"]?["SessionToken"])
            #expect(credential.principal == "arn:aws:sts::000000000000:assumed-role/r/job")
            #expect(credential.expiration == fixture.clock.now() + .seconds(900))
        }
    }

    @Test(arguments: ["AKIAUNKNOWN", "ASIA", "ASIAAAAAAAAAAAAAAAAA", "ASIA????????????????", "test"])
    func `an unknown key has no credential`(id: String) async throws {
        let fixture = try Fixture()
        let credential = try await fixture.iam.credential(accessKeyID: id)
        withExtendedLifetime(fixture) { #expect(credential == nil) }
    }

    @Test(arguments: [
        ("arn:aws:iam::000000000000:root", "000000000000"),
        ("arn:aws:sts::000000000000:assumed-role/r/job", "AROA"),
        ("arn:aws:iam::000000000000:user/team/jo", "AIDA"),
    ])
    func `the caller learns who it is`(principal: String, id: String) async throws {
        var fixture = try Fixture()
        fixture.caller.principal = principal
        let identity = try await fixture.call("GetCallerIdentity")
        #expect(identity["Arn"] == .string(principal))
        #expect(identity["UserId"]?.stringValue?.hasPrefix(id) == true)
    }
}
