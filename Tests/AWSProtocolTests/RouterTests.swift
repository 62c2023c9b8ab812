import AWSProtocol
import JSON
import Testing

@Suite struct RouterTests {
    struct Route: Sendable, CustomTestStringConvertible {
        var method = "GET"
        var target: String
        var headers: HTTPHeaderList = [:]
        var host = "localhost:4566"
        /// The operation, or the error's code.
        var answer: String
        var bucket: String?
        var key: String?

        var testDescription: String { "\(method) \(host)\(target)" }
    }

    private static func signed(_ service: String) -> HTTPHeaderList {
        [
            "Authorization":
                "AWS4-HMAC-SHA256 Credential=test/20230501/eu-west-1/\(service)/aws4_request, "
                + "SignedHeaders=host, Signature=0"
        ]
    }

    static let rest = [
        Route(target: "/", answer: "s3:ListBuckets"),
        Route(target: "/b", answer: "s3:ListObjects", bucket: "b"),
        Route(target: "/b/", answer: "s3:ListObjects", bucket: "b"),
        Route(target: "/b?list-type=2", answer: "s3:ListObjectsV2", bucket: "b"),
        Route(target: "/b?list-type=1", answer: "s3:ListObjects", bucket: "b"),
        Route(target: "/b?uploads", answer: "s3:ListMultipartUploads", bucket: "b"),
        Route(target: "/b?versions", answer: "s3:ListObjectVersions", bucket: "b"),
        Route(target: "/b?location=", answer: "s3:GetBucketLocation", bucket: "b"),
        Route(target: "/b?website", answer: "NotImplemented"),
        Route(target: "/b/k?torrent", answer: "NotImplemented"),
        Route(target: "/b/a/../b//c", answer: "s3:GetObject", bucket: "b", key: "a/../b//c"),
        Route(target: "/b/a%2Fb%20c+d", answer: "s3:GetObject", bucket: "b", key: "a/b c+d"),
        Route(target: "/b/k/", answer: "s3:GetObject", bucket: "b", key: "k/"),
        Route(target: "/b/k?x-id=GetObject", answer: "s3:GetObject", bucket: "b", key: "k"),
        Route(target: "/b/k?uploadId=u", answer: "s3:ListParts", bucket: "b", key: "k"),
        Route(method: "PUT", target: "/b/k", answer: "s3:PutObject", bucket: "b", key: "k"),
        Route(method: "PUT", target: "/b/k?partNumber=1&uploadId=u", answer: "s3:UploadPart", bucket: "b", key: "k"),
        Route(
            method: "PUT",
            target: "/b/k?partNumber=1&uploadId=u",
            headers: ["X-Amz-Copy-Source": "b/k"],
            answer: "s3:UploadPartCopy",
            bucket: "b",
            key: "k"
        ),
        Route(
            method: "PUT",
            target: "/b/k",
            headers: ["x-amz-copy-source": "b/k"],
            answer: "s3:CopyObject",
            bucket: "b",
            key: "k"
        ),
        Route(method: "POST", target: "/b?delete", answer: "s3:DeleteObjects", bucket: "b"),
        Route(method: "POST", target: "/b/k?uploads", answer: "s3:CreateMultipartUpload", bucket: "b", key: "k"),
        Route(method: "POST", target: "/b", answer: "MethodNotAllowed"),
        Route(method: "HEAD", target: "/b/k", answer: "s3:HeadObject", bucket: "b", key: "k"),
        Route(target: "/k/l", host: "b.s3.localhost:4566", answer: "s3:GetObject", bucket: "b", key: "k/l"),
        Route(target: "/", host: "b.localhost:4566", answer: "s3:ListObjects", bucket: "b"),
        Route(target: "/", host: "my.b.s3.eu-west-1.amazonaws.com", answer: "s3:ListObjects", bucket: "my.b"),
        Route(target: "/b", host: "s3.localhost.localstack.cloud:4566", answer: "s3:ListObjects", bucket: "b"),
        Route(
            target: "/k",
            host: "b.s3.localhost.localstack.cloud:4566",
            answer: "s3:GetObject",
            bucket: "b",
            key: "k"
        ),
        Route(target: "/b/k", host: "127.0.0.1:4566", answer: "s3:GetObject", bucket: "b", key: "k"),
        Route(target: "/b/k", host: "[::1]:4566", answer: "s3:GetObject", bucket: "b", key: "k"),
        Route(target: "/2015-03-31/functions/", answer: "lambda:ListFunctions"),
        Route(target: "/2015-03-31/functions/f", answer: "lambda:GetFunction"),
        Route(
            method: "POST",
            target: "/endpoints/e/invocations",
            headers: signed("sagemaker"),
            answer: "sagemaker-runtime:InvokeEndpoint"
        ),
        Route(
            method: "PUT",
            target: "/BatchPutMetrics",
            headers: signed("sagemaker"),
            answer: "sagemaker-metrics:BatchPutMetrics"
        ),
        Route(target: "/2015-03-31/functions/f/code", headers: signed("lambda"), answer: "UnknownOperationException"),
        Route(method: "POST", target: "/2015-03-31/functions/f/invocations", answer: "lambda:Invoke"),
        Route(target: "/2018-10-31/layers", headers: signed("lambda"), answer: "NotImplemented"),
        Route(target: "/2015-03-31/functions/f", headers: signed("s3"), answer: "s3:GetObject", bucket: "2015-03-31"),
    ]

