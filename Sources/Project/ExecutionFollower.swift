public import AWSProtocol
import JSON

/// Follows one execution through the API until it has ended.
public struct ExecutionFollower: Sendable {
    private let aws: any AWSCaller
    private let caller: Caller
    private let clock: any WallClock
    private let interval: Duration

    /// - Parameter interval: between two looks while something happens: milliseconds in process, a second against AWS.
    public init(aws: any AWSCaller, caller: Caller, clock: any WallClock = SystemClock(), interval: Duration) {
        self.aws = aws
        self.caller = caller
        self.clock = clock
        self.interval = interval
    }

    /// Calls `onLook` with the picture of the execution at each look, changed or not, and answers the last one.
    public func follow(_ executionARN: String, onLook: (ExecutionBoard) -> Void) async throws -> ExecutionBoard {
        var board = ExecutionBoard()
        var pause = interval
        var seen = 0
        while true {
            let events = try await history(executionARN)
            board.apply(events)
            onLook(board)
            if board.outcome != nil { return board }
            // While nothing happens, looks become rarer: a Wait of minutes is not worth a processor.
            pause = events.count > seen ? interval : max(interval, min(pause * 2, Self.longestPause))
            seen = events.count
            try await clock.sleep(until: clock.now() + pause)
        }
    }

    private static let longestPause = Duration.milliseconds(100)

    private func history(_ executionARN: String) async throws -> [JSON] {
        var events: [JSON] = []
        var token: JSON?
        repeat {
            let page = try await aws.call(
                "states:GetExecutionHistory",
                .compact(["executionArn": .string(executionARN), "maxResults": 1000, "nextToken": token]),
                as: caller
            )
            events += page["events"]?.arrayValue ?? []
            token = page["nextToken"]
        } while token != nil
        return events
    }
}
