import Compute
import JSON

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What an execution environment runs.
protocol FunctionProgram: Sendable {
    /// As it stands in the log's `INIT_START` line.
    var description: String { get }
    /// Whether the program is our own bootstrap, which marks the end of each invocation's output.
    var marksOutput: Bool { get }
    /// Variables that this kind of program gets, beside those that all get.
    var variables: [String: String] { get }

    /// Starts it.
    /// - Parameters:
    ///   - variables: The whole of what Lambda and the function define.
    ///   - address: Where the Runtime API is served on this machine.
    /// - Throws: `ProcessStartError`, `ContainerError`
    func start(
        _ variables: [String: String],
        address: String,
        onOutput: @escaping @Sendable (ProcessOutput) async -> Void
    ) async throws -> any RunningContainer
}

/// A deployment package on this machine's own interpreters.
struct PackageProgram: FunctionProgram {
    let host: ComputeHost
    let command: RuntimeCommand
    let runtime: String
    let handler: String
    /// The unpacked package.
    let code: String
    /// The directory of the runtimes' own programs.
    let runtimeDirectory: String
    /// A directory for `/tmp` where that cannot be in memory.
    let scratch: String
    /// The size of `/tmp` in bytes.
    let scratchSize: Int

    var description: String { command.description }
    var marksOutput: Bool { command.marksOutput }
    var variables: [String: String] {
        ["_HANDLER": handler, "AWS_EXECUTION_ENV": "AWS_Lambda_\(runtime)", "LANG": "en_US.UTF-8"]
    }

    func start(
        _ variables: [String: String],
        address: String,
        onOutput: @escaping @Sendable (ProcessOutput) async -> Void
    ) async throws -> any RunningContainer {
        var environment = host.baseEnvironment.merging(variables) { $1 }
        environment["AWS_LAMBDA_RUNTIME_API"] = address
        environment["AWS_ENDPOINT_URL"] = environment["AWS_ENDPOINT_URL"] ?? host.endpoint
        var specification = ProcessSpecification(
            command: command.command,
            environment: environment,
            workingDirectory: Runtime.taskRoot,
            mounts: [
                Mount(source: code, target: Runtime.taskRoot, isReadOnly: true),
                Mount(source: runtimeDirectory, target: Runtime.directory, isReadOnly: true),
            ],
            combinesOutput: true
        )
        // An interpreter below /tmp would be hidden by a /tmp of the function's own.
        let hidesInterpreter = command.prefixes.contains { $0.hasPrefix("/tmp/") }
        let isolation = await host.isolation().method
        if isolation == .plainDirectory || hidesInterpreter {
            specification.environment["TMPDIR"] = scratch
        } else {
            specification.environment["TMPDIR"] = nil
            if isolation == .bubblewrap, scratchSize <= host.memory / 4 {
                specification.scratch = scratchSize
            } else {
                specification.mounts.append(Mount(source: scratch, target: "/tmp"))
            }
        }
        return try await host.start(specification, onOutput: onOutput)
    }
}

/// A container image, by its own entry point.
struct ImageProgram: FunctionProgram {
    let place: ContainerPlace
    let specification: ContainerSpecification
    let description: String
    let marksOutput: Bool
    /// The handler: what the image's command begins with.
    let handler: String

    var variables: [String: String] { ["_HANDLER": handler] }

    /// - Throws: `LaunchFailure` where the image cannot be run on this machine.
    init(_ function: ResolvedFunction, _ image: FunctionImage, host: ComputeHost, runtimeDirectory: String) async throws
    {
        do {
            place = try await host.place(for: image.resolvedURI)
        } catch let error as ContainerError {
            throw LaunchFailure(type: "Runtime.InvalidEntrypoint", message: error.message)
        }
        guard let configuration = place.image?.configuration else {
            throw LaunchFailure(
                type: "Runtime.InvalidEntrypoint",
                message: """
                    The image \(image.uri) needs Docker, Podman or (on Linux) bubblewrap, none of which works here, or it \
                    is not in the yard's registry any more
                    """
            )
        }
        let overrides = function.version.configuration["ImageConfigResponse"]?["ImageConfig"]
        let command = overrides?["Command"]?.arrayValue?.compactMap(\.stringValue) ?? configuration.command
        var specification = ContainerSpecification(
            name: "lambda/\(function.reference.name)",
            entrypoint: overrides?["EntryPoint"]?.arrayValue?.compactMap(\.stringValue),
            arguments: command,
            workingDirectory: overrides?["WorkingDirectory"]?.stringValue,
            limits: ContainerLimits(memory: function.memorySize << 20, scratch: function.scratchSize)
        )
        specification.isRootReadOnly = true
        handler = command.first ?? ""
        let isBare = configuration.entrypoint.isEmpty && specification.entrypoint == nil
        marksOutput = isBare && command.count == 1 && Self.isHandler(handler)
        if marksOutput {
            specification.entrypoint = ["python3", "\(Runtime.directory)/\(PythonBootstrap.fileName)"]
            specification.arguments = []
            specification.mounts = [Mount(source: runtimeDirectory, target: Runtime.directory, isReadOnly: true)]
        }
        if place.kind == .image { specification.limits.memory = nil }
        self.specification = specification
        description = "Trainyard runs this function \(try await place.introduction(specification))"
    }

    func start(
        _ variables: [String: String],
        address: String,
        onOutput: @escaping @Sendable (ProcessOutput) async -> Void
    ) async throws -> any RunningContainer {
        var specification = specification
        specification.environment = variables
        specification.environment["AWS_LAMBDA_RUNTIME_API"] = place.address(address)
        specification.environment["AWS_ENDPOINT_URL"] = variables["AWS_ENDPOINT_URL"] ?? place.endpoint
        return try await place.start(specification, onOutput: onOutput)
    }

    /// Whether a command means no program but a function of a Python module: `app.handler`. Images without an entry
    /// point have no runtime of their own; the yard's stands in for it.
    private static func isHandler(_ text: String) -> Bool {
        guard !text.hasPrefix("/"), let dot = text.lastIndex(of: "."), dot != text.startIndex else { return false }
        let name = text[text.index(after: dot)...]
        return !name.isEmpty && !["sh", "py", "exe"].contains(name)
            && text.allSatisfy { $0.isLetter || $0.isNumber || "._/-".contains($0) }
    }
}
