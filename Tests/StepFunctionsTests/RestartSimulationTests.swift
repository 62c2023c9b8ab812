import AWSProtocol
import GRDB
import JSON
import NIOCore
import ServiceTesting
import StatesLanguage
import StepFunctions
import Store
import Testing

/// The whole service over its store, under schedules that a seed decides: it is stopped as by a crash at any moment, the disk
/// refuses commits for a while, calls fail, and time goes on by leaps.
@Suite struct `Whatever happens to the service` {
    private static let machine = #"""
        {"StartAt":"W","States":{
        "W":{"Type":"Wait","Seconds":20,"Next":"M"},
        "M":{"Type":"Map","ItemsPath":"$.items","MaxConcurrency":2,"Next":"N","ItemProcessor":{"StartAt":"T","States":{"T":{
        "Type":"Task","Resource":"\#(function)","Retry":[{"ErrorEquals":["States.ALL"],"MaxAttempts":50,"BackoffRate":1.0}],
        "End":true}}}},
        "N":{"Type":"Map","End":true,"ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},
        "StartAt":"V","States":{"V":{"Type":"Wait","Seconds":3,"End":true}}}}}}
        """#

    @Test(arguments: 1...12)
    func `each acknowledged execution ends as it would have`(_ seed: Int) async throws {
        var chance = SeededGenerator(seed: UInt64(seed))
        let aws = RecordingCaller()
        aws.answer("lambda:Invoke") { request throws(AWSError) in
            // Some calls fail, by chance of the machine; the others double.
            if Int.random(in: 0..<5) == 0 { throw AWSError("TooManyRequestsException", "slow down", status: 429) }
            guard let body = try? await request.body?.collect(upTo: 1000), let number = Int(String(buffer: body)) else {
                throw AWSError("InvalidParameterValueException", "no number")
            }
            return AWSResponse(["StatusCode": 200], body: Body(String(2 * number)))
        }
        var bench = try Bench(aws: aws)
        let machine = try await bench.create("m", Self.machine)
        var executions: [JSON] = []
        for number in 0..<3 {
            executions.append(try await bench.start(machine, input: #"{"items":[1,2,3,\#(number)]}"#))
        }
        for _ in 0..<Int.random(in: 3...8, using: &chance) {
            for _ in 0..<Int.random(in: 0...60, using: &chance) { await Task.yield() }
            switch Int.random(in: 0..<4, using: &chance) {
            case 0: bench = try await bench.restarted()
            case 1: try await bench.refuseCommits(true)
            case 2: try await bench.refuseCommits(false)
            default: bench.clock.advance(by: .seconds(Int.random(in: 1...15, using: &chance)))
            }
        }
        try await bench.refuseCommits(false)
        for (number, execution) in executions.enumerated() {
            let ended = try await bench.endAdvancing(execution)
            #expect(ended["status"] == "SUCCEEDED", "seed \(seed)")
            #expect(ended["output"] == .string("[2,4,6,\(2 * number)]"), "seed \(seed)")
            try await bench.checkHistory(execution, seed)
        }
        await bench.service.shutdown()
    }
}

extension Bench {
    /// Lets every commit of a step fail, or none.
    fileprivate func refuseCommits(_ refuses: Bool) async throws {
        try await temporary.store.write { db in
            try db.execute(sql: "DROP TRIGGER IF EXISTS refuse")
            guard refuses else { return }
            try db.execute(
                sql: "CREATE TRIGGER refuse BEFORE INSERT ON states_steps BEGIN SELECT RAISE(ABORT, 'refused'); END"
            )
        }
    }

    fileprivate func endAdvancing(_ execution: JSON) async throws -> JSON {
        while true {
            let described = try await call("DescribeExecution", ["executionArn": execution])
            if described["status"] != "RUNNING" { return described }
            clock.advance(by: .seconds(1))
            for _ in 0..<20 { await Task.yield() }
        }
    }

    /// Each event once, each state that was entered left once.
    fileprivate func checkHistory(_ execution: JSON, _ seed: Int) async throws {
        let history = try await call("GetExecutionHistory", ["executionArn": execution])
        let events = history["events"]?.arrayValue ?? []
        #expect(events.map { $0["id"]?.intValue } == (1...events.count).map(Optional.some), "seed \(seed)")
        let types = events.compactMap { $0["type"]?.stringValue }
        #expect(types.filter { $0.hasPrefix("Execution") }.count == 2, "seed \(seed)")
        #expect(types.filter { $0 == "TaskStateExited" }.count == 4, "seed \(seed)")
        #expect(types.filter { $0 == "WaitStateExited" }.count == 1, "seed \(seed)")
        let moments = events.compactMap { $0["timestamp"]?.doubleValue }
        let waited = zip(types, moments).first { $0.0 == "WaitStateExited" }
        #expect((waited?.1 ?? 0) - (moments.first ?? 0) >= 20, "seed \(seed)")
    }
}
