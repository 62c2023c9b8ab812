import StatesLanguage

/// What a map run's children have come to so far.
struct MapRunProgress {
    let inputs: [MapRunInput]
    /// What has ended, by its place among the inputs.
    private(set) var ended: [ExecutionRecord?]
    private let totalItems: Int
    private var failedItems = 0

    init(_ inputs: [MapRunInput] = []) {
        self.inputs = inputs
        ended = Array(repeating: nil, count: inputs.count)
        totalItems = inputs.reduce(0) { $0 + $1.itemCount }
    }

    /// Takes the end of a child; of several ends of one the first counts.
    mutating func take(_ record: ExecutionRecord, at position: Int) {
        guard ended[position] == nil else { return }
        ended[position] = record
        if record.status != "SUCCEEDED" { failedItems += inputs[position].itemCount }
    }

    /// Whether more has failed than the state tolerates; nothing is tolerated where nothing is said.
    func isBeyondTolerance(of run: MapRunRecord) -> Bool {
        guard failedItems > 0 else { return false }
        let (count, percentage) = (run.toleratedFailureCount, run.toleratedFailurePercentage)
        if count == nil, percentage == nil { return true }
        if let count, failedItems > count { return true }
        if let percentage { return Double(failedItems) * 100 / Double(totalItems) > percentage }
        return false
    }

    /// - Parameter pending: The places of children that wait to be redriven.
    func tally(isLive: (Int) -> Bool, pending: [Int]) -> MapRunTally {
        var tally = MapRunTally()
        for (position, input) in inputs.enumerated() {
            tally.executions.total += 1
            tally.items.total += input.itemCount
            guard let status = isLive(position) ? "RUNNING" : ended[position]?.status else { continue }
            tally.executions.add(status, 1)
            tally.items.add(status, input.itemCount)
        }
        tally.executions.pendingRedrive = pending.count
        tally.items.pendingRedrive = pending.reduce(0) { $0 + inputs[$1].itemCount }
        return tally
    }
}
