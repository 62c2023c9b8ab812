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
            let access = try await NodeAccess(cluster.node, role: step.role, environment)
            do { try await run(access, control) } catch { outcome = StepFailure(error, log) }
            conclude(outcome, since: began)
            await log.upload(access)
        } catch {
            outcome = StepFailure(error, log)
        }
        return outcome
    }

    /// Brings to S3 what a step that died with the yard had printed.
    func saveLogs() async {
        do {
            try await log.prepare()
            log.note(StepFailure.yardStopped.message, level: "WARN", isTimed: true)
            await log.upload(try await NodeAccess(cluster.node, role: step.role, environment))
        } catch {
            environment.logger.warning("Cannot save the log of the step \(step.id): \(error)")
        }
    }

    private func run(_ access: NodeAccess, _ control: ProgramControl) async throws {
        let program = NodeProgram(node: cluster.node, environment: environment, access: access, log: log)
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
        try ended.check(log)
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
}
