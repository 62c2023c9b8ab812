import ArgumentParser
import Compute

/// `trainyard engine-watch`: what the yard starts beside the containers of an engine.
struct EngineWatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "engine-watch",
        abstract: "Remove a yard's containers when it has ended, whatever ended it.",
        shouldDisplay: false
    )

    @Option(help: "The engine's socket.")
    var socket: String

    @Option(name: .customLong("run"), help: "The run of the yard whose containers are meant.")
    var identifier: String

    func run() async throws { await EngineWatcher(socket: socket, run: identifier).watch() }
}
