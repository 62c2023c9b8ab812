import AWSProtocol
import JSON
import NIOHTTP1
import Testing

@testable import Yard

@Suite struct GatewayTests {
    private static let identity = "Action=GetCallerIdentity&Version=2011-06-15"
    private static let form: HTTPHeaderList = ["Content-Type": "application/x-www-form-urlencoded"]

    @Test func `a signed request is answered on behalf of its key's account`() async throws {
        try await Yard.testing { yard in
            let own = try await yard.http("POST", "/", headers: Self.form, body: Self.identity, signedFor: "sts")
            #expect(own.status == 200)
            #expect(own.text.contains("<Account>000000000000</Account>"))

            let other = try await yard.http(
                "POST",
                "/",
                headers: Self.form,
                body: Self.identity,
                signedFor: "sts",
                with: Credential(accessKeyID: "123456789012", secretAccessKey: "test", account: "")
            )
            #expect(other.text.contains("<Account>123456789012</Account>"))
        }
    }

    @Test func `a key made through IAM signs`() async throws {
        try await Yard.testing { yard in
            try await yard.call("iam:CreateUser", ["UserName": "ann"], as: yard.caller)
            let made = try await yard.call("iam:CreateAccessKey", ["UserName": "ann"], as: yard.caller)["AccessKey"]
            let key = Credential(
                accessKeyID: try #require(made?["AccessKeyId"]?.stringValue),
                secretAccessKey: try #require(made?["SecretAccessKey"]?.stringValue),
                account: ""
            )
            let answer = try await yard.http(
                "POST",
                "/",
                headers: Self.form,
                body: Self.identity,
                signedFor: "sts",
                with: key
            )
            #expect(answer.text.contains("arn:aws:iam::000000000000:user/ann"))
        }
    }

    @Test func `a wrong secret is refused unless the yard is open`() async throws {
        let forged = Credential(accessKeyID: "test", secretAccessKey: "guessed", account: "")
        for (isOpen, status) in [(false, 403), (true, 200)] {
            try await Yard.testing(configure: { $0.isOpen = isOpen }) { yard in
                let answer = try await yard.http(
                    "POST",
                    "/",
                    headers: Self.form,
                    body: Self.identity,
                    signedFor: "sts",
                    with: forged
                )
                #expect(answer.status == status)
            }
        }
    }

    @Test func `the unsigned reach S3 alone, which refuses them too`() async throws {
        try await Yard.testing { yard in
            let sts = try await yard.http("POST", "/", headers: Self.form, body: Self.identity)
            #expect(sts.status == 403)
            #expect(sts.text.contains("MissingAuthenticationToken"))

            try await yard.call("s3:CreateBucket", ["Bucket": "data"], as: yard.caller)
            let s3 = try await yard.http("GET", "/data/a")
            #expect(s3.status == 403)
            #expect(s3.text.contains("AccessDenied"))
        }
    }

    @Test func `a HEAD answer has the object's length and no bytes`() async throws {
        try await Yard.testing { yard in
            try await yard.call("s3:CreateBucket", ["Bucket": "data"], as: yard.caller)
            _ = try await yard.http("PUT", "/data/a", body: "hello", signedFor: "s3")
            let answer = try await yard.http("HEAD", "/data/a", signedFor: "s3")
            #expect(answer.status == 200)
            #expect(answer.headers.first(name: "content-length") == "5")
            #expect(answer.text.isEmpty)
        }
    }

    @Test func `large objects pass through in both directions`() async throws {
        let text = String(repeating: "0123456789abcdef", count: 300_000)
        try await Yard.testing { yard in
            try await yard.call("s3:CreateBucket", ["Bucket": "data"], as: yard.caller)
            #expect(try await yard.http("PUT", "/data/a", body: text, signedFor: "s3").status == 200)
            #expect(try await yard.http("GET", "/data/a", signedFor: "s3").text == text)
        }
    }

    @Test func `a browser sees a page without scripts`() async throws {
        try await Yard.testing { yard in
            let answer = try await yard.http("GET", "/", headers: ["Accept": "text/html,*/*"])
            #expect(answer.status == 200)
            #expect(answer.text.contains("<h1>Trainyard"))
            #expect(!answer.text.contains("<script"))
        }
    }

    @Test(
        arguments: [
            ("POST", "/", ["Host": "127.0.0.1:4566"], true),
            ("POST", "/", ["Host": "[::1]:4566"], true),
            ("POST", "/", ["Host": "bucket.s3.localhost.localstack.cloud:4566"], true),
            ("POST", "/", ["Host": "states.us-east-1.amazonaws.com"], true),
            ("POST", "/", ["Host": "yard.example"], true),
            ("GET", "/", ["Host": "evil.example"], false),
            ("GET", "/", ["Host": "localhost.evil.example"], false),
            ("GET", "/", ["Host": "notlocalhost"], false),
            ("POST", "/", ["Host": "localhost", "Origin": "https://evil.example"], false),
            ("POST", "/", ["Host": "localhost", "Origin": "null"], false),
            ("PUT", "/b", ["Host": "localhost", "Sec-Fetch-Site": "cross-site"], false),
            ("GET", "/?Action=CreateUser", ["Host": "localhost", "Sec-Fetch-Site": "cross-site"], false),
            ("GET", "/b/k", ["Host": "localhost", "Origin": "https://evil.example"], true),
            ("POST", "/", ["Host": "localhost:4566", "Origin": "http://localhost:3000"], true),
        ] as [(String, String, [String: String], Bool)]
    )
    func `web pages do not drive the yard`(method: String, target: String, headers: [String: String], isAdmitted: Bool)
    {
        let configuration = YardConfiguration(dataDirectory: "", hostNames: ["yard.example"])
        var list = HTTPHeaderList()
        for (name, value) in headers { list.append(name, value) }
        let head = HTTPRequestHead(method: method, target: target, headers: list)
        var refusal: AWSError?
        do { try RequestGuard(configuration).admit(head) } catch { refusal = error }
        #expect(refusal?.status == (isAdmitted ? nil : 403))
    }
}
