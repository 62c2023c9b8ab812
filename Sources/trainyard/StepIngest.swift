import ArgumentParser
import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import TabularSteps

/// Fetches a data set and looks whether it is one.
struct StepIngest: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ingest",
        abstract: "Fetches a CSV data set from a URL or a file and checks it before it is stored."
    )

    @Option(help: "An http or https URL, or a local path.")
    var source: String

    @Option(help: "The file to write, or a folder (ending in a slash) to write it to under its own name.")
    var output: String

    @Option(help: "How long to wait for the source, in seconds.")
    var timeout: Int = 60

    @Option(help: "How large the source may be, in MiB.")
    var maximumSize: Int = 1024

    func run() async throws {
        try await StepFiles.run {
            let isURL = source.hasPrefix("http://") || source.hasPrefix("https://")
            let bytes = isURL ? try await fetch() : try StepFiles.read(StepFiles.resolve(source, name: "data.csv"))
            let table: Ingestion
            do { table = try Ingestion(checking: bytes) } catch { throw StepFailure("\(source): \(error)") }
            let path = output.hasSuffix("/") ? output + fileName : output
            try StepFiles.write(bytes, to: path)
            print("\(path): \(table.rowCount) rows, \(table.columnCount) columns, \(bytes.count) bytes")
        }
    }

    private var fileName: String {
        let path = source.prefix { $0 != "?" && $0 != "#" }
        return path.split(separator: "/").last.map(String.init) ?? "data.csv"
    }

    private func fetch() async throws -> [UInt8] {
        let request = HTTPClientRequest(url: source)
        do {
            let response = try await HTTPClient.shared.execute(request, timeout: .seconds(Int64(timeout)))
            guard response.status.code == 200 else {
                throw StepFailure("\(source) answered \(response.status.code) \(response.status.reasonPhrase)")
            }
            let body = try await response.body.collect(upTo: maximumSize << 20)
            return Array(body.readableBytesView)
        } catch let failure as StepFailure {
            throw failure
        } catch {
            throw StepFailure("Cannot fetch \(source): \(error)")
        }
    }
}
