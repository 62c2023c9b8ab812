/// The models that a multi-model container has loaded, each loaded once however many ask for it at a time.
actor ModelCache<Value: Sendable> {
    private struct Entry {
        var loading: Task<Value, any Error>
        /// The number of the request that used it last.
        var used: Int
    }

    private var entries: [String: Entry] = [:]
    private var requests = 0

    /// The model of that name, loaded by `load` where it is not yet. A failed load is forgotten.
    func value(_ name: String, load: @escaping @Sendable () async throws -> Value) async throws -> Value {
        requests += 1
        if let entry = entries[name] {
            entries[name]?.used = requests
            return try await entry.loading.value
        }
        let loading = Task { try await load() }
        entries[name] = Entry(loading: loading, used: requests)
        do {
            return try await loading.value
        } catch {
            entries[name] = nil
            throw error
        }
    }

    /// Takes out the model that has not been used for longest; nil where there is none but `name`.
    func removeLeastRecentlyUsed(except name: String) async -> (name: String, value: Value)? {
        let others = entries.filter { $0.key != name }
        guard let oldest = others.min(by: { $0.value.used < $1.value.used }) else { return nil }
        entries[oldest.key] = nil
        guard let value = try? await oldest.value.loading.value else { return nil }
        return (oldest.key, value)
    }

    func remove(_ name: String) { entries[name] = nil }

    var count: Int { entries.count }
}