    static let rpc = [
        Route(
            method: "POST",
            target: "/",
            headers: ["X-Amz-Target": "AWSStepFunctions.StartExecution"],
            answer: "states:StartExecution"
        ),
        Route(method: "POST", target: "/", headers: ["X-Amz-Target": "SageMaker.CreateApp"], answer: "NotImplemented"),
        Route(
            method: "POST",
            target: "/",
            headers: ["X-Amz-Target": "SageMaker.Foo"],
            answer: "UnknownOperationException"
        ),
        Route(method: "POST", target: "/", headers: ["X-Amz-Target": "Foo.Bar"], answer: "NotImplemented"),
        Route(
            method: "POST",
            target: "/service/AWSStepFunctions/operation/ListStateMachines",
            headers: ["smithy-protocol": "rpc-v2-cbor"],
            answer: "states:ListStateMachines"
        ),
        Route(target: "/?Action=GetCallerIdentity&Version=2011-06-15", answer: "sts:GetCallerIdentity"),
        Route(target: "/?Action=Foo&Version=2011-06-15", answer: "InvalidAction"),
        Route(method: "POST", target: "/", headers: signed("dynamodb"), answer: "NotImplemented"),
    ]

    @Test(arguments: rest + rpc)
    func `A request's operation is known by its form`(_ route: Route) async throws {
        var headers = route.headers
        headers["Host"] = route.host
        let head = HTTPRequestHead(method: route.method, target: route.target, headers: headers)
        let result = Result { () throws(AWSError) in try RequestRouter().route(head) }
        guard case .success(let routed) = result, let operation = routed.operation else {
            return #expect(result.failure?.code == route.answer)
        }
        #expect(operation.operation.description == route.answer)
        guard route.bucket != nil, operation.inputBodyMember != nil || route.method == "GET" else { return }
        let request = try await routed.parse(.empty, caller: Caller(account: "000000000000", region: "eu-west-1"))
        #expect(request.string("Bucket") == route.bucket)
        if let key = route.key { #expect(request.string("Key") == key) }
    }

    @Test func `A form names its operation, and its service by the version`() async throws {
        let head = HTTPRequestHead(
            method: "POST",
            path: "/",
            headers: ["Host": "localhost", "Content-Type": "application/x-www-form-urlencoded; charset=utf-8"]
        )
        let routed = try RequestRouter().route(head)
        #expect(routed.operation == nil)
        let body = Body("Action=CreateUser&Version=2010-05-08&UserName=a%2Bb+c&Tags.member.2.Key=y&Tags.member.1.Key=x")
        let request = try await routed.parse(body, caller: Caller(account: "1", region: "r"))
        #expect(request.operation == "iam:CreateUser")
        #expect(request.input == ["UserName": "a+b c", "Tags": [["Key": "x"], ["Key": "y"]]])
    }

    @Test func `Models are found by the names that Step Functions has for services and actions`() {
        #expect(ServiceModels.model(sdkID: "sfn")?.signingName == "states")
        #expect(ServiceModels.model(sdkID: "cloudwatchlogs")?.signingName == "logs")
        #expect(ServiceModels.model(sdkID: "sagemaker")?.operation(sdkAction: "createModel") != nil)
        for service in ServiceModels.all {
            #expect(ServiceModels.model(sdkID: service.sdkID) === service)
            #expect(ServiceModels.model(signingName: service.signingName) === service)
            #expect(!service.operations.isEmpty)
        }
    }
}

extension Result {
    fileprivate var failure: Failure? { if case .failure(let error) = self { error } else { nil } }
}
