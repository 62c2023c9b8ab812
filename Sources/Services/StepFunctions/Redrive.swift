import AWSProtocol
import GRDB
import JSON
import StatesLanguage
import Store

extension StepFunctionsService {
    /// How long after its end an execution can be redriven: 14 days.
    static let redrivePeriod = 14 * 24 * 3_600_000

    /// Goes on with an execution that has ended without success, from the state in which it did.
    /// <https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html>
    func redriveExecution(_ request: AWSRequest) async throws -> AWSResponse {
        let record = try await execution(request)
        if let reason = record.reasonAgainstRedrive(at: clock.now()) {
            throw AWSError("ExecutionNotRedrivable", "\(reason)")
        }
        let machine = try await environment.machine(record.revision)
        let live = try await RunningExecution.takeUp(record, machine, in: environment)
        let moment = try await live.redrive()
        return AWSResponse(["redriveDate": moment.json])
    }
}

extension ExecutionRecord {
    /// Why the execution cannot be redriven; nil where it can.
    func reasonAgainstRedrive(at moment: Timestamp) -> String? {
        switch status {
        case "RUNNING", "SUCCEEDED", "PENDING_REDRIVE": "Execution is \(status) and cannot be redriven"
        case _ where mapRun != nil:
            "Execution can be redriven only by redriving the parent execution of its Map Run"
        default:
            if let stopped, moment.milliseconds - stopped.milliseconds > StepFunctionsService.redrivePeriod {
                "Execution has exceeded the redrivable period of 14 days"
            } else {
                nil
            }
        }
    }

    /// Takes over that the execution goes on.
    mutating func redrive(at moment: Timestamp) {
        redrives += 1
        redriven = moment
        status = "RUNNING"
        stopped = nil
        error = nil
        cause = nil
    }
}
