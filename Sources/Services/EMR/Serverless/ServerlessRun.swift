import AWSProtocol
import Compute
import JSON
import Logging

/// One job run: the driver's program on this machine.
struct ServerlessRun: Sendable {
    let job: JobRun
    let environment: EMREnvironment

    var directory: NodeDirectory { NodeDirectory(job.id, environment) }
    private var work: String { "\(NodeDirectory.home)/job" }
    private var node: Node {
        Node(id: job.id, owner: job.owner, role: job.document["executionRoleArn"]?.stringValue ?? "")
    }

    /// <https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/logging.html>
    private var log: NodeLog {
        let monitoring = job.document["configurationOverrides"]?["monitoringConfiguration"]
        let uri = monitoring?["s3MonitoringConfiguration"]?["logUri"]?.stringValue
        let destination = uri.flatMap(S3Location.init(hadoop:))?
            .appending("applications/\(job.application)/jobs/\(job.id)/SPARK_DRIVER")
        var log = NodeLog(job.id, directory: "driver", destination: destination, environment)
        log.uploaded = [.stdout, .stderr]
        return log
    }

    /// Runs the job and brings its log to S3.
    /// - Returns: Why it failed; nil where it did not.
    func failure(_ control: ProgramControl) async -> StepFailure? {
        var outcome: StepFailure?
        do {
            try await directory.make(work)
            try await log.prepare()
            let access = try await NodeAccess(node, environment)
            do { try await run(access, control) } catch { outcome = StepFailure(error, log) }
            await log.upload(access)
        } catch {
            outcome = StepFailure(error, log)
        }
        return outcome
    }

    /// Brings to S3 what a job that died with the yard had printed.
    func saveLogs() async {
        do {
            try await log.prepare()
            log.append(line: StepFailure.yardStopped.message, to: .stderr)
            await log.upload(try await NodeAccess(node, environment))
        } catch {
            environment.logger.warning("Cannot save the log of the job run \(job.id): \(error)")
        }
    }

    private func run(_ access: NodeAccess, _ control: ProgramControl) async throws {
        let program = NodeProgram(node: node, environment: environment, access: access, log: log)
        let variables = await program.variables()
        let preparation = StepPreparation(
            config: ["Jar": "command-runner.jar", "Args": .array(arguments.map { .string($0) })],
            directory: work,
            variables: variables,
            node: directory,
            access: access,
            environment: environment
        )
        let command = try await preparation.command { log.note($0) }
        guard await !control.isEnding else { throw StepFailure(message: "The job run was cancelled.") }
        do {
            try await program.run(command, in: work, variables, control).check(log)
        } catch let error as ProcessStartError {
            throw StepFailure(missing: error)
        }
    }

    /// `spark-submit` with the defaults of the application and the job, the job's own parameters, and the application.
    private var arguments: [String] {
        let driver = job.document["jobDriver"]?["sparkSubmit"]
        let configurations = job.document["configurationOverrides"]?["applicationConfiguration"]?.arrayValue ?? []
        let defaults = configurations.filter { $0["classification"] == "spark-defaults" }
            .flatMap { $0["properties"]?.objectValue.map(Array.init) ?? [] }
            .flatMap { ["--conf", "\($0.key)=\($0.value.stringValue ?? "")"] }
        let given = ShellWords.split(driver?["sparkSubmitParameters"]?.stringValue ?? "")
        let application = driver?["entryPoint"]?.stringValue ?? ""
        return ["spark-submit"] + defaults + given + [application]
            + (driver?["entryPointArguments"]?.arrayValue?.compactMap(\.stringValue) ?? [])
    }
}

/// A command line's words.
enum ShellWords {
    /// Words are parted by white space; quotes and backslashes keep it, as in a shell.
    static func split(_ text: String) -> [String] {
        var words: [String] = []
        var word: String?
        var quote: Character?
        var isEscaped = false
        for character in text {
            if isEscaped {
                word = (word ?? "") + String(character)
                isEscaped = false
            } else if character == "\\", quote != "'" {
                isEscaped = true
            } else if character == quote {
                quote = nil
            } else if quote == nil, character == "\"" || character == "'" {
                quote = character
                word = word ?? ""
            } else if quote == nil, character.isWhitespace {
                if let whole = word { words.append(whole) }
                word = nil
            } else {
                word = (word ?? "") + String(character)
            }
        }
        return words + (word.map { [$0] } ?? [])
    }
}
