import ArgumentParser
import Compute

/// `trainyard network-relay`: what the yard starts beside a program that has a network of its own.
struct NetworkRelayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "network-relay",
        abstract: "Hand connections on between the yard and a program in a network of its own.",
        shouldDisplay: false
    )

    @Option(help: "The port that the program listens on.")
    var programPort: Int

    @Option(help: "The yard's port, at which the program reaches it.")
    var yardPort: Int

    func run() async throws { try await NetworkRelay(programPort: programPort, yardPort: yardPort).run() }
}
