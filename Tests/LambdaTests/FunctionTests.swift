import AWSProtocol
import Archive
import Compute
import Foundation
import JSON
import NIOCore
import ServiceTesting
import Testing

@testable import Lambda

@Suite struct FunctionTests {
    private static let source = "def handler(event, context):\n    return context.invoked_function_arn\n"
    private static let arn = "arn:aws:lambda:us-east-1:000000000000:function:f"

    @Test func `a new function is described as AWS describes it`() async throws {
        try await Fixture.run { fixture in
            let members: JSON.Object = ["Tags": ["team": "iris"], "MemorySize": 256]
            let created = try await fixture.create(Self.source, members, seconds: nil)
            #expect(created.status == 201)
            let described = created.output
            #expect(described["FunctionArn"] == .string(Self.arn))
            #expect(described["Timeout"] == 3)
            #expect(described["MemorySize"] == 256)
            #expect(described["State"] == "Active")
            #expect(described["Version"] == "$LATEST")
            #expect(described["PackageType"] == "Zip")
            #expect(described["LastModified"]?.stringValue?.hasSuffix("+0000") == true)
            let got = try await fixture.call("GetFunction", ["FunctionName": .string(Self.arn)])
            #expect(got.output["Configuration"] == .object(described))
            #expect(got.output["Tags"] == ["team": "iris"])
            let list = try await fixture.call("ListFunctions", [:])
            #expect(list.output["Functions"] == [.object(described)])
        }
    }

    static let refusals: [(members: JSON.Object, code: String, message: String)] = [
        (["FunctionName": "f"], "ResourceConflictException", "Function already exist: f"),
        (
            ["Code": ["ZipFile": "bm90IGEgemlw"]], "InvalidParameterValueException",
            "Could not unzip uploaded file. Please check your file, then try to upload again."
        ),
        (["Code": ["ZipFile": ""]], "InvalidParameterValueException", "Uploaded file must be a non-empty zip"),
        (
            ["Runtime": "python3.6"], "InvalidParameterValueException",
            "The runtime parameter of python3.6 is no longer supported for creating or updating AWS Lambda functions. "
                + "We recommend you use a supported runtime while creating or updating functions."
        ),
        (
            ["Runtime": .null], "InvalidParameterValueException",
            "Runtime and Handler are mandatory parameters for functions created with deployment packages."
        ),
        (
            [
                "PackageType": "Image", "Runtime": .null, "Handler": .null,
                "Code": ["ImageUri": "1.dkr.ecr.us-east-1.amazonaws.com/x:latest"],
            ],
            "InvalidParameterValueException",
            "Source image 1.dkr.ecr.us-east-1.amazonaws.com/x:latest does not exist. Provide a valid source image."
        ),
        (
            ["Timeout": 901], "ValidationException",
            "1 validation error detected: Value '901' at 'timeout' failed to satisfy constraint: Member must have "
                + "value less than or equal to 900"
        ),
        (
            ["Environment": ["Variables": ["AWS_REGION": "x"]]], "InvalidParameterValueException",
            "Lambda was unable to configure your environment variables because the environment variables you have "
                + "provided contains reserved keys that are currently not supported for modification. Reserved keys "
                + "used in this request: AWS_REGION"
        ),
        (
            ["Code": ["S3Bucket": "b", "S3Key": "k.zip"]], "InvalidParameterValueException",
            "Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The specified key does not "
                + "exist."
        ),
    ]

    @Test(arguments: refusals)
    func `what AWS refuses is refused, and nothing stays`(members: JSON.Object, code: String, message: String)
        async throws
    {
        try await Fixture.run { fixture in
            try await fixture.create(Self.source)
            fixture.aws.answer("s3:GetObject") { _ throws(AWSError) in
                throw AWSError("NoSuchKey", "The specified key does not exist.", status: 404)
            }
            let input: JSON.Object = [
                "FunctionName": "g", "Runtime": "python3.11", "Role": Fixture.role, "Handler": "app.handler",
                "Code": ["ZipFile": try Fixture.zip(["app.py": Self.source])],
            ]
            let failure = await fixture.failure("CreateFunction", input.merging(members))
            #expect(failure?.code == code)
            #expect(failure?.message == message)
            let functions = try await fixture.call("ListFunctions", [:]).output["Functions"]
            #expect(functions?.arrayValue?.count == 1)
        }
    }

    @Test(arguments: ["../evil.py", "/etc/evil.py", "a/../../evil.py"])
    func `a package cannot leave its directory`(path: String) async throws {
        try await Fixture.run { fixture in
            let failure = await fixture.failure(
                "CreateFunction",
                [
                    "FunctionName": "g", "Runtime": "python3.11", "Role": Fixture.role, "Handler": "app.handler",
                    "Code": ["ZipFile": try Fixture.zip([path: "x"])],
                ]
            )
            #expect(failure == .couldNotUnzip)
            let left = try FileManager.default.contentsOfDirectory(atPath: fixture.host.workDirectory + "/lambda/code")
            #expect(left.isEmpty)
        }
    }

    @Test func `code comes from S3 as well`() async throws {
        try await Fixture.run { fixture in
            var writer = ZipWriter()
            try writer.addFile("app.py", Array(Self.source.utf8))
            let zip = try writer.finish()
            fixture.aws.answer("s3:GetObject") { _ throws(AWSError) in AWSResponse(body: Body(zip)) }
            try await fixture.create("", ["Code": ["S3Bucket": "b", "S3Key": "k.zip"]])
            #expect(try await fixture.invoke().json == .string(Self.arn))
        }
    }

