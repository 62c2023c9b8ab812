public import JSON

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A moment, to the millisecond: the precision of AWS's own records.
public struct Timestamp: Sendable, Hashable, Comparable, Codable {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    public var milliseconds: Int

    public init(milliseconds: Int) { self.milliseconds = milliseconds }

    public init(seconds: Double) { milliseconds = Int((seconds * 1000).rounded()) }

    public var seconds: Double { Double(milliseconds) / 1000 }

    /// As a member of an AWS answer: seconds since 1970 with three decimals.
    public var json: JSON { milliseconds % 1000 == 0 ? .integer(milliseconds / 1000) : .double(seconds) }

    /// `2023-05-01T12:34:56.789Z`.
    public var iso8601: String {
        Date(timeIntervalSince1970: seconds).formatted(
            .iso8601.year().month().day().time(includingFractionalSeconds: true)
        )
            + "Z"
    }

    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.milliseconds < right.milliseconds }

    public static func + (moment: Timestamp, duration: Duration) -> Timestamp {
        let (seconds, attoseconds) = duration.components
        return Timestamp(
            milliseconds: moment.milliseconds + Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000)
        )
    }

    public static func - (later: Timestamp, earlier: Timestamp) -> Duration {
        .milliseconds(later.milliseconds - earlier.milliseconds)
    }
}

/// Where services learn the time and wait for it, so that tests can simulate it.
public protocol WallClock: Sendable {
    func now() -> Timestamp
    /// Returns at the moment or after it; throws `CancellationError` where the task is cancelled before.
    func sleep(until moment: Timestamp) async throws
}

/// The machine's clock.
public struct SystemClock: WallClock {
    public init() {}

    public func now() -> Timestamp { Timestamp(seconds: Date().timeIntervalSince1970) }

    /// Wakes at least once a minute, so that a clock that jumps is noticed.
    public func sleep(until moment: Timestamp) async throws {
        while true {
            let remaining = moment - now()
            guard remaining > .zero else { return }
            try await Task.sleep(for: min(remaining, .seconds(60)))
        }
    }
}
