import AWSProtocol
import JSON
import NIOCore
import Testing

@Suite struct AnswerTests {
    private let caller = Caller(account: "000000000000", region: "eu-west-1")

    private func routed(_ operation: Operation, method: String = "GET", cbor: Bool = false) throws -> RoutedRequest {
        let model = try #require(ServiceModels.model(signingName: operation.service))
        let operationModel = try #require(model.operation(operation.name))
        var headers: HTTPHeaderList = ["Host": "localhost"]
        var target = operationModel.uri.replacing("{Bucket}", with: "b").replacing("{Key+}", with: "k")
            .replacing("{FunctionName}", with: "f")
        if operation.name == "CopyObject" { headers["x-amz-copy-source"] = "b/k" }
        var method = operationModel.method
        if let prefix = model.targetPrefix {
            headers["X-Amz-Target"] = "\(prefix).\(operation.name)"
            headers["Content-Type"] =
                model.wireProtocol == .awsJSON10 ? "application/x-amz-json-1.0" : "application/x-amz-json-1.1"
            if cbor {
                headers = ["Host": "localhost", "smithy-protocol": "rpc-v2-cbor"]
                target = "/service/\(prefix)/operation/\(operation.name)"
            }
        } else if model.wireProtocol == .query {
            target = "/?Action=\(operation.name)&Version=\(model.apiVersion)"
            method = "POST"
        }
        return try RequestRouter().route(HTTPRequestHead(method: method, target: target, headers: headers))
    }

    private func answer(_ operation: Operation, _ response: AWSResponse) throws -> HTTPAnswer {
        let request = AWSRequest(operation, caller: caller, requestID: "id")
        return try routed(operation).answer(response, to: request)
    }

    struct Golden: Sendable, CustomTestStringConvertible {
        var operation: Operation
        var output: JSON.Object
        var text: String

        var testDescription: String { operation.description }
    }

    private static let s3 = #" xmlns="http://s3.amazonaws.com/doc/2006-03-01/""#
    private static let declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"

