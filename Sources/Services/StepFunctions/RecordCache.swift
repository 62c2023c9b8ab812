import Synchronization

/// Records as the store has them, so that what is asked for again and again need not be read again.
///
/// Whoever changes a record in the store removes it here afterwards; what was read before that is not kept.
final class RecordCache<Record: Sendable>: Sendable {
    private struct State {
        var records: [String: Record] = [:]
        /// Those kept before the ones in `records`.
        var older: [String: Record] = [:]
        var generation = 0
    }

    private let limit: Int
    private let state = Mutex(State())

    /// - Parameter limit: whenever so many have been kept, those kept before them are forgotten.
    init(limit: Int) { self.limit = limit }

    subscript(key: String) -> Record? { state.withLock { $0.records[key] ?? $0.older[key] } }

    /// Changes with each removal.
    var generation: Int { state.withLock { $0.generation } }

    /// - Parameter generation: of before the record was read.
    func keep(_ record: Record, for key: String, readAt generation: Int) {
        state.withLock { state in
            guard state.generation == generation else { return }
            if state.records.count >= limit {
                state.older = state.records
                state.records = [:]
            }
            state.records[key] = record
        }
    }

    func remove(_ key: String) {
        state.withLock { state in
            state.records[key] = nil
            state.older[key] = nil
            state.generation += 1
        }
    }

    func removeAll() {
        state.withLock { state in
            state.records = [:]
            state.older = [:]
            state.generation += 1
        }
    }
}

extension RecordCache<ExecutionRecord> {
    /// Longer ones are left to the store.
    private static var longestText: Int { 16384 }

    /// Keeps an execution that has ended.
    func keep(ended record: ExecutionRecord) {
        guard record.status != "RUNNING", record.input.utf8.count + (record.output?.utf8.count ?? 0) < Self.longestText
        else { return }
        keep(record, for: record.arn, readAt: generation)
    }
}
