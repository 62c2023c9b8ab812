import AWSProtocol
import JSON
import ServiceTesting
import Store
import Synchronization
import Testing

@testable import CloudFormation

/// CloudFormation over a store of its own; buckets and log groups are what the recorded calls say.
struct Fixture {
    let temporary: TemporaryStore
    let aws = RecordingCaller()
    let service: CloudFormationService
    let caller = Caller(account: "000000000000", region: "us-east-1")

    init(directory: TemporaryDirectory? = nil) throws {
        temporary = try TemporaryStore(migrations: CloudFormationService.migrations, directory: directory)
        service = CloudFormationService(
            store: temporary.store,
            aws: aws,
            clock: ManualClock(),
            logger: temporary.logger
        )
        for operation in [
            "s3:CreateBucket", "s3:DeleteBucket", "s3:PutBucketTagging", "s3:PutBucketVersioning",
            "logs:CreateLogGroup",
            "logs:DeleteLogGroup", "logs:PutRetentionPolicy",
        ] as [Operation] {
            aws.answer(operation, with: [:])
        }
    }

    @discardableResult
    func call(_ operation: String, _ input: JSON.Object = [:]) async throws -> JSON {
        let handler = try #require(service.operations[operation])
        let request = AWSRequest(Operation("cloudformation", operation), input, caller: caller)
        return .object(try await handler(request).output)
    }

    func failure(_ operation: String, _ input: JSON.Object) async -> String {
        do {
            try await call(operation, input)
            return "no error"
        } catch {
            return "\(error)"
        }
    }

    /// Calls, and waits until the stack `s` has come to rest.
    @discardableResult
    func deploy(_ operation: String, _ template: String, _ more: JSON.Object = [:]) async throws -> JSON {
        let input: JSON.Object = ["StackName": "s", "TemplateBody": .string(template)]
        let answer = try await call(operation, input.merging(more))
        await service.finish(answer["StackId"]?.stringValue ?? "")
        return try await stack()
    }

    func stack() async throws -> JSON {
        try #require(try await call("DescribeStacks", ["StackName": "s"])["Stacks"]?[0])
    }

    /// The events from the first on, as `LogicalId STATUS`.
    func events() async throws -> [String] {
        let events = try await call("DescribeStackEvents", ["StackName": "s"])["StackEvents"]?.arrayValue ?? []
        return events.reversed().map {
            "\($0["LogicalResourceId"]?.stringValue ?? "") \($0["ResourceStatus"]?.stringValue ?? "")"
        }
    }

    func operations() -> [String] { aws.requests().map { $0.operation.name } }
}

private let twoResources = """
    Resources:
      Group: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: !Sub "/x/${Bucket}", RetentionInDays: "7"}}
      Bucket: {Type: AWS::S3::Bucket}
    Outputs:
      Name: {Value: !Ref Bucket, Export: {Name: shared}}
      Group: {Value: !GetAtt Group.Arn}
    """