    static let goldens = [
        Golden(
            operation: "s3:ListBuckets",
            output: ["Buckets": [["Name": "b", "CreationDate": 1_682_944_496.5]], "Owner": ["ID": "o"]],
            text: declaration + "<ListAllMyBucketsResult\(s3)><Buckets><Bucket><Name>b</Name>"
                + "<CreationDate>2023-05-01T12:34:56.500Z</CreationDate></Bucket></Buckets><Owner><ID>o</ID></Owner>"
                + "</ListAllMyBucketsResult>"
        ),
        Golden(
            operation: "s3:ListObjectsV2",
            output: [
                "IsTruncated": false, "Name": "b", "Prefix": "", "KeyCount": 2,
                "Contents": [["Key": "a&b", "Size": 1, "ETag": "\"e\""], ["Key": "<c>"]],
                "CommonPrefixes": [["Prefix": "p/"]],
            ],
            text: declaration + "<ListBucketResult\(s3)><IsTruncated>false</IsTruncated><Contents><Key>a&amp;b</Key>"
                + "<ETag>&quot;e&quot;</ETag><Size>1</Size></Contents>"
                + "<Contents><Key>&lt;c&gt;</Key></Contents><Name>b</Name>"
                + "<Prefix></Prefix><CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes><KeyCount>2</KeyCount>"
                + "</ListBucketResult>"
        ),
        Golden(
            operation: "s3:GetBucketLocation",
            output: ["LocationConstraint": "eu-west-1"],
            text: declaration + "<LocationConstraint\(s3)>eu-west-1</LocationConstraint>"
        ),
        Golden(
            operation: "s3:GetBucketLocation",
            output: [:],
            text: declaration + "<LocationConstraint\(s3)></LocationConstraint>"
        ),
        Golden(
            operation: "s3:CopyObject",
            output: ["CopyObjectResult": ["ETag": "e", "LastModified": 0]],
            text: declaration
                + "<CopyObjectResult\(s3)><ETag>e</ETag><LastModified>1970-01-01T00:00:00.000Z</LastModified>"
                + "</CopyObjectResult>"
        ),
        Golden(
            operation: "s3:GetBucketAcl",
            output: ["Grants": [["Grantee": ["Type": "CanonicalUser", "ID": "o"], "Permission": "READ"]]],
            text: declaration + "<AccessControlPolicy\(s3)><AccessControlList><Grant>"
                + #"<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser">"#
                + "<ID>o</ID></Grantee>"
                + "<Permission>READ</Permission></Grant></AccessControlList></AccessControlPolicy>"
        ),
        Golden(operation: "s3:GetBucketPolicy", output: ["Policy": #"{"a":1}"#], text: #"{"a":1}"#),
        Golden(
            operation: "states:StartExecution",
            output: ["executionArn": "a", "startDate": 1_682_944_496.789],
            text: #"{"executionArn":"a","startDate":1682944496.789}"#
        ),
        Golden(
            operation: "sts:GetCallerIdentity",
            output: ["UserId": "u", "Account": "1", "Arn": "a"],
            text:
                #"<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">"#
                + "<GetCallerIdentityResult>"
                + "<UserId>u</UserId><Account>1</Account><Arn>a</Arn></GetCallerIdentityResult>"
                + "<ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
        ),
        Golden(
            operation: "iam:ListUsers",
            output: [
                "Users": [["UserName": "n", "CreateDate": 1_682_944_496, "Tags": [["Key": "k", "Value": "v"]]]],
                "IsTruncated": false,
            ],
            text:
                #"<ListUsersResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">"#
                + "<ListUsersResult><Users><member>"
                + "<UserName>n</UserName><CreateDate>2023-05-01T12:34:56Z</CreateDate><Tags><member><Key>k</Key>"
                + "<Value>v</Value></member></Tags></member></Users><IsTruncated>false</IsTruncated></ListUsersResult>"
                + "<ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></ListUsersResponse>"
        ),
        Golden(
            operation: "iam:DeleteUser",
            output: [:],
            text: #"<DeleteUserResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">"#
                + "<ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></DeleteUserResponse>"
        ),
    ]

    @Test(arguments: goldens)
    func `An answer is written as AWS writes it`(_ golden: Golden) async throws {
        let answer = try answer(golden.operation, AWSResponse(golden.output))
        #expect(answer.status == 200)
        let text = try await answer.text()
        #expect(text == golden.text)
    }

    @Test func `Members go into headers and status`() async throws {
        let output: JSON.Object = [
            "ETag": "e", "ContentLength": 3, "LastModified": 1_682_944_496, "Metadata": ["colour": "blue"],
            "DeleteMarker": false,
        ]
        let get = try answer("s3:GetObject", AWSResponse(output, body: Body("abc"), status: 206))
        #expect(get.status == 206)
        #expect(get.headers["etag"] == "e")
        #expect(get.headers["last-modified"] == "Mon, 01 May 2023 12:34:56 GMT")
        #expect(get.headers["x-amz-meta-colour"] == "blue")
        #expect(get.headers["x-amz-delete-marker"] == "false")
        #expect(get.headers["x-amz-request-id"] == "id")
        #expect(get.headers["content-length"] == nil)
        #expect(try await get.text() == "abc")
        let head = try answer("s3:HeadObject", AWSResponse(output))
        #expect(head.headers["content-length"] == "3")
        let invoke = try answer(
            "lambda:Invoke",
            AWSResponse(
                ["StatusCode": 200, "FunctionError": "Unhandled", "ExecutedVersion": "$LATEST"],
                body: Body("{}")
            )
        )
        #expect(invoke.headers["X-Amz-Function-Error"] == "Unhandled")
        #expect(invoke.headers["x-amzn-requestid"] == "id")
        #expect(try await invoke.text() == "{}")
        #expect(try answer("s3:DeleteObject", AWSResponse()).status == 204)
        #expect(try answer("lambda:Invoke", AWSResponse(["StatusCode": 202])).status == 202)
    }

    struct Failure: Sendable {
        var operation: Operation
        var error: AWSError
        var text: String
        var type: String?
    }

    static let failures = [
        Failure(
            operation: "s3:GetObject",
            error: AWSError("NoSuchKey", "The specified key does not exist.", status: 404, fields: ["Key": "a<b"]),
            text: declaration + "<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message>"
                + "<Key>a&lt;b</Key><RequestId>id</RequestId><HostId>dHJhaW55YXJkL2lk</HostId></Error>"
        ),
        Failure(operation: "s3:HeadObject", error: AWSError("NoSuchKey", "m", status: 404), text: ""),
        Failure(operation: "s3:GetObject", error: AWSError("NotModified", "m", status: 304), text: ""),
        Failure(
            operation: "lambda:GetFunction",
            error: AWSError("ResourceNotFoundException", "Function not found: a", status: 404),
            text: #"{"Type":"User","Message":"Function not found: a"}"#,
            type: "ResourceNotFoundException"
        ),
        Failure(
            operation: "states:DescribeExecution",
            error: AWSError("ExecutionDoesNotExist", "m"),
            text: #"{"__type":"ExecutionDoesNotExist","message":"m"}"#,
            type: "ExecutionDoesNotExist"
        ),
        Failure(
            operation: "sagemaker:DescribeModel",
            error: AWSError("ResourceNotFound", "m"),
            text: #"{"__type":"ResourceNotFound","Message":"m"}"#
        ),
        Failure(
            operation: "iam:GetUser",
            error: AWSError("NoSuchEntity", "m", status: 404),
            text: #"<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type>"#
                + "<Code>NoSuchEntity</Code><Message>m</Message></Error><RequestId>id</RequestId></ErrorResponse>"
        ),
    ]

    @Test(arguments: failures)
    func `An error is written as the protocol's clients expect it`(_ failure: Failure) async throws {
        let routed = try routed(failure.operation)
        for answer in [
            routed.answer(failure.error, requestID: "id"),
            RequestRouter().answer(failure.error, to: routed.head, requestID: "id"),
        ] {
            #expect(answer.status == failure.error.status)
            if let type = failure.type { #expect(answer.headers["x-amzn-errortype"] == type) }
            let text = try await answer.text()
            #expect(text == failure.text || text == failure.text.replacing("Message", with: "message"))
        }
    }

    @Test func `CBOR is answered to those who speak it`() async throws {
        let routed = try routed("states:StartExecution", cbor: true)
        let request = AWSRequest("states:StartExecution", caller: caller, requestID: "id")
        let answer = try routed.answer(AWSResponse(["executionArn": "a", "startDate": 1.5]), to: request)
        let bytes = Array(buffer: try await answer.body.collect(upTo: 100))
        let expected: [UInt8] =
            [0xA2, 0x6C] + Array("executionArn".utf8) + [0x61, 0x61, 0x69] + Array("startDate".utf8)
            + [0xC1, 0xFB, 0x3F, 0xF8, 0, 0, 0, 0, 0, 0]
        #expect(bytes == expected)
        #expect(answer.headers["smithy-protocol"] == "rpc-v2-cbor")
        #expect(answer.headers["content-type"] == "application/cbor")
        let body: [UInt8] = [0xBF, 0x64] + Array("name".utf8) + [0x7F, 0x61, 0x61, 0x61, 0x62, 0xFF, 0xFF]
        let parsed = try await routed.parse(Body(body), caller: caller)
        #expect(parsed.input == ["name": "ab"])
    }
}
