import AWSProtocol
import JSON
import StatesLanguage
import Store

extension TaskPerformer {
    /// `states:startExecution`: `Input` may be any JSON, and the name is made up where none is given.
    func startNested(_ job: TaskJob) async throws -> Document {
        var arguments = job.call.arguments.value.objectValue ?? [:]
        if let input = arguments["Input"], input.stringValue == nil {
            arguments["Input"] = .string(input.isNull ? "{}" : input.serialized())
        }
        // A name that a restart finds again: the nested execution is begun once.
        if arguments["Name"] == nil { arguments["Name"] = .string(nestedName(job)) }
        guard let operation = ServiceModels.model(signingName: "states")?.operation("StartExecution") else {
            throw TaskFailure(error: StatesError.runtime, cause: "Trainyard does not serve states:StartExecution.")
        }
        do {
            return try await call(job, "states", operation, arguments)
        } catch let failure as TaskFailure {
            guard job.isResumed, failure.error == "StepFunctions.ExecutionAlreadyExistsException",
                let machine = arguments["StateMachineArn"]?.stringValue, let name = arguments["Name"]?.stringValue
            else { throw failure }
            let arn = machine.replacing(":stateMachine:", with: ":execution:") + ":\(name)"
            return Document(["ExecutionArn": .string(arn)])
        }
    }

    private func nestedName(_ job: TaskJob) -> String {
        var seed = UInt64(truncatingIfNeeded: job.call.id) &+ job.execution.seed
        for byte in job.execution.arn.utf8 { seed = (seed ^ UInt64(byte)) &* 0x100_0000_01B3 }
        var generator = SeededGenerator(seed: seed)
        return RandomText.uuid(using: &generator)
    }

    /// Waits for the nested execution to end.
    func awaitExecution(_ job: TaskJob, _ answer: Document) async throws -> Document {
        guard let arn = answer.value["ExecutionArn"]?.stringValue else {
            throw TaskFailure(error: StatesError.runtime, cause: "The nested execution has no ARN: \(answer.text)")
        }
        let described = try await end(of: ExecutionARN(arn), job)
        let output = Document(.object(nestedOutput(described, asJSON: job.call.resource.pattern == .sync2)))
        guard described["status"] == "SUCCEEDED" else {
            throw TaskFailure(error: StatesError.taskFailed, cause: output.text)
        }
        return output
    }

    /// The description of the execution once it has ended. One that runs and is not in memory is looked for again: after a
    /// restart it may be taken up later than the one that waits for it.
    private func end(of arn: ExecutionARN, _ job: TaskJob) async throws -> JSON {
        while true {
            let record = try await environment.store.read { db in try ExecutionRecord.fetch(arn, in: db) }
            if let record, let nested = try await environment.awake(record) { _ = await nested.finished() }
            try Task.checkCancellation()
            let described: JSON
            do {
                described = try await aws.call(
                    "states:DescribeExecution",
                    ["executionArn": .string(arn.text)],
                    as: job.caller
                )
            } catch {
                throw TaskFailure(optimized: error, service: "states")
            }
            guard described["status"] == "RUNNING" else { return described }
            try await clock.sleep(until: clock.now() + .seconds(1))
        }
    }

    /// The description in the form and order of AWS's task outputs.
    private func nestedOutput(_ described: JSON, asJSON: Bool) -> JSON.Object {
        func data(_ name: String) -> JSON? {
            guard let value = described[name], let text = value.stringValue, asJSON else { return described[name] }
            return (try? JSON(parsing: text)) ?? value
        }
        return JSON.Object.compact([
            "Cause": described["cause"], "Error": described["error"], "ExecutionArn": described["executionArn"],
            "Input": data("input"), "InputDetails": ["Included": true], "Name": described["name"],
            "Output": data("output"), "OutputDetails": described["output"].map { _ in ["Included": true] },
            "StartDate": described["startDate"], "StateMachineArn": described["stateMachineArn"],
            "Status": described["status"], "StopDate": described["stopDate"],
        ]).withTimes { .integer($0.milliseconds) }
    }
}
