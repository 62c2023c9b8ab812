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
        var limits: ContainerLimits
        /// The directory of the program's code as the program sees it, where it is not below `/opt/ml/model`.
        var codeDirectory: String?
    }

    /// Starts the program; returns once it runs, which is before it answers.
    func start(
        _ start: Start,
        output: @escaping @Sendable (ByteBuffer) async -> Void
    ) async throws(ServingFailure) -> ServingProgram {
        do {
            let place = try await host.place(for: start.container.imageName)
            let reserved = Self.tellsPort(place) ? try await ReservedPort() : nil
            let port = reserved?.number ?? Self.usualPort
            let specification =
                place.kind == .process
                ? try await pythonServer(start, port: port) : imageServer(start, place, port: port)
            let introduction = try await place.introduction(specification)
            await output(ByteBuffer(string: "Trainyard serves this model \(introduction)\n"))
            let running = try await place.start(specification) { await output($0.bytes) }
            let address = running.address ?? .port(specification.port ?? Self.usualPort)
            return ServingProgram(HostProgram(process: running), at: address, keeping: reserved) { exceeded in
                let name = start.container.name
                await output(
                    ByteBuffer(string: "The program of the \(name) container is ended: \(exceeded.modelReason).\n")
                )
            }
        } catch let error as ServingFailure {
            throw error
        } catch {
            throw ServingFailure("\(error)")
        }
    }

    /// Where a model's container listens on AWS.
    private static let usualPort = 8080

    /// Whether the program listens where it is told: our own does, and an image that says so; others have AWS's port.
    private static func tellsPort(_ place: ContainerPlace) -> Bool {
        let label = place.image?.configuration.labels["com.amazonaws.sagemaker.capabilities.accept-bind-to-port"]
        return place.kind == .process || label == "true"
    }

    /// The image's own server: its entry point with the argument `serve`.
    /// <https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html>
    private func imageServer(_ start: Start, _ place: ContainerPlace, port: Int) -> ContainerSpecification {
        var specification = specification(start, port: port)
        specification.arguments = ["serve"]
        specification.environment["AWS_ENDPOINT_URL"] = start.environment["AWS_ENDPOINT_URL"] ?? place.endpoint
        return specification
    }

    /// Our own server around the Python program that the container names, in place of an image that is not there.
    private func pythonServer(_ start: Start, port: Int) async throws -> ContainerSpecification {
        guard let program = try pythonProgram(start) else {
            throw ServingFailure(
                """
                Trainyard does not have the image \(start.container.imageName). Push it to the yard's registry, or give \
                the container SAGEMAKER_PROGRAM and a model.tar.gz with code/inference.py, which is served without it.
                """
            )
        }
        let python = try await host.python().path
        try write(PythonModelServer.source, to: start.root + "/" + PythonModelServer.fileName)
        var specification = specification(start, port: port)
        specification.environment["AWS_ENDPOINT_URL"] = start.environment["AWS_ENDPOINT_URL"] ?? host.endpoint
        specification.environment["SAGEMAKER_PROGRAM"] = program.name
        specification.environment["SAGEMAKER_SUBMIT_DIRECTORY"] = program.directory
        PythonRequirements.prepare(&specification.environment)
        var command = [python, "\(ContainerPath.root)/\(PythonModelServer.fileName)"]
        let requirements = ContainerPath.belowRoot("\(program.directory)/\(PythonRequirements.fileName)")
        if let requirements, (try? JobDirectory.size(of: "\(start.root)/\(requirements)")) != nil {
            command = PythonRequirements.installing(program.directory, before: command, python: python)
        }
        specification.entrypoint = command
        return specification
    }

    /// What all programs that serve are started with.
    /// - Parameter port: Where it listens, which it is told.
    private func specification(_ start: Start, port: Int) -> ContainerSpecification {
        var specification = ContainerSpecification(
            name: "model/\(start.container.name)",
            environment: start.environment,
            mounts: [Mount(source: start.root, target: ContainerPath.root)],
            limits: start.limits
        )
        specification.port = port
        specification.environment["SAGEMAKER_BIND_TO_PORT"] = String(port)
        if start.container.isMultiModel { specification.environment["SAGEMAKER_MULTI_MODEL"] = "true" }
        return specification
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

    private func write(_ text: String, to path: String) throws {
        let writer = try FileWriter(path: path)
        defer { writer.close() }
        try writer.write(ByteBuffer(string: text))
    }
}
