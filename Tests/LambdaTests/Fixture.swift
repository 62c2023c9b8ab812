import AWSProtocol
import Archive
import Compute
import Foundation
import JSON
import NIOCore
import ServiceTesting
import Store
import Synchronization
import Testing

@testable import Lambda

/// A Lambda service of its own: real processes, other services played.
final class Fixture: Sendable {
    let temporary: TemporaryStore
    let aws: RecordingCaller
    let host: ComputeHost
    let service: LambdaService
    let caller = Caller(account: "000000000000", region: "us-east-1")

    init(clock: any WallClock = SystemClock()) throws {
        temporary = try TemporaryStore(migrations: LambdaService.migrations, clock: clock)
        aws = RecordingCaller()
        host = ComputeHost(workDirectory: temporary.directory.path + "/work", logger: temporary.logger)
        service = LambdaService(
            store: temporary.store,
            aws: aws,
            clock: clock,
            logger: temporary.logger,
            host: host
        )
        aws.answer("sts:AssumeRole") { _ throws(AWSError) in
            let expiration = clock.now() + .seconds(3600)
            return AWSResponse([
                "Credentials": [
                    "AccessKeyId": "ASIATEST", "SecretAccessKey": "secret", "SessionToken": "token",
                    "Expiration": expiration.json,
                ]
            ])
        }
        for operation: AWSProtocol.Operation in ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"] {
            aws.answer(operation, with: [:])
        }
    }

    func close() async {
        await service.shutdown()
        await temporary.store.close()
    }

    /// Runs a test with a fixture of its own.
    static func run(clock: any WallClock = SystemClock(), _ body: (Fixture) async throws -> Void) async throws {
        let fixture = try Fixture(clock: clock)
        do {
            try await body(fixture)
            await fixture.close()
        } catch {
            await fixture.close()
            throw error
        }
    }

    @discardableResult
    func call(_ operation: String, _ input: JSON.Object, body: Body? = nil) async throws -> AWSResponse {
        let handler = try #require(service.operations[operation])
        return try await handler(
            AWSRequest(AWSProtocol.Operation("lambda", operation), input, body: body, caller: caller)
        )
    }

    /// The error that a call answers.
    func failure(_ operation: String, _ input: JSON.Object, body: Body? = nil) async -> AWSError? {
        do {
            try await call(operation, input, body: body)
            return nil
        } catch {
            return error as? AWSError
        }
    }

    static func zip(_ files: [String: String], mode: UInt32 = 0o644) throws -> JSON {
        var writer = ZipWriter()
        for (path, text) in files.sorted(by: { $0.key < $1.key }) {
            try writer.addFile(path, Array(text.utf8), mode: mode)
        }
        return .string(Data(try writer.finish()).base64EncodedString())
    }

    static let role: JSON = "arn:aws:iam::000000000000:role/function-role"

    /// Creates a Python function `f` from the source of its module `app`.
    /// - Parameter seconds: Its timeout: enough for a busy machine. Nil leaves it to the service.
    @discardableResult
    func create(_ source: String, _ members: JSON.Object = [:], seconds: Int? = 60) async throws -> AWSResponse {
        var input: JSON.Object = [
            "FunctionName": "f", "Runtime": "python3.11", "Role": Self.role, "Handler": "app.handler",
            "Code": ["ZipFile": try Self.zip(["app.py": source])],
        ]
        if let seconds { input["Timeout"] = .integer(seconds) }
        return try await call("CreateFunction", input.merging(members))
    }

    /// Invokes `f`.
    func invoke(_ event: String = "{}", _ members: JSON.Object = [:]) async throws -> Answer {
        let response = try await call(
            "Invoke",
            (["FunctionName": "f"] as JSON.Object).merging(members),
            body: Body(event)
        )
        let payload = try await response.body?.collect(upTo: 1 << 24) ?? ByteBuffer()
        return Answer(
            payload: String(buffer: payload),
            error: response.output["FunctionError"]?.stringValue,
            version: response.output["ExecutedVersion"]?.stringValue,
            log: response.output["LogResult"]?.stringValue.flatMap { Data(base64Encoded: $0) }
                .map { String(decoding: $0, as: UTF8.self) } ?? ""
        )
    }

    struct Answer {
        var payload: String
        var error: String?
        var version: String?
        var log: String

        var json: JSON { (try? JSON(parsing: payload)) ?? .null }
    }
}
