import AWSProtocol
import JSON
import ServiceTesting
import Store
import Synchronization
import Testing

@testable import EventBridge

extension Fixture {
    var bus: BusReference { BusReference(account: caller.account, region: caller.region) }

    /// A rule on the default bus with one target.
    func rule(_ name: String, pattern: JSON, to arn: String, _ target: JSON.Object = [:]) async throws {
        try await call("PutRule", ["Name": .string(name), "EventPattern": .string(pattern.serialized())])
        try await self.target(arn, of: name, target)
    }

    func target(_ arn: String, of rule: String, _ more: JSON.Object = [:]) async throws {
        let target = (["Id": "one", "Arn": .string(arn)] as JSON.Object).merging(more)
        try await call("PutTargets", ["Rule": .string(rule), "Targets": [.object(target)]])
    }

    @discardableResult
    func put(_ source: String, _ detail: JSON = [:], type: String = "t", bus: String? = nil) async throws -> JSON {
        let entry: JSON = .compact([
            "Source": .string(source), "DetailType": .string(type), "Detail": .string(detail.serialized()),
            "EventBusName": bus.map { .string($0) },
        ])
        return try await call("PutEvents", ["Entries": [entry]])
    }

    /// The calls of an operation, once there are so many.
    func requests(of operation: Operation, count: Int = 1) async -> [AWSRequest] {
        while aws.requests(of: operation).count < count { await called.next() }
        return aws.requests(of: operation)
    }

    /// Has an operation answered, and heard of.
    func answer(_ operation: Operation, _ failures: [AWSError] = []) {
        let left = Failures(failures)
        aws.answer(operation) { [called] _ throws(AWSError) in
            defer { called.tell() }
            if let failure = left.next() { throw failure }
            return AWSResponse()
        }
    }
}

/// Errors that come one after another.
private final class Failures: Sendable {
    private let left: Mutex<[AWSError]>

    init(_ failures: [AWSError]) { left = Mutex(failures) }

    func next() -> AWSError? { left.withLock { $0.isEmpty ? nil : $0.removeFirst() } }
}
