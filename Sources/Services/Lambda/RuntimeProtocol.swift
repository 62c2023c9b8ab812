import NIOHTTP1

/// The Lambda Runtime API as a state machine: which request is answered how, and what an execution environment does.
/// <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>
struct RuntimeProtocol: Sendable {
    enum Phase: Hashable, Sendable {
        /// The process loads the function's code.
        case initializing
        /// The process asked for an event and waits.
        case waiting
        /// An event has been handed out and not been answered.
        case invoking(requestID: String)
        case ended
    }

    /// A request of the runtime.
    enum Request: Hashable, Sendable {
        case next
        case response(requestID: String)
        case error(requestID: String)
        case initializationError
    }

    /// What is to be done with an answer that the runtime posts.
    enum Reply: Hashable, Sendable {
        case accepted
        /// The event is not the one under way: answered already, or timed out.
        case invalidRequestID
    }

    private(set) var phase = Phase.initializing

    /// The request that a method and a path mean, nil for any other.
    static func request(_ method: HTTPMethod, _ path: String) -> Request? {
        let parts = path.split(separator: "?", maxSplits: 1)[0].split(separator: "/")
        guard parts.count >= 3, parts[0] == "2018-06-01", parts[1] == "runtime" else { return nil }
        switch (method, parts[2], parts.count) {
        case (.GET, "invocation", 4) where parts[3] == "next": return .next
        case (.POST, "init", 4) where parts[3] == "error": return .initializationError
        case (.POST, "invocation", 5) where parts[4] == "response": return .response(requestID: String(parts[3]))
        case (.POST, "invocation", 5) where parts[4] == "error": return .error(requestID: String(parts[3]))
        default: return nil
        }
    }

    /// The runtime asks for the next event.
    /// - Returns: Whether this ends the initialization.
    mutating func ask() -> Bool {
        guard phase != .ended else { return false }
        defer { phase = .waiting }
        return phase == .initializing
    }

    /// Hands out an event.
    /// - Returns: False where the runtime does not wait for one.
    mutating func handOut(requestID: String) -> Bool {
        guard phase == .waiting else { return false }
        phase = .invoking(requestID: requestID)
        return true
    }

    /// The runtime answers an event.
    func reply(to requestID: String) -> Reply {
        phase == .invoking(requestID: requestID) ? .accepted : .invalidRequestID
    }

    /// The process has gone, or is not to get another event.
    mutating func end() { phase = .ended }
}
