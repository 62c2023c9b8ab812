import ArgumentParser
import AWSProtocol
import Foundation
import JSON
import Logging
import Project
import Yard

/// `trainyard run`: a project's pipeline from its template to its result, on a yard in this process.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Package, deploy and execute a project on this machine.",
        discussion: """
            DIR holds a template.yaml (AWS SAM or CloudFormation) with one state machine. Local paths in it are packaged as \
            `aws cloudformation package` does, the stack is made or updated, then the state machine is started and followed. \
            Metadata.Trainyard in the template may name files to upload first, the execution's input, and a SageMaker \
            pipeline to start in place of a state machine.

            Progress goes to standard error, the result to standard output. The exit code is 0 where the execution succeeded.
            """
    )

    @Argument(help: ArgumentHelp("The project's folder.", valueName: "dir"))
    var directory: String

    @OptionGroup
    var yardOptions: YardOptions

    @Option(
        help: ArgumentHelp("The execution's input, as JSON or @FILE, in place of the template's.", valueName: "json")
    )
    var input: String?

    @Option(help: "The execution's name, in place of a fresh one.")
    var name: String?

    @Option(
        name: [.long, .customShort("p")],
        help: ArgumentHelp("A template parameter; may be given more than once.", valueName: "key=value")
    )
    var parameter: [String] = []

    func run() async throws {
        do {
            try await execute()
        } catch let code as ExitCode {
            throw code
        } catch {
            StandardErrorLog.print("trainyard: \(error)")
            throw ExitCode(2)
        }
    }

    private func execute() async throws {
        let project = try Project(directory: directory)
        let parameters = try parsedParameters()
        let input = try parsedInput()
        let display = RunDisplay(isTerminal: RunDisplay.standardErrorIsTerminal)
        var configuration = yardOptions.configuration(port: 0)
        if configuration.python == nil { configuration.python = try await python(for: project, display) }
        let yard = try Yard(configuration, logger: StandardErrorLog.logger(level: .warning))
        try await yard.start()
        let code: ExitCode
        do {
            code = try await follow(project, on: yard, parameters: parameters, input: input, display: display)
        } catch {
            await yard.shutdown()
            throw error
        }
        await yard.shutdown()
        if code != .success { throw code }
    }

    private func follow(
        _ project: Project,
        on yard: Yard,
        parameters: [String: String],
        input: JSON?,
        display: RunDisplay
    ) async throws -> ExitCode {
        var display = display
        var executionARN = ""
        display.message("\(directory) → stack \(project.name), on this machine (state in \(yardOptions.dataDir))")
        let run = PipelineRun(project, aws: yard, caller: yard.caller, interval: .milliseconds(5))
        let board = try await run.run(parameters: parameters, input: input, name: name) { progress in
            switch progress {
            case .packaged: display.note("package", "")
            case .deployed(let stack, let outputs): display.note("deploy", "stack \(stack), \(outputs.count) outputs")
            case .uploaded(let files): display.note("upload", files == 1 ? "1 file" : "\(files) files")
            case .started(let arn): executionARN = arn
            case .board(let board): display.show(board)
            }
        }
        switch board.outcome {
        case .succeeded(let text):
            let output = (try? JSON(parsing: text)) ?? .string(text)
            print("\n" + ResultText.succeeded(output: output))
            let model = RunReport(output: output).model
            display.message(
                "\n"
                    + ResultText.nextSteps(dataDirectory: yardOptions.dataDir, executionARN: executionARN, model: model)
            )
            return .success
        case .failed(let status, let error, let cause):
            display.message("\nThe execution ended as \(status): \(error)\n\(ResultText.cause(cause))")
            if let failure = board.failure { display.message(failure.description) }
            if let job = FailedJob(cause: cause) {
                let lines = try await job.lastLines(15, from: yard, as: yard.caller)
                display.message(([job.reason, "Its log ends:"] + lines.map { "  " + $0 }).joined(separator: "\n"))
            }
            return .failure
        case nil: return .failure
        }
    }

    /// The interpreter for the project's Python: what `TRAINYARD_PYTHON` names, else one with the project's requirements.
    private func python(for project: Project, _ display: RunDisplay) async throws -> String? {
        if ProcessInfo.processInfo.environment["TRAINYARD_PYTHON"] != nil { return nil }
        guard let requirements = project.requirements else { return nil }
        return try await PythonEnvironment(requirements: requirements, base: "python3") { display.message($0) }.python
    }

    private func parsedParameters() throws -> [String: String] {
        var parameters: [String: String] = [:]
        for text in parameter {
            guard let equals = text.firstIndex(of: "=") else {
                throw ProjectError("--parameter \(text): write it as KEY=VALUE")
            }
            parameters[String(text[..<equals])] = String(text[text.index(after: equals)...])
        }
        return parameters
    }

    private func parsedInput() throws -> JSON? {
        guard let input else { return nil }
        let text: String
        if input.hasPrefix("@") {
            let file = String(input.dropFirst())
            guard let data = FileManager.default.contents(atPath: file) else {
                throw ProjectError("--input: \(file) cannot be read")
            }
            text = String(decoding: data, as: UTF8.self)
        } else {
            text = input
        }
        do {
            return try JSON(parsing: text)
        } catch {
            throw ProjectError("--input is not JSON: \(error)")
        }
    }
}
