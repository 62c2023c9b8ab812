import AWSProtocol
import Compute
import JSON
import NIOCore

/// A job's hosts, each with a directory and a log of its own, and what they have in common.
struct JobCluster: Sendable {
    let job: JobRecord
    let plan: JobPlan
    let directories: [JobDirectory]
    let logs: [JobLog]
    let outputs: JobOutputs
    private let root: JobDirectory
    private let transfer: S3Transfer
    private let context: JobContext

    /// - Parameter root: The directory of the whole job.
    init(
        _ job: JobRecord,
        _ plan: JobPlan,
        metrics: JobMetrics,
        transfer: S3Transfer,
        in root: JobDirectory,
        _ context: JobContext
    ) {
        self.job = job
        self.plan = plan
        self.root = root
        self.transfer = transfer
        self.context = context
        directories = plan.hosts.map { JobDirectory(root: "\(root.root)/\($0.name)") }
        logs = plan.hosts.map { host in
            JobLog(
                of: job,
                host: host.name,
                metrics: metrics,
                aws: context.aws,
                clock: context.clock,
                logger: context.logger
            )
        }
        outputs = JobOutputs(plan: plan, directories: directories, transfer: transfer, clock: context.clock)
    }

    /// Makes the hosts' directories and brings their inputs there.
    func prepare(stop: StopSignal) async throws {
        for (host, directory) in zip(plan.hosts, directories) { try directory.prepare(plan, on: host) }
        try JobDirectory.write(plan.hosts.hostsFile(ofJob: job.id), to: hostsFile)
        for input in plan.inputs {
            guard !stop.isRequested else { return }
            if input.isPipe {
                for pipe in pipes(of: input) { try pipe.prepare() }
            } else {
                try await download(input)
            }
        }
        try await outputs.noteRestored()
    }

    private var hostsFile: String { root.root + "/hosts" }

    private func download(_ input: JobPlan.Input) async throws {
        let objects =
            input.type == .archive
            ? [InputObject(location: input.source, path: "")] : try await transfer.objects(of: input)
        try await withThrowingTaskGroup { group in
            for (host, directory) in zip(plan.hosts, directories) where input.isFor(host) {
                let share = input.share(of: objects, for: host, among: plan.hosts)
                let target = try directory.path(input.path)
                group.addTask { [transfer] in try await transfer.download(share, of: input, to: target) }
            }
            try await group.waitForAll()
        }
    }

    private func pipes(of input: JobPlan.Input) -> [PipeChannel] {
        zip(plan.hosts, directories).filter { input.isFor($0.0) }.map { host, directory in
            PipeChannel(input: input, host: host, hosts: plan.hosts, transfer: transfer, directory: directory)
        }
    }

    /// All pipes of all hosts.
    var pipes: [PipeChannel] { plan.inputs.filter(\.isPipe).flatMap(pipes) }

    /// Starts the program of each host. Where one cannot be started those before it are ended.
    func start(_ runtime: any JobRuntime, _ credentials: [String: String]) async throws -> [any JobProgram] {
        var programs: [any JobProgram] = []
        for host in plan.hosts {
            let log = logs[host.index]
            var environment = plan.contract.environment(on: host)
            environment.merge(credentials) { $1 }
            environment["AWS_REGION"] = job.region
            environment["AWS_DEFAULT_REGION"] = job.region
            let suffix = plan.hosts.count > 1 ? "/\(host.name)" : ""
            let container = JobContainer(
                name: "\(job.kind.rawValue)/\(job.name)\(suffix)",
                plan: plan,
                cluster: plan.hosts.count > 1 ? "\(job.kind.rawValue)-\(job.id)" : nil,
                host: host,
                directory: directories[host.index],
                hostsFile: hostsFile,
                addresses: Dictionary(
                    uniqueKeysWithValues: plan.hosts.map { ($0.name, $0.address(inJob: job.id)) }
                ),
                environment: environment,
                clock: context.clock
            )
            do {
                programs.append(try await runtime.start(container) { await log.write($0) })
            } catch {
                for program in programs { await program.terminate(grace: .zero) }
                throw error
            }
        }
        return programs
    }

    func closeLogs() async { for log in logs { await log.close() } }
}