    @Test func `names are read in every form`() throws {
        let caller = Caller(account: "000000000000", region: "us-east-1")
        for name in ["f", "function:f", "000000000000:function:f", Self.arn] {
            #expect(try FunctionReference(name, caller: caller).arn == Self.arn)
            let version = try FunctionReference("\(name):7", qualifier: "7", caller: caller)
            #expect(version.arn == Self.arn + ":7")
        }
        #expect(throws: AWSError.qualifierMismatch) { try FunctionReference("f:1", qualifier: "2", caller: caller) }
        #expect(throws: AWSError.self) { try FunctionReference("not a name", caller: caller) }
        #expect(throws: AWSError.unreachableRegion("eu-west-1", from: "us-east-1")) {
            try FunctionReference("arn:aws:lambda:eu-west-1:000000000000:function:f", caller: caller)
        }
    }

    @Test func `versions stay, aliases follow`() async throws {
        try await Fixture.run { fixture in
            try await fixture.create("def handler(event, context):\n    return 1\n")
            let first = try await fixture.call("PublishVersion", ["FunctionName": "f"])
            #expect(first.output["Version"] == "1")
            #expect(first.output["FunctionArn"] == .string(Self.arn + ":1"))
            #expect(try await fixture.call("PublishVersion", ["FunctionName": "f"]).output["Version"] == "1")
            try await fixture.call("CreateAlias", ["FunctionName": "f", "Name": "live", "FunctionVersion": "1"])
            let zip = try Fixture.zip(["app.py": "def handler(event, context):\n    return 2\n"])
            try await fixture.call("UpdateFunctionCode", ["FunctionName": "f", "ZipFile": zip, "Publish": true])
            #expect(try await fixture.invoke("{}", ["Qualifier": "live"]).payload == "1")
            #expect(try await fixture.invoke().payload == "2")
            try await fixture.call("UpdateAlias", ["FunctionName": "f", "Name": "live", "FunctionVersion": "2"])
            let answer = try await fixture.invoke("{}", ["Qualifier": "live"])
            #expect(answer.payload == "2" && answer.version == "2")
            let used = await fixture.failure("DeleteFunction", ["FunctionName": "f", "Qualifier": "2"])
            #expect(used?.message == "Version 2 is currently in use by alias(es): live")
            try await fixture.call("DeleteFunction", ["FunctionName": "f", "Qualifier": "1"])
            #expect(
                await fixture.failure("Invoke", ["FunctionName": "f:1"])?.message == "Function not found: \(Self.arn):1"
            )
            let versions = try await fixture.call("ListVersionsByFunction", ["FunctionName": "f"]).output["Versions"]
            #expect(versions?.arrayValue?.compactMap { $0["Version"]?.stringValue } == ["$LATEST", "2"])
        }
    }

    @Test func `a deleted function is gone with all it had`() async throws {
        try await Fixture.run { fixture in
            try await fixture.create(Self.source)
            try await fixture.call("DeleteFunction", ["FunctionName": "f"])
            #expect(await fixture.failure("GetFunction", ["FunctionName": "f"])?.code == "ResourceNotFoundException")
            #expect(await fixture.failure("Invoke", ["FunctionName": "f"])?.status == 404)
        }
    }

    @Test func `no reserved concurrency means no calls`() async throws {
        try await Fixture.run { fixture in
            try await fixture.create(Self.source)
            try await fixture.call(
                "PutFunctionConcurrency",
                ["FunctionName": "f", "ReservedConcurrentExecutions": 0]
            )
            let throttled = await fixture.failure("Invoke", ["FunctionName": "f"])
            #expect(throttled?.code == "TooManyRequestsException")
            #expect(throttled?.fields["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded")
            try await fixture.call("DeleteFunctionConcurrency", ["FunctionName": "f"])
            #expect(try await fixture.invoke().error == nil)
        }
    }

    @Test func `policies, tags and event configurations are kept`() async throws {
        try await Fixture.run { fixture in
            try await fixture.create(Self.source)
            let permission: JSON.Object = [
                "FunctionName": "f", "StatementId": "s3", "Action": "lambda:InvokeFunction",
                "Principal": "s3.amazonaws.com", "SourceArn": "arn:aws:s3:::bucket",
            ]
            let added = try await fixture.call("AddPermission", permission)
            #expect(
                added.output["Statement"]?.stringValue?.contains(#""Principal":{"Service":"s3.amazonaws.com"}"#) == true
            )
            #expect(await fixture.failure("AddPermission", permission)?.code == "ResourceConflictException")
            let policy = try await fixture.call("GetPolicy", ["FunctionName": "f"]).output["Policy"]?.stringValue
            #expect(policy?.hasPrefix(#"{"Version":"2012-10-17","Id":"default","Statement":[{"Sid":"s3""#) == true)
            try await fixture.call("RemovePermission", ["FunctionName": "f", "StatementId": "s3"])
            #expect(await fixture.failure("GetPolicy", ["FunctionName": "f"])?.status == 404)
            try await fixture.call("TagResource", ["Resource": .string(Self.arn), "Tags": ["a": "1", "b": "2"]])
            try await fixture.call("UntagResource", ["Resource": .string(Self.arn), "TagKeys": ["a"]])
            #expect(try await fixture.call("ListTags", ["Resource": .string(Self.arn)]).output["Tags"] == ["b": "2"])
            try await fixture.call("PutFunctionEventInvokeConfig", ["FunctionName": "f", "MaximumRetryAttempts": 0])
            let config = try await fixture.call("GetFunctionEventInvokeConfig", ["FunctionName": "f"])
            #expect(config.output["MaximumRetryAttempts"] == 0)
            #expect(config.output["FunctionArn"] == .string(Self.arn + ":$LATEST"))
        }
    }
}
