public import ArgumentParser
public import Logging
import NIOCore
import ServiceLifecycle
import Store
import UnixSignals
import Yard

/// `trainyard start`: the yard as a server, until it is told to stop.
struct Start: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start",
        abstract: "Serve the AWS APIs on this machine.",
        discussion: """
            Answers on http://127.0.0.1:4566 until it gets SIGINT (ctrl-C) or SIGTERM. What has been answered is on \
            disk: the next start goes on from there, also after a crash.

            Signatures are verified. The key 'test' with the secret 'test' is known ('trainyard env' sets both), and \
            so are any twelve-digit account number with the secret 'test', and keys made with \
            'aws iam create-access-key'.
            """
    )

    @Option(help: "The address to listen on. 0.0.0.0 lets other machines in.")
    var host = "127.0.0.1"

    @Option(help: "The port to listen on; 0 takes a free one.")
    var port = 4566

    @OptionGroup var yard: YardOptions

    @Flag(help: "Believe every caller: do not verify signatures.")
    var open = false

    @Option(name: .customLong("host-name"), help: "A further name under which clients address the yard; repeatable.")
    var hostNames: [String] = []

    @Option(help: "How much to log on standard error.")
    var logLevel = Logger.Level.warning

    func validate() throws {
        guard (0...65535).contains(port) else {
            throw ValidationError("'\(port)' is not a port: give a number from 0 to 65535 to --port.")
        }
    }

    func run() async throws {
        // Brief requests are answered on these threads; more than a few would only cost memory.
        NIOSingletons.groupLoopCountSuggestion = max(2, min(System.coreCount, 8))
        let logger = StandardErrorLog.logger(level: logLevel)
        var configuration = yard.configuration(host: host, port: port)
        configuration.isOpen = open
        configuration.hostNames = hostNames
        let group: ServiceGroup
        do {
            let served = ServedYard(yard: try Yard(configuration, logger: logger))
            group = ServiceGroup(
                configuration: .init(services: [served], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
            )
            try await group.run()
        } catch let error as StoreError {
            throw failure(error.description, error.code == .inUse ? 75 : 74)
        } catch let error as GatewayError {
            throw failure(error.description, 69)
        }
    }

    /// One line for people and a status for scripts, as sysexits.h numbers them.
    private func failure(_ message: String, _ status: Int32) -> ExitCode {
        StandardErrorLog.print("trainyard: \(message)")
        return ExitCode(status)
    }
}

/// The yard with what is said of it at its start.
private struct ServedYard: Service {
    let yard: Yard

    func run() async throws {
        try await yard.start(whenQuiet: ResidentMemory.giveBack)
        let configuration = yard.configuration
        if configuration.isOpen {
            StandardErrorLog.print("Signatures are not verified (--open): whoever reaches this port may do anything.")
        }
        if configuration.durability == .relaxed {
            StandardErrorLog.print("Durability is relaxed: a power cut loses what was answered in the moments before.")
        }
        StandardErrorLog.print("Trainyard is ready: \(yard.endpoint) (data in \(configuration.dataDirectory))")
        try? await gracefulShutdown()
        await yard.shutdown()
    }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}
