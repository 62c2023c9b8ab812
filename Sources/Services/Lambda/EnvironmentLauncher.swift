import AWSProtocol
import Compute
import JSON
import Logging

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Makes execution environments: the code in its place, credentials of the role, a log stream, a process.
struct EnvironmentLauncher: Sendable {
    private let aws: any AWSCaller
    private let clock: any WallClock
    private let host: ComputeHost
    private let packages: DeploymentPackages
    private let logger: Logger
    let credentials: RoleCredentials

    init(aws: any AWSCaller, clock: any WallClock, host: ComputeHost, packages: DeploymentPackages, logger: Logger) {
        self.aws = aws
        self.clock = clock
        self.host = host
        self.packages = packages
        self.logger = logger
        credentials = RoleCredentials(aws: aws, clock: clock)
    }

    /// - Throws: `LaunchFailure`, or the `AWSError` to answer with.
    func launch(_ function: ResolvedFunction) async throws -> ExecutionEnvironment {
        let credentials = try await credentials.credentials(for: function)
        let code = try await packages.unpacked(blob: function.version.code, sha256: function.codeSHA256)
        let command = try await RuntimeCommand.find(function.runtime, code: code, host: host)
        let id = RandomText.string(32, from: "0123456789abcdef")
        let scratch = try await prepareScratch(id)
        let stream = LogStream(
            group: function.logGroup,
            name: "\(clock.now().iso8601.prefix(10).replacing("-", with: "/"))/[\(function.version.name)]\(id)",
            caller: function.caller,
            aws: aws,
            clock: clock,
            logger: logger
        )
        let eventEnd = "\u{1}\(RandomText.uuid())"
        let environment = ExecutionEnvironment(
            function: function,
            log: FunctionLog(stream: stream, eventEnd: eventEnd),
            expiration: credentials.expiration,
            clock: clock,
            marksOutput: command.marksOutput,
            cleanUp: { [host] in
                _ = try? await host.runBlocking { try FileManager.default.removeItem(atPath: scratch) }
            }
        )
        await environment.log.write("INIT_START Runtime Version: \(command.description)")
        var variables = variables(function, credentials, stream: stream.name)
        if command.marksOutput { variables["TRAINYARD_EVENT_END"] = eventEnd + "\n" }
        let specification = await specification(command, variables, code: code, scratch: scratch)
        do {
            try await environment.start(on: host) { address in
                var specification = specification
                specification.environment["AWS_LAMBDA_RUNTIME_API"] = address
                return specification
            }
        } catch let error as ProcessStartError {
            await environment.end()
            throw LaunchFailure(type: "Runtime.InvalidEntrypoint", message: "\(error)")
        }
        return environment
    }

    /// Removes what an earlier run left. Unpacked code goes too: unlike its package it is not synced to disk.
    func removeLeftovers() async throws {
        let directory = "\(host.workDirectory)/lambda"
        try await host.runBlocking {
            for name in ["environments", "code"] where FileManager.default.fileExists(atPath: "\(directory)/\(name)") {
                try FileManager.default.removeItem(atPath: "\(directory)/\(name)")
            }
        }
    }

    // MARK: The file system

    private var runtimeDirectory: String { "\(host.workDirectory)/lambda/runtime" }

    private func prepareScratch(_ id: String) async throws -> String {
        let scratch = "\(host.workDirectory)/lambda/environments/\(id)"
        return try await host.runBlocking { [runtimeDirectory] in
            let files = FileManager.default
            try files.createDirectory(atPath: scratch, withIntermediateDirectories: true)
            try files.createDirectory(atPath: runtimeDirectory, withIntermediateDirectories: true)
            let programs = [
                PythonBootstrap.fileName: PythonBootstrap.source, NodeBootstrap.fileName: NodeBootstrap.source,
            ]
            for (name, source) in programs {
                let path = "\(runtimeDirectory)/\(name)"
                if files.contents(atPath: path) == Data(source.utf8) { continue }
                try Data(source.utf8).write(to: URL(filePath: path), options: .atomic)
            }
            return scratch
        }
    }

    private func specification(
        _ command: RuntimeCommand,
        _ variables: [String: String],
        code: String,
        scratch: String
    ) async -> ProcessSpecification {
        var environment = host.baseEnvironment.merging(variables) { $1 }
        var mounts = [
            Mount(source: code, target: Runtime.taskRoot, isReadOnly: true),
            Mount(source: runtimeDirectory, target: Runtime.directory, isReadOnly: true),
        ]
        // An interpreter below /tmp would be hidden by a /tmp of the function's own.
        let hidesInterpreter = command.prefixes.contains { $0.hasPrefix("/tmp/") }
        if await host.isolation().method == .plainDirectory || hidesInterpreter {
            environment["TMPDIR"] = scratch
        } else {
            environment["TMPDIR"] = nil
            mounts.append(Mount(source: scratch, target: "/tmp"))
        }
        return ProcessSpecification(
            command: command.command,
            environment: environment,
            workingDirectory: Runtime.taskRoot,
            mounts: mounts,
            combinesOutput: true
        )
    }

    // MARK: Environment variables

    /// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>
    private func variables(
        _ function: ResolvedFunction,
        _ credentials: RoleCredentials.Credentials,
        stream: String
    ) -> [String: String] {
        let platform = [
            "_HANDLER": function.handler,
            "AWS_REGION": function.reference.region,
            "AWS_DEFAULT_REGION": function.reference.region,
            "AWS_EXECUTION_ENV": "AWS_Lambda_\(function.runtime)",
            "AWS_LAMBDA_FUNCTION_NAME": function.reference.name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": String(function.memorySize),
            "AWS_LAMBDA_FUNCTION_VERSION": function.version.name,
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": function.logGroup,
            "AWS_LAMBDA_LOG_STREAM_NAME": stream,
            "AWS_ACCESS_KEY_ID": credentials.accessKeyID,
            "AWS_SECRET_ACCESS_KEY": credentials.secretAccessKey,
            "AWS_SESSION_TOKEN": credentials.sessionToken,
            "LAMBDA_TASK_ROOT": Runtime.taskRoot,
            "LAMBDA_RUNTIME_DIR": Runtime.directory,
            "TZ": ":UTC",
        ]
        let defaults = ["AWS_ENDPOINT_URL": host.endpoint, "LANG": "en_US.UTF-8", "PYTHONIOENCODING": "utf-8"]
        return defaults.merging(function.variables) { $1 }.merging(platform) { $1 }
    }
}
