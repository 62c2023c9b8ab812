import AWSProtocol
import JSON
import NIOCore
import ServiceTesting
import StepFunctions
import Store
import Testing

let caller = Caller(account: "000000000000", region: "us-east-1")
let role: JSON = "arn:aws:iam::000000000000:role/r"
let function = "arn:aws:lambda:us-east-1:000000000000:function:f"

/// A service over a store of its own, which can be closed and opened again.
final class Bench: Sendable {
    let temporary: TemporaryStore
    let service: StepFunctionsService
    let clock: ManualClock
    let aws: RecordingCaller

    init(
        directory: TemporaryDirectory? = nil,
        clock: ManualClock = ManualClock(),
        aws: RecordingCaller = .init(),
        rehearsal: Rehearsal = Rehearsal()
    )
        throws
    {
        self.clock = clock
        self.aws = aws
        temporary = try TemporaryStore(
            migrations: StepFunctionsService.migrations,
            clock: clock,
            durability: .relaxed,
            directory: directory
        )
        service = StepFunctionsService(
            store: temporary.store,
            aws: aws,
            clock: clock,
            logger: temporary.logger,
            rehearsal: rehearsal
        )
    }

    @discardableResult
    func call(_ operation: String, _ input: JSON.Object) async throws -> JSON {
        let handler = try #require(service.operations[operation])
        return .object(try await handler(AWSRequest(Operation("states", operation), input, caller: caller)).output)
    }

    func create(_ name: String, _ definition: String, type: String = "STANDARD") async throws -> JSON {
        let answer = try await call(
            "CreateStateMachine",
            ["name": .string(name), "definition": .string(definition), "roleArn": role, "type": .string(type)]
        )
        return try #require(answer["stateMachineArn"])
    }

    func start(_ machine: JSON, input: String = "{}", name: String? = nil) async throws -> JSON {
        let answer = try await call(
            "StartExecution",
            .compact(["stateMachineArn": machine, "input": .string(input), "name": name.map(JSON.string)])
        )
        return try #require(answer["executionArn"])
    }

    func status(_ execution: JSON) async throws -> String {
        try await call("DescribeExecution", ["executionArn": execution])["status"]?.stringValue ?? ""
    }

    /// The description once the execution has ended.
    func end(_ execution: JSON) async throws -> JSON {
        while true {
            let described = try await call("DescribeExecution", ["executionArn": execution])
            if described["status"] != "RUNNING" { return described }
            await Task.yield()
        }
    }

    /// Ends the service as a crash would, and makes another on the same directory.
    func restarted() async throws -> Bench {
        await service.shutdown()
        await temporary.store.close()
        let next = try Bench(directory: temporary.directory, clock: clock, aws: aws)
        try await next.service.start()
        return next
    }
}

func machine(_ state: String) -> String { #"{"StartAt":"S","States":{"S":{\#(state),"End":true}}}"# }
