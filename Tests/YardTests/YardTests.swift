import AWSProtocol
import JSON
import Logging
import NIOCore
import Store
import Testing
import Yard

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite struct YardTests {
    @Test func `a call in process and a request over HTTP reach the same state`() async throws {
        try await Yard.testing { yard in
            try await yard.call("s3:CreateBucket", ["Bucket": "data"], as: yard.caller)
            let put = try await yard.http("PUT", "/data/a.txt", body: "hello", signedFor: "s3")
            #expect(put.status == 200)
            let response = try await yard.send(
                AWSRequest("s3:GetObject", ["Bucket": "data", "Key": "a.txt"], caller: yard.caller)
            )
            let bytes = try await #require(response.body).collect(upTo: 100)
            #expect(String(buffer: bytes) == "hello")
        }
    }

    @Test func `an operation that is not served says so with its name`() async throws {
        try await Yard.testing { yard in
            let error = await #expect(throws: AWSError.self) {
                try await yard.call("sqs:SendMessage", as: yard.caller)
            }
            #expect(error?.status == 501)
            #expect(error?.message.contains("sqs:SendMessage") == true)
        }
    }

    @Test func `input is held against the model for calls in process too`() async throws {
        try await Yard.testing { yard in
            await #expect(throws: AWSError.self) {
                try await yard.call("logs:CreateLogGroup", ["logGroupName": ""], as: yard.caller)
            }
        }
    }

    @Test func `what was answered is there after the yard has been stopped and started`() async throws {
        let directory = FileManager.default.temporaryDirectory.path + "/trainyard-" + RandomText.uuid()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try await Yard.testing(configure: { $0.dataDirectory = directory }) { yard in
            try await yard.call("s3:CreateBucket", ["Bucket": "kept"], as: yard.caller)
        }
        try await Yard.testing(configure: { $0.dataDirectory = directory }) { yard in
            try await yard.call("s3:HeadBucket", ["Bucket": "kept"], as: yard.caller)
        }
    }

    @Test(arguments: [
        "/_trainyard/reset", "/moto-api/reset", "/_localstack/state/reset", "/_ministack/reset",
    ])
    func `reset empties the yard`(path: String) async throws {
        try await Yard.testing { yard in
            try await yard.call("s3:CreateBucket", ["Bucket": "gone"], as: yard.caller)
            #expect(try await yard.http("POST", path).status == 200)
            let buckets = try await yard.call("s3:ListBuckets", as: yard.caller)
            #expect(buckets["Buckets"]?.arrayValue?.isEmpty ?? true)
        }
    }

    @Test func `a directory or a port that is in use is refused in one line`() async throws {
        try await Yard.testing { yard in
            var configuration = yard.configuration
            let locked = #expect(throws: StoreError.self) { try Yard(configuration, logger: Logger(label: "test")) }
            #expect(locked?.code == .inUse)

            configuration.dataDirectory += "/other"
            configuration.port = yard.endpoint.split(separator: ":").last.flatMap { Int($0) } ?? 0
            let other = try Yard(configuration, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            let taken = await #expect(throws: GatewayError.self) { try await other.start() }
            #expect(taken?.description.contains("is taken by another program") == true)
            await other.shutdown()
        }
    }

    @Test func `health lists the operations and is what LocalStack's users expect`() async throws {
        try await Yard.testing { yard in
            let own = try JSON(parsing: try await yard.http("GET", "/_trainyard/health").text)
            #expect(own["services"]?["s3"]?.arrayValue?.contains("PutObject") == true)
            #expect(own["version"]?.stringValue == Yard.version)
            let local = try JSON(parsing: try await yard.http("GET", "/_localstack/health").text)
            #expect(local["services"]?["s3"] == "running")
            #expect(local["services"]?["stepfunctions"] == "running")
        }
    }
}
