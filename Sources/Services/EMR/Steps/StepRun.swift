import AWSProtocol
import Compute
import JSON
import Logging

/// One step, from the moment when its turn has come to its end.
struct StepRun: Sendable {
    let cluster: Cluster
    let step: Step
    let environment: EMREnvironment

    private var node: NodeDirectory { NodeDirectory(cluster.id, environment) }
    private var directory: String { "\(NodeDirectory.system)/lib/hadoop/steps/\(step.id)" }
    private var log: NodeLog {
        NodeLog(cluster, directory: "hadoop/steps/\(step.id)", place: "steps/\(step.id)", environment)
    }

    /// Runs the step's program and brings its log to S3.
    /// - Returns: Why it failed; nil where it did not.
    func failure(_ control: ProgramControl) async -> StepFailure? {
        let began = environment.clock.now()
        var outcome: StepFailure?
        do {
            try await node.describe(cluster)
            try await node.make(directory)
            try await log.prepare()
            let access = try await NodeAccess(cluster, role: step.role, environment)
            do { try await run(access, control) } catch { outcome = failure(error) }
            conclude(outcome, since: began)
            await log.upload(access)
        } catch {
            outcome = failure(error)
        }
        return outcome
    }

    /// Brings to S3 what a step that died with the yard had printed.
    func saveLogs() async {
        do {
            try await log.prepare()
            log.note(StepFailure.yardStopped.message, level: "WARN", isTimed: true)
            await log.upload(try await NodeAccess(cluster, role: step.role, environment))
        } catch {
            environment.logger.warning("Cannot save the log of the step \(step.id): \(error)")
        }
    }

    private func run(_ access: NodeAccess, _ control: ProgramControl) async throws {
        let program = NodeProgram(cluster: cluster, environment: environment, access: access, log: log)
        let variables = await program.variables(["EMR_STEP_ID": step.id])
        let preparation = StepPreparation(
            config: step.jarStep,
            directory: directory,
            variables: variables,
            node: node,
            access: access,
            environment: environment
        )
        log.note("Ensure step \(step.number ?? 0) jar file \(step.jarStep["Jar"]?.stringValue ?? "")", isTimed: true)
        let command = try await preparation.command { log.note($0) }
        guard await !control.isEnding else { throw StepFailure(message: "The step was cancelled.") }
        log.note("startExec '\(command.joined(separator: " "))'")
        log.note("redirectOutput to \(log.directory)/stdout")
        log.note("redirectError to \(log.directory)/stderr")
        log.note("Working dir \(directory)")
        let ended: ProgramEnd
        do {
            ended = try await program.run(command, in: directory, variables, control)
        } catch let error as ProcessStartError {
            throw StepFailure(missing: error)
        }
        log.note("waitProcessCompletion ended with exit code \(ended.exit.code) : \(command.joined(separator: " "))")
        if let exceeded = ended.exceeded { log.append(line: exceeded.explanation, to: .stderr) }
        guard ended.exit.code != 0 else { return }
        throw ProgramFailure(
            code: ended.exit.code,
            message: ended.lastError?.line ?? "The program ended with exit code \(ended.exit.code).",
            file: ended.lastError?.file ?? .stderr
        )
    }

    /// What the controller says in the end.
    private func conclude(_ outcome: StepFailure?, since began: Timestamp) {
        let seconds = (environment.clock.now().milliseconds - began.milliseconds) / 1000
        let code = outcome?.exitCode ?? 0
        if outcome == nil {
            log.note("Step succeeded with exitCode 0 and took \(seconds) seconds", isTimed: true)
        } else {
            log.note("Step failed with exitCode \(code) and took \(seconds) seconds", level: "WARN", isTimed: true)
        }
    }

    private func failure(_ error: any Error) -> StepFailure {
        switch error {
        case let error as ProgramFailure:
            var failure = StepFailure(message: error.message, logFile: log.uri(of: error.file))
            failure.exitCode = error.code
            return failure
        case var failure as StepFailure:
            log.append(line: failure.message, to: .stderr)
            failure.logFile = log.uri(of: .stderr)
            return failure
        default:
            log.append(line: "\(error)", to: .stderr)
            return StepFailure(message: "\(error)", logFile: log.uri(of: .stderr))
        }
    }
}

/// A program that ended with another exit code than zero.
private struct ProgramFailure: Error {
    var code: Int32
    /// From what it printed.
    var message: String
    /// Where that stands.
    var file: NodeLog.File
}

extension StepFailure {
    /// A program that is not on this machine, in the words of EMR's command runner, and how to mend it.
    init(missing error: ProcessStartError) {
        let name = error.command.split(separator: "/").last.map(String.init) ?? error.command
        var message =
            "java.io.IOException: Cannot run program \"\(error.command)\" (in directory \".\"): error=2, No such file or "
            + "directory. Steps run with this machine's programs: install \(name), or have the yard's PATH lead to it"
        if error.reason != "it is not on PATH" { message += " (\(error.reason))" }
        switch name {
        case "spark-submit", "spark-sql", "spark-shell", "pyspark":
            message += "; `pip install pyspark` brings Spark along, it needs Java."
        case "s3-dist-cp": message += "; `aws s3 cp --recursive` copies without Hadoop."
        default: message += "."
        }
        self.init(message: message)
    }
}
