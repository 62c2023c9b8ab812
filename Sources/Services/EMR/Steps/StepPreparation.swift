import AWSProtocol
import Compute
import JSON

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Makes a step's `HadoopJarStep` a command of this machine, and brings what it needs from S3.
struct StepPreparation: Sendable {
    let config: JSON
    /// The step's working directory, as programs see it.
    let directory: String
    let variables: [String: String]
    let node: NodeDirectory
    let access: NodeAccess
    let environment: EMREnvironment

    private var arguments: [String] { config["Args"]?.arrayValue?.compactMap(\.stringValue) ?? [] }

    /// - Parameter note: Told what is not done as written.
    /// - Throws: `StepFailure` where the step cannot be run.
    func command(_ note: (String) -> Void) async throws -> [String] {
        let jar = config["Jar"]?.stringValue ?? ""
        let file = jar.split(separator: "/").last ?? ""
        switch file {
        case "command-runner.jar": return try await commandRunner(note)
        case "script-runner.jar": return try await scriptRunner()
        default: return try await javaProgram(jar)
        }
    }

    /// `command-runner.jar`: the arguments are a command.
    /// <https://docs.aws.amazon.com/emr/latest/ReleaseGuide/emr-commandrunner.html>
    private func commandRunner(_ note: (String) -> Void) async throws -> [String] {
        guard let program = arguments.first else {
            throw StepFailure(
                message: "command-runner.jar needs Args: the command to run, for example [\"spark-submit\", …]"
            )
        }
        guard program.split(separator: "/").last == "spark-submit" else { return arguments }
        var submission = SparkSubmission(Array(arguments.dropFirst()))
        for uri in submission.objects {
            submission.replace(uri, by: try await fetch(uri))
        }
        let hasHadoop = variables["HADOOP_CONF_DIR"] != nil || variables["YARN_CONF_DIR"] != nil
        for change in submission.adapt(toYARN: hasHadoop, endpoint: environment.host.endpoint) { note(change) }
        return [program] + submission.arguments
    }

    /// `script-runner.jar`: the first argument is a script in S3 or on the node.
    private func scriptRunner() async throws -> [String] {
        guard let script = arguments.first else {
            throw StepFailure(message: "script-runner.jar needs Args: a script in S3 or on the node, and its arguments")
        }
        return [try await executable(script)] + arguments.dropFirst()
    }

    /// A script that can be run, brought here where it is in S3. What has no slash is a program on the path.
    func executable(_ script: String) async throws -> String {
        let path = S3Location(hadoop: script) == nil ? script.localPath : try await fetch(script)
        guard path.contains("/") else { return path }
        let place = node.hostPath(path)
        try await environment.host.runBlocking {
            let files = FileManager.default
            guard files.fileExists(atPath: place) else {
                throw StepFailure(message: "There is no file \(path) on the node.")
            }
            guard !files.isExecutableFile(atPath: place), place != path else { return }
            try files.setAttributes([.posixPermissions: 0o755], ofItemAtPath: place)
        }
        return path
    }

    /// Any other JAR: by `hadoop jar` where the machine has it, else by `java`.
    private func javaProgram(_ jar: String) async throws -> [String] {
        if jar.hasPrefix("http://") || jar.hasPrefix("https://") || jar.hasPrefix("hdfs://") {
            throw StepFailure(message: "The JAR \(jar) cannot be had: give it as s3://… or as a file of the node.")
        }
        let path = S3Location(hadoop: jar) == nil ? jar.localPath : try await fetch(jar)
        let definitions = (config["Properties"]?.arrayValue ?? []).map { property in
            "-D\(property["Key"]?.stringValue ?? "")=\(property["Value"]?.stringValue ?? "")"
        }
        let mainClass = config["MainClass"]?.stringValue
        if environment.host.path(of: "hadoop", in: variables) != nil {
            return ["hadoop", "jar", path] + (mainClass.map { [$0] } ?? []) + definitions + arguments
        }
        guard environment.host.path(of: "java", in: variables) != nil else {
            throw StepFailure(
                message:
                    "The JAR \(jar) needs `hadoop` or `java` on the yard's PATH, and this machine has neither: install "
                    + "a Java runtime."
            )
        }
        if let mainClass { return ["java"] + definitions + ["-cp", path, mainClass] + arguments }
        return ["java"] + definitions + ["-jar", path] + arguments
    }

    /// Brings an object into the step's working directory.
    /// - Returns: Its path as programs see it.
    private func fetch(_ uri: String) async throws -> String {
        guard let location = S3Location(hadoop: uri), let name = location.key.split(separator: "/").last else {
            throw StepFailure(message: "\(uri) names no object.")
        }
        let path = "\(directory)/\(name)"
        let place = node.hostPath(path)
        if !FileManager.default.fileExists(atPath: place) { try await access.download(location, to: place) }
        return path
    }
}

extension String {
    /// A `file:` URI as a path.
    fileprivate var localPath: String {
        for prefix in ["file://", "file:"] where hasPrefix(prefix) { return String(dropFirst(prefix.count)) }
        return self
    }
}
