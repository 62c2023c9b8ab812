import AWSProtocol
import Compute
import JSON
import NIOCore

/// Starts the program of a model's container on this machine, with the model's directory as its private `/opt/ml`.
///
/// A container whose image the machine does not have is served by a small server of our own where its environment
/// names a Python program, as the SageMaker Python SDK has it for its framework images.
struct ServingRuntime: Sendable {
    let host: ComputeHost

    /// What a container's program is started with.
    struct Start: Sendable {
        var container: ContainerDefinition
        /// The host's directory that the program sees as `/opt/ml`.
        var root: String
        /// The container's own variables, its credentials, its region.
        var environment: [String: String]
        /// The directory of the program's code as the program sees it, where it is not below `/opt/ml/model`.
        var codeDirectory: String?
    }

    /// Starts the program; returns once it runs, which is before it answers.
    func start(
        _ start: Start,
        output: @escaping @Sendable (ByteBuffer) async -> Void
    ) async throws(ServingFailure) -> ServingProgram {
        let container = start.container
        if let program = try await imageProgram(start, output) { return program }
        guard let program = try pythonProgram(start) else {
            throw ServingFailure(
                """
                Trainyard does not have the image \(container.imageName). Push it to the yard's registry, or give the \
                container SAGEMAKER_PROGRAM and a model.tar.gz with code/inference.py, which is served without it.
                """
            )
        }
        let python: Interpreter
        do {
            python = try await host.python()
        } catch {
            throw ServingFailure("\(error)")
        }
        let bootstrap = start.root + "/" + PythonModelServer.fileName
        do {
            try write(PythonModelServer.source, to: bootstrap)
        } catch {
            throw ServingFailure("\(error)")
        }
        await output(
            ByteBuffer(
                string: "Trainyard serves this model with \(python.summary) in place of the image "
                    + "\(container.imageName)\n"
            )
        )
        let port = try await freePort()
        var environment = host.baseEnvironment
        environment["PYTHONUNBUFFERED"] = "1"
        environment["AWS_ENDPOINT_URL"] = host.endpoint
        environment.merge(start.environment) { $1 }
        environment["SAGEMAKER_BIND_TO_PORT"] = String(port)
        environment["SAGEMAKER_PROGRAM"] = program.name
        environment["SAGEMAKER_SUBMIT_DIRECTORY"] = program.directory
        if container.isMultiModel { environment["SAGEMAKER_MULTI_MODEL"] = "true" }
        let directory = JobDirectory.parent(of: python.path)
        environment["PATH"] = [directory, environment["PATH"] ?? ""].joined(separator: ":")
        PythonRequirements.prepare(&environment)
        var command = [python.path, "\(ContainerPath.root)/\(PythonModelServer.fileName)"]
        let requirements = ContainerPath.belowRoot("\(program.directory)/\(PythonRequirements.fileName)")
        if let requirements, (try? JobDirectory.size(of: "\(start.root)/\(requirements)")) != nil {
            command = PythonRequirements.installing(program.directory, before: command, python: python.path)
        }
        let specification = ProcessSpecification(
            command: command,
            environment: environment,
            workingDirectory: ContainerPath.root,
            mounts: [Mount(source: start.root, target: ContainerPath.root)],
            combinesOutput: true
        )
        do {
            let process = try await host.start(specification) { await output($0.bytes) }
            return ServingProgram(HostProgram(process: process), at: .port(port))
        } catch {
            throw ServingFailure("\(error)")
        }
    }

    /// The image's own server, where the image can be had: its entry point with the argument `serve`.
    /// <https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html>
    private func imageProgram(
        _ start: Start,
        _ output: @escaping @Sendable (ByteBuffer) async -> Void
    ) async throws(ServingFailure) -> ServingProgram? {
        do {
            let place = try await host.place(for: start.container.imageName)
            if place.kind == .process { return nil }
            // Only an image that says so listens where it is told; others have AWS's port.
            let label = place.image?.configuration.labels["com.amazonaws.sagemaker.capabilities.accept-bind-to-port"]
            let port = label == "true" ? try await FreePort.find() : 8080
            var specification = ContainerSpecification(
                name: "model/\(start.container.name)",
                arguments: ["serve"],
                environment: start.environment,
                mounts: [Mount(source: start.root, target: ContainerPath.root)]
            )
            specification.environment["SAGEMAKER_BIND_TO_PORT"] = String(port)
            specification.environment["AWS_ENDPOINT_URL"] = start.environment["AWS_ENDPOINT_URL"] ?? place.endpoint
            if start.container.isMultiModel { specification.environment["SAGEMAKER_MULTI_MODEL"] = "true" }
            specification.port = port
            let introduction = try await place.introduction(specification)
            await output(ByteBuffer(string: "Trainyard serves this model \(introduction)\n"))
            let running = try await place.start(specification) { await output($0.bytes) }
            return ServingProgram(HostProgram(process: running), at: running.address ?? .port(port))
        } catch {
            throw ServingFailure("\(error)")
        }
    }

    /// The program that the container's environment, or the model's archive, names.
    private func pythonProgram(_ start: Start) throws(ServingFailure) -> (name: String, directory: String)? {
        let environment = start.container.environment
        let directory = start.codeDirectory ?? environment["SAGEMAKER_SUBMIT_DIRECTORY"] ?? "/opt/ml/model/code"
        let path = directory.hasPrefix("file://") ? String(directory.dropFirst(7)) : directory
        if let name = environment["SAGEMAKER_PROGRAM"], !name.isEmpty { return (name, path) }
        let usual = "/opt/ml/model/code/inference.py"
        guard let relative = ContainerPath.belowRoot(usual), !start.container.isMultiModel else { return nil }
        let isThere = (try? JobDirectory.size(of: "\(start.root)/\(relative)")) != nil
        return isThere ? ("inference.py", "/opt/ml/model/code") : nil
    }

    private func freePort() async throws(ServingFailure) -> Int {
        do {
            return try await FreePort.find()
        } catch {
            throw ServingFailure("There is no free port: \(error)")
        }
    }

    private func write(_ text: String, to path: String) throws {
        let writer = try FileWriter(path: path)
        defer { writer.close() }
        try writer.write(ByteBuffer(string: text))
    }
}
