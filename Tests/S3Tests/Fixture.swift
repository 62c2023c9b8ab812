import AWSProtocol
import JSON
import NIOCore
import S3
import ServiceTesting
import Testing

/// A service over a store of its own, with a bucket `b`.
struct Fixture: Sendable {
    static let account = "111111111111"

    let temporary: TemporaryStore
    let clock = ManualClock()
    let aws = RecordingCaller()
    let service: S3Service
    var caller = Caller(account: Fixture.account, region: "us-east-1")

    init(bucket: String? = "b-1") async throws {
        temporary = try TemporaryStore(migrations: S3Service.migrations, clock: clock)
        service = S3Service(store: temporary.store, aws: aws, clock: clock, logger: temporary.logger)
        if let bucket { try await send("CreateBucket", ["Bucket": .string(bucket)]) }
    }

    /// What `lambda:GetPolicy` answers of a function that S3 may invoke under these conditions.
    static func invocationPolicy(_ conditions: JSON = [:]) -> JSON.Object {
        let statement: JSON = [
            "Effect": "Allow", "Principal": ["Service": "s3.amazonaws.com"], "Action": "lambda:InvokeFunction",
            "Condition": conditions,
        ]
        return ["Policy": .string((["Statement": [statement]] as JSON).serialized())]
    }

    /// Sends a request; the bucket is `b-1` unless the input says another.
    @discardableResult
    func send(
        _ operation: String,
        _ input: JSON.Object = [:],
        body: Body? = nil,
        as caller: Caller? = nil
    ) async throws -> AWSResponse {
        let handler = try #require(service.operations[operation])
        let input: JSON.Object = (["Bucket": "b-1"] as JSON.Object).merging(input)
        let operation = Operation("s3", operation)
        return try await handler(AWSRequest(operation, input, body: body, caller: caller ?? self.caller))
    }

    /// The error that a request is answered with.
    func error(
        _ operation: String,
        _ input: JSON.Object = [:],
        body: Body? = nil,
        as caller: Caller? = nil
    ) async throws -> AWSError? {
        do {
            try await send(operation, input, body: body, as: caller)
            return nil
        } catch let error as AWSError {
            return error
        }
    }

    func put(_ key: String, _ text: String = "x", _ input: JSON.Object = [:]) async throws {
        try await send("PutObject", (["Key": .string(key)] as JSON.Object).merging(input), body: Body(text))
    }

    /// The bytes of an object as text.
    func text(_ key: String, _ input: JSON.Object = [:]) async throws -> String {
        try await send("GetObject", (["Key": .string(key)] as JSON.Object).merging(input)).text()
    }

    /// Uploads parts and completes them.
    @discardableResult
    func upload(_ key: String, parts: [[UInt8]], _ input: JSON.Object = [:]) async throws -> AWSResponse {
        let created = try await send("CreateMultipartUpload", (["Key": .string(key)] as JSON.Object).merging(input))
        let upload = try #require(created.output["UploadId"])
        var listed: [JSON] = []
        for (index, bytes) in parts.enumerated() {
            let number = JSON.integer(index + 1)
            let members: JSON.Object = ["Key": .string(key), "UploadId": upload, "PartNumber": number]
            let part = try await send("UploadPart", members, body: Body(bytes))
            var element: JSON.Object = ["PartNumber": number, "ETag": try #require(part.output["ETag"])]
            for algorithm in ChecksumAlgorithm.allCases {
                element[algorithm.memberName] = part.output[algorithm.memberName]
            }
            listed.append(.object(element))
        }
        return try await send(
            "CompleteMultipartUpload",
            ["Key": .string(key), "UploadId": upload, "MultipartUpload": ["Parts": .array(listed)]]
        )
    }
}

extension AWSResponse {
    func text() async throws -> String {
        guard let body else { return "" }
        return String(buffer: try await body.collect(upTo: 1 << 30))
    }

    func bytes() async throws -> [UInt8] {
        guard let body else { return [] }
        return Array(buffer: try await body.collect(upTo: 1 << 30))
    }

    subscript(_ member: String) -> JSON? { output[member] }
}

/// Bytes that do not repeat every 256.
func pattern(_ count: Int, seed: UInt32 = 1) -> [UInt8] {
    var state = seed
    return (0..<count).map { _ in
        state = state &* 1_664_525 &+ 1_013_904_223
        return UInt8(truncatingIfNeeded: state >> 24)
    }
}
