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
        let id = RandomText.string(32, from: "0123456789abcdef")
        let scratch = try await prepareScratch(id)
        let program = try await program(function, scratch: scratch)
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
            marksOutput: program.marksOutput,
            cleanUp: { [host] in
                _ = try? await host.runBlocking { try FileManager.default.removeItem(atPath: scratch) }
            }
        )
        await environment.log.write("INIT_START Runtime Version: \(program.description)")
        var variables = variables(function, program, credentials, stream: stream.name)
        if program.marksOutput { variables["TRAINYARD_EVENT_END"] = eventEnd + "\n" }
        do {
            try await environment.start { [variables] address, onOutput in
                try await program.start(variables, address: address, onOutput: onOutput)
            }
        } catch let error as ProcessStartError {
            await environment.end()
            throw LaunchFailure(type: "Runtime.InvalidEntrypoint", message: "\(error)")
        } catch let error as ContainerError {
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

    private func program(_ function: ResolvedFunction, scratch: String) async throws -> any FunctionProgram {
        switch function.code {
        case .image(let image):
            return try await ImageProgram(function, image, host: host, runtimeDirectory: runtimeDirectory)
        case .package(let blob):
            let code = try await packages.unpacked(blob: blob, sha256: function.codeSHA256)
            return PackageProgram(
                host: host,
                command: try await RuntimeCommand.find(function.runtime, code: code, host: host),
                runtime: function.runtime,
                handler: function.handler,
                code: code,
                runtimeDirectory: runtimeDirectory,
                scratch: scratch,
                scratchSize: function.scratchSize
            )
        }
    }

    // MARK: Environment variables

    /// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>
    private func variables(
        _ function: ResolvedFunction,
        _ program: any FunctionProgram,
        _ credentials: RoleCredentials.Credentials,
        stream: String
    ) -> [String: String] {
        let platform = [
            "AWS_REGION": function.reference.region,
            "AWS_DEFAULT_REGION": function.reference.region,
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
        let defaults = ["PYTHONIOENCODING": "utf-8"].merging(program.variables) { $1 }
        return defaults.merging(function.variables) { $1 }.merging(platform) { $1 }
    }
}
