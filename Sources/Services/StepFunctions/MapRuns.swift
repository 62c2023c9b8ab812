import StatesLanguage
import Synchronization

/// The map runs under way, by ARN.
final class MapRuns: Sendable {
    private let runs = Mutex<[String: MapRun]>([:])

    subscript(arn: String) -> MapRun? { runs.withLock { $0[arn] } }

    func add(_ run: MapRun) { runs.withLock { $0[run.call.mapRunARN] = run } }

    func remove(_ arn: String) { runs.withLock { $0[arn] = nil } }
}
