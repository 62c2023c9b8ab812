import AWSProtocol
import Compute
import JSON
import LinearLearner
import NIOCore

/// One start of a model: where its files lie, where its log goes, how long it may take.
struct ModelInstance: Sendable {
    /// The host's directory for the model's files; its own.
    var directory: String
    var logGroup: String
    var logStream: String
    /// Variables beside the containers' own: those of a batch transform.
    var environment: [String: String] = [:]
    /// How long a container may take until it answers `/ping`: AWS's four minutes, or what the variant says.
    var startup = Duration.seconds(240)
    /// What each of its containers may use.
    var limits = ContainerLimits()
}

/// Makes models ready to answer: brings their files, starts their containers, waits until they are healthy.
///
/// Endpoints and batch transform jobs serve through it.
struct ModelLauncher: Sendable {
    let context: JobContext

    /// - Throws: `ServingFailure` where a container cannot be started or does not become healthy; what had been started
    ///   is ended then.
    func start(_ model: ModelDefinition, _ instance: ModelInstance) async throws(ServingFailure) -> ModelServer {
        let access: JobAccess
        do {
            access = try await JobAccess(
                role: model.role,
                account: model.account,
                region: model.region,
                aws: context.aws
            )
        } catch {
            throw ServingFailure(error.message)
        }
        let data = ModelData(
            transfer: S3Transfer(aws: context.aws, caller: access.caller, host: context.host),
            host: context.host
        )
        let log = JobLog(
            group: instance.logGroup,
            stream: instance.logStream,
            caller: Caller(account: model.account, region: model.region),
            aws: context.aws,
            clock: context.clock,
            logger: context.logger
        )
        let files = JobDirectory(root: instance.directory)
        var started: [any ModelContainer] = []
        do {
            for (index, definition) in model.containers.enumerated() {
                let start = ContainerStart(
                    definition: definition,
                    root: "\(instance.directory)/\(index)",
                    model: model,
                    instance: instance,
                    access: access,
                    data: data,
                    log: log,
                    context: context
                )
                started.append(try await start.container())
            }
        } catch {
            await log.write(line: error.reason)
            await ModelServer(model, started, log: log, files: files, host: context.host).stop()
            throw error
        }
        return ModelServer(model, started, log: log, files: files, host: context.host)
    }
}

/// The start of one container.
private struct ContainerStart: Sendable {
    let definition: ContainerDefinition
    let root: String
    let model: ModelDefinition
    let instance: ModelInstance
    let access: JobAccess
    let data: ModelData
    let log: JobLog
    let context: JobContext

    func container() async throws(ServingFailure) -> any ModelContainer {
        if definition.image.isLinearLearner { return try await linearLearner() }
        return definition.image.isAutoML ? try await autoML() : try await program()
    }

    private func autoML() async throws(ServingFailure) -> any ModelContainer {
        guard case .archive(let location) = definition.data else {
            throw ServingFailure(
                "A candidate of an AutoML job is served from a model.tar.gz: give its place as ModelDataUrl."
            )
        }
        let bytes = try await data.bytes(location, container: definition.name)
        do {
            return try await context.host.runBlocking { [definition, host = context.host] in
                try AutoMLContainer(definition, AutoMLArchive(tarGzip: bytes), host: host)
            }
        } catch {
            throw ServingFailure("The model data at \(location.uri) cannot be served: \(error)")
        }
    }

    private func linearLearner() async throws(ServingFailure) -> any ModelContainer {
        await log.write(
            line: "Trainyard serves this model with its built-in linear-learner in place of the image "
                + definition.imageName
        )
        switch definition.data {
        case .prefix(let prefix) where definition.isMultiModel:
            return MultiModelLinearLearnerContainer(
                name: definition.name,
                host: context.host,
                source: MultiModelSource(data: data, prefix: prefix)
            )
        case .archive(let location):
            let bytes = try await data.bytes(location, container: definition.name)
            do {
                let predictor = try await context.host.runBlocking { try Predictor(modelBytes: bytes) }
                return LinearLearnerContainer(
                    name: definition.name,
                    host: context.host,
                    predictor: predictor,
                    defaultAccept: definition.environment["SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT"]
                )
            } catch {
                throw ServingFailure("The model data at \(location.uri) cannot be loaded: \(error)")
            }
        case .prefix, .none:
            throw ServingFailure("linear-learner serves a model.tar.gz: give its place as ModelDataUrl.")
        }
    }

    private func program() async throws(ServingFailure) -> any ModelContainer {
        do {
            try JobDirectory.makeDirectory("\(root)/model")
        } catch {
            throw ServingFailure("\(error)")
        }
        if !definition.isMultiModel {
            try await data.bring(definition.data, to: "\(root)/model", container: definition.name)
        }
        let start = ServingRuntime.Start(
            container: definition,
            root: root,
            environment: environment,
            limits: instance.limits,
            codeDirectory: try await codeDirectory()
        )
        let program = try await ServingRuntime(host: context.host).start(start) { [log] in await log.write($0) }
        let container = HTTPModelContainer(name: definition.name, program: program)
        try await waitUntilHealthy(container)
        guard definition.isMultiModel, case .prefix(let prefix) = definition.data else { return container }
        return MultiModelContainer(
            container: container,
            source: MultiModelSource(data: data, prefix: prefix),
            root: root
        )
    }

    private var environment: [String: String] {
        var environment = definition.environment
        environment.merge(instance.environment) { own, _ in own }
        environment.merge(access.environment) { $1 }
        environment["AWS_REGION"] = model.region
        environment["AWS_DEFAULT_REGION"] = model.region
        return environment
    }

    /// Code that lies in S3, as older SDKs leave it.
    private func codeDirectory() async throws(ServingFailure) -> String? {
        guard let text = definition.environment["SAGEMAKER_SUBMIT_DIRECTORY"], let location = S3Location(text) else {
            return nil
        }
        try await data.bring(.archive(location), to: "\(root)/code", container: definition.name)
        return "\(ContainerPath.root)/code"
    }

    private func waitUntilHealthy(_ container: HTTPModelContainer) async throws(ServingFailure) {
        let deadline = ContinuousClock.now + min(instance.startup, context.modelStartup ?? instance.startup)
        var pause = Duration.milliseconds(10)
        while container.isUsable, ContinuousClock.now < deadline {
            if await container.isHealthy() { return }
            // Nothing tells when a program begins to listen but asking it.
            do { try await Task.sleep(for: pause) } catch { break }
            pause = min(pause * 2, .milliseconds(250))
        }
        if !container.isUsable { await log.write(line: "The program of the \(definition.name) container has ended.") }
        await container.stop(grace: .seconds(1))
        throw ServingFailure(
            "The \(definition.name) container did not pass the ping health check. Please check CloudWatch logs for this "
                + "endpoint."
        )
    }
}
