import Compute

/// A program that ended with another exit code than zero.
struct ProgramFailure: Error {
    var code: Int32
    /// From what it printed.
    var message: String
    /// Where that stands.
    var file: NodeLog.File
}

extension ProgramEnd {
    /// - Throws: `ProgramFailure` where the program did not end well.
    func check(_ log: NodeLog) throws {
        if let exceeded { log.append(line: exceeded.explanation, to: .stderr) }
        guard exit.code != 0 else { return }
        throw ProgramFailure(
            code: exit.code,
            message: lastError?.line ?? "The program ended with exit code \(exit.code).",
            file: lastError?.file ?? .stderr
        )
    }
}

extension StepFailure {
    /// Any error as why a step failed; what its program did not say itself comes to its log.
    init(_ error: any Error, _ log: NodeLog) {
        if let error = error as? ProgramFailure {
            self.init(message: error.message, logFile: log.uri(of: error.file), exitCode: error.code)
            return
        }
        let message = (error as? StepFailure)?.message ?? "\(error)"
        log.append(line: message, to: .stderr)
        self.init(message: message, logFile: log.uri(of: .stderr))
    }
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