@Suite struct StackTests {
    @Test func `a stack's resources are made in the order of their needs`() async throws {
        let fixture = try Fixture()
        let stack = try await fixture.deploy("CreateStack", twoResources, ["Tags": [["Key": "team", "Value": "a"]]])
        #expect(stack["StackStatus"] == "CREATE_COMPLETE")
        #expect(
            try await fixture.events() == [
                "s CREATE_IN_PROGRESS", "Bucket CREATE_IN_PROGRESS", "Bucket CREATE_COMPLETE",
                "Group CREATE_IN_PROGRESS",
                "Group CREATE_COMPLETE", "s CREATE_COMPLETE",
            ]
        )
        let bucket = try #require(fixture.aws.requests(of: "s3:CreateBucket").first?.input["Bucket"]?.stringValue)
        #expect(bucket.hasPrefix("s-bucket-") && bucket.count == 21 && bucket == bucket.lowercased())
        #expect(stack["Outputs"]?[1]?["OutputValue"] == .string(bucket))
        #expect(
            stack["Outputs"]?[0]?["OutputValue"]
                == .string("arn:aws:logs:us-east-1:000000000000:log-group:/x/\(bucket):*")
        )
        #expect(fixture.aws.requests(of: "logs:PutRetentionPolicy").first?.input["retentionInDays"] == 7)
        let exports = try await fixture.call("ListExports")["Exports"]?.arrayValue
        #expect(exports?.map { $0["Value"] } == [.string(bucket)])
    }

    @Test func `what fails is rolled back, and the stack says why`() async throws {
        let fixture = try Fixture()
        fixture.aws.answer("logs:CreateLogGroup") { _ throws(AWSError) in
            throw AWSError("ResourceAlreadyExistsException", "The specified log group already exists")
        }
        let stack = try await fixture.deploy("CreateStack", twoResources)
        #expect(stack["StackStatus"] == "ROLLBACK_COMPLETE")
        #expect(fixture.operations() == ["CreateBucket", "CreateLogGroup", "DeleteBucket"])
        let events = try await fixture.call("DescribeStackEvents", ["StackName": "s"])["StackEvents"]?.arrayValue ?? []
        let failed = try #require(events.first { $0["ResourceStatus"] == "CREATE_FAILED" })
        #expect(
            failed["ResourceStatusReason"]?.stringValue?.hasPrefix(
                "Resource handler returned message: \"The specified log group already exists"
            ) == true
        )
        let rollback = events.first { $0["ResourceStatus"] == "ROLLBACK_IN_PROGRESS" }
        #expect(
            rollback?["ResourceStatusReason"]
                == "The following resource(s) failed to create: [Group]. Rollback requested by user."
        )
    }

    @Test func `an unknown property fails in AWS's words, before anything is called`() async throws {
        let fixture = try Fixture()
        try await fixture.deploy("CreateStack", "Resources: {B: {Type: AWS::S3::Bucket, Properties: {Nmae: x}}}")
        #expect(fixture.operations().isEmpty)
        let events = try await fixture.call("DescribeStackEvents", ["StackName": "s"])["StackEvents"]?.arrayValue ?? []
        #expect(
            events.first { $0["ResourceStatus"] == "CREATE_FAILED" }?["ResourceStatusReason"]
                == "Properties validation failed for resource B with message:\n#: extraneous key [Nmae] is not permitted"
        )
    }

    @Test func `an update changes, replaces, adds and removes`() async throws {
        let fixture = try Fixture()
        try await fixture.deploy(
            "CreateStack",
            """
            Resources:
              Same: {Type: AWS::S3::Bucket}
              Changed: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: a}}
              Replaced: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: b}}
              Gone: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: c}}
            """
        )
        let count = fixture.operations().count
        let stack = try await fixture.deploy(
            "UpdateStack",
            """
            Resources:
              Same: {Type: AWS::S3::Bucket}
              Changed: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: a, RetentionInDays: 1}}
              Replaced: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: b2}}
              New: {Type: AWS::S3::Bucket, Properties: {BucketName: new}}
            """
        )
        #expect(stack["StackStatus"] == "UPDATE_COMPLETE")
        let calls = fixture.aws.requests().dropFirst(count).map {
            "\($0.operation.name) \($0.input["logGroupName"]?.stringValue ?? $0.input["Bucket"]?.stringValue ?? "")"
        }
        #expect(
            calls == [
                "PutRetentionPolicy a", "CreateLogGroup b2", "CreateBucket new", "DeleteLogGroup c", "DeleteLogGroup b",
            ]
        )
        #expect(
            await fixture.failure("UpdateStack", ["StackName": "s", "UsePreviousTemplate": true]).hasSuffix(
                "No updates are to be performed."
            )
        )
    }

    @Test func `a failed update goes back to what was`() async throws {
        let fixture = try Fixture()
        try await fixture.deploy(
            "CreateStack",
            "Resources: {G: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: a}}}"
        )
        fixture.aws.answer("s3:CreateBucket") { _ throws(AWSError) in
            throw AWSError("BucketAlreadyExists", "taken", status: 409)
        }
        let stack = try await fixture.deploy(
            "UpdateStack",
            """
            Resources:
              G: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: b}}
              B: {Type: AWS::S3::Bucket, DependsOn: G, Properties: {BucketName: taken}}
            """
        )
        #expect(stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE")
        let deleted = fixture.aws.requests(of: "logs:DeleteLogGroup").map { $0.input["logGroupName"] }
        #expect(deleted == ["b"])
        #expect(fixture.aws.requests(of: "s3:DeleteBucket").isEmpty)
        let resources = try await fixture.call("ListStackResources", ["StackName": "s"])["StackResourceSummaries"]
        #expect(resources?.arrayValue?.map { $0["PhysicalResourceId"] } == ["a"])
    }

    @Test func `deleting keeps what is to be retained`() async throws {
        let fixture = try Fixture()
        let made = try await fixture.deploy(
            "CreateStack",
            """
            Resources:
              Kept: {Type: AWS::S3::Bucket, DeletionPolicy: Retain}
              Gone: {Type: AWS::Logs::LogGroup}
            """
        )
        try await fixture.call("DeleteStack", ["StackName": "s"])
        let id = try #require(made["StackId"]?.stringValue)
        await fixture.service.finish(id)
        #expect(
            await fixture.failure("DescribeStacks", ["StackName": "s"])
                == "ValidationError: Stack with id s does not exist"
        )
        let stack = try await fixture.call("DescribeStacks", ["StackName": .string(id)])["Stacks"]?[0]
        #expect(stack?["StackStatus"] == "DELETE_COMPLETE")
        #expect(fixture.operations().filter { $0.hasPrefix("Delete") } == ["DeleteLogGroup"])
    }

    @Test func `an operation that was cut off is taken up at the next start`() async throws {
        let fixture = try Fixture()
        let hangs = Mutex<[CheckedContinuation<Void, Never>]>([])
        fixture.aws.answer("logs:CreateLogGroup") { _ throws(AWSError) in
            await withCheckedContinuation { continuation in hangs.withLock { $0.append(continuation) } }
            throw AWSError("Gone", "the process ended")
        }
        let id = try await fixture.call("CreateStack", ["StackName": "s", "TemplateBody": .string(twoResources)])[
            "StackId"
        ]
        while hangs.withLock({ $0.isEmpty }) { await Task.yield() }
        #expect(try await fixture.stack()["StackStatus"] == "CREATE_IN_PROGRESS")
        // The next process finds the store as this one left it.
        let next = CloudFormationService(
            store: fixture.temporary.store,
            aws: try Fixture().aws,
            clock: ManualClock(),
            logger: fixture.temporary.logger
        )
        try await next.start()
        await next.finish(try #require(id?.stringValue))
        #expect(try await fixture.stack()["StackStatus"] == "CREATE_COMPLETE")
        hangs.withLock { for continuation in $0 { continuation.resume() } }
        await fixture.service.finish(try #require(id?.stringValue))
    }
}

@Suite struct ChangeSetTests {
    @Test func `a change set makes a stack`() async throws {
        let fixture = try Fixture()
        let input: JSON.Object = ["StackName": "s", "ChangeSetName": "c", "TemplateBody": .string(twoResources)]
        let made = try await fixture.call("CreateChangeSet", input.merging(["ChangeSetType": "CREATE"]))
        let id = try #require(made["StackId"]?.stringValue)
        #expect(try await fixture.stack()["StackStatus"] == "REVIEW_IN_PROGRESS")
        let set = try await fixture.call("DescribeChangeSet", ["ChangeSetName": made["Id"] ?? ""])
        #expect(set["Status"] == "CREATE_COMPLETE")
        #expect(
            set["Changes"]?.arrayValue?.map { $0["ResourceChange"]?["LogicalResourceId"] } == ["Bucket", "Group"]
        )
        try await fixture.call("ExecuteChangeSet", ["StackName": "s", "ChangeSetName": "c"])
        await fixture.service.finish(id)
        #expect(try await fixture.stack()["StackStatus"] == "CREATE_COMPLETE")
        #expect(
            await fixture.failure("ExecuteChangeSet", ["StackName": "s", "ChangeSetName": "c"]).contains(
                "EXECUTE_COMPLETE"
            )
        )
        try await fixture.call("CreateChangeSet", input.merging(["ChangeSetName": "d"]))
        let none = try await fixture.call("DescribeChangeSet", ["StackName": "s", "ChangeSetName": "d"])
        #expect(none["Status"] == "FAILED")
        #expect(
            none["StatusReason"]?.stringValue?.hasPrefix("The submitted information didn't contain changes.") == true
        )
    }

    @Test func `a replacement changes what refers to it`() async throws {
        let fixture = try Fixture()
        let template = """
            Parameters: {Name: {Type: String, Default: a}}
            Resources:
              Bucket: {Type: AWS::S3::Bucket, Properties: {BucketName: !Ref Name}}
              Group: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: !Ref Bucket}}
            """
        try await fixture.deploy("CreateStack", template)
        let made = try await fixture.call(
            "CreateChangeSet",
            [
                "StackName": "s", "ChangeSetName": "c", "UsePreviousTemplate": true,
                "Parameters": [["ParameterKey": "Name", "ParameterValue": "b"]],
            ]
        )
        let set = try await fixture.call("DescribeChangeSet", ["ChangeSetName": made["Id"] ?? ""])
        let replacements = set["Changes"]?.arrayValue?.map { $0["ResourceChange"]?["Replacement"] }
        #expect(replacements == ["True", "Conditional"])
    }

    @Test(arguments: [
        ("UpdateStack", "ValidationError: Stack [s] does not exist"),
        ("CreateChangeSet", "ValidationError: Stack [s] does not exist"),
        ("GetTemplate", "ValidationError: Stack with id s does not exist"),
        ("ListStackResources", "ValidationError: Stack with id s does not exist"),
        ("DescribeStackEvents", "ValidationError: Stack [s] does not exist"),
        ("DeleteStack", "no error"),
    ])
    func `a stack that is not there`(operation: String, error: String) async throws {
        let fixture = try Fixture()
        var input: JSON.Object = ["StackName": "s", "TemplateBody": .string(twoResources)]
        if operation == "CreateChangeSet" { input["ChangeSetName"] = "c" }
        #expect(await fixture.failure(operation, input) == error)
    }

    @Test func `resources that grant rights have to be acknowledged`() async throws {
        let fixture = try Fixture()
        let template: JSON = """
            {"Resources": {"R": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "r", "AssumeRolePolicyDocument": {}}}}}
            """
        let input: JSON.Object = ["StackName": "s", "TemplateBody": template, "Capabilities": ["CAPABILITY_IAM"]]
        #expect(
            await fixture.failure("CreateStack", input)
                == "InsufficientCapabilitiesException: Requires capabilities : [CAPABILITY_NAMED_IAM]"
        )
    }
}
