import AWSProtocol
import JSON

/// A training job's warm pool: instances that are kept for the next job. Here there is nothing to keep, as jobs start at
/// once; its fields follow the clock as AWS describes them.
/// <https://docs.aws.amazon.com/sagemaker/latest/dg/train-warm-pools.html>
struct WarmPool: Sendable, Equatable {
    enum Status: String, Sendable {
        case inUse = "InUse"
        case available = "Available"
        case terminated = "Terminated"
    }

    var status: Status
    /// How long it was kept after its job, in seconds.
    var retainedSeconds: Int

    var json: JSON {
        [
            "Status": .string(status.rawValue),
            "ResourceRetainedBillableTimeInSeconds": .integer(retainedSeconds),
        ]
    }
}

extension JobRecord {
    /// nil where the job asks for none.
    func warmPool(at now: Timestamp) -> WarmPool? {
        let period = request["ResourceConfig"]?["KeepAlivePeriodInSeconds"]?.intValue ?? 0
        guard kind == .training, period > 0 else { return nil }
        guard let ended = state.ended else { return WarmPool(status: .inUse, retainedSeconds: 0) }
        guard state.status == .completed else { return WarmPool(status: .terminated, retainedSeconds: 0) }
        let passed = max(0, (now.milliseconds - ended.milliseconds) / 1000)
        return passed < period
            ? WarmPool(status: .available, retainedSeconds: passed)
            : WarmPool(status: .terminated, retainedSeconds: period)
    }
}
