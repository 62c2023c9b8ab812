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
        let token = request.string("clientToken")
        if let token, let moment = try await redrive(of: record.arn, token) {
            return AWSResponse(["redriveDate": moment.json])
        }
        if let reason = record.reasonAgainstRedrive(at: clock.now()) {
            throw AWSError("ExecutionNotRedrivable", "\(reason)")
        }
        let machine = try await environment.machine(record.revision)
        let live = try await RunningExecution.takeUp(record, machine, in: environment)
        let moment = try await live.redrive()
        if let token {
            let since = moment.milliseconds - Self.redriveTokenPeriod
            try await store.write { db in
                try db.execute(sql: "DELETE FROM states_redrive_tokens WHERE moment < ?", arguments: [since])
                try db.execute(
                    sql: "INSERT OR REPLACE INTO states_redrive_tokens (execution, token, moment) VALUES (?, ?, ?)",
                    arguments: [record.arn, token, moment.milliseconds]
                )
            }
        }
        return AWSResponse(["redriveDate": moment.json])
    }

    // MARK: Idempotence

    /// How long a client's token stands for the redrive that it was used for: 15 minutes.
    private static let redriveTokenPeriod = 15 * 60_000

    static let redriveTokens = Migration(
        "states",
        6,
        """
        CREATE TABLE states_redrive_tokens (
            execution TEXT NOT NULL, token TEXT NOT NULL, moment INTEGER NOT NULL,
            PRIMARY KEY (execution, token)) WITHOUT ROWID
        """
    )

    /// When the execution was redriven by a call with that token.
    private func redrive(of execution: String, _ token: String) async throws -> Timestamp? {
        let since = clock.now().milliseconds - Self.redriveTokenPeriod
        return try await store.read { db in
            try Int.fetchOne(
                db,
                sql: "SELECT moment FROM states_redrive_tokens WHERE execution = ? AND token = ? AND moment >= ?",
                arguments: [execution, token, since]
            ).map(Timestamp.init(milliseconds:))
        }
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
