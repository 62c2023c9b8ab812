import AsyncHTTPClient
public import NIOCore
import NIOHTTP1
import Synchronization

/// Requests to servers that are not the yard's, on behalf of what runs in it: an HTTP task's API, an OAuth server.
///
/// Redirects are answers like others, bodies come as they were sent, and the environment's proxies are not asked.
public final class OutgoingHTTP: Sendable {
    /// Made for the first request: most yards send none.
    private let made = Mutex<HTTPClient?>(nil)

    public init() {}

    deinit { made.withLock { $0 }?.shutdown { _ in } }

    private var client: HTTPClient {
        made.withLock { made in
            if let made { return made }
            var configuration = HTTPClient.Configuration()
            configuration.redirectConfiguration = .disallow
            configuration.decompression = .disabled
            configuration.httpVersion = .http1Only
            configuration.connectionPool.retryConnectionEstablishment = false
            let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
            made = client
            return client
        }
    }

    /// Sends a request and reads the whole answer.
    /// - Parameters:
    ///   - limit: How long it may take, the reading included.
    ///   - size: How many bytes the answer's body may have.
    public func send(
        _ request: OutgoingRequest,
        within limit: Duration,
        upTo size: Int
    ) async throws(OutgoingFailure) -> OutgoingAnswer {
        do {
            return try await withThrowingTaskGroup(of: OutgoingAnswer.self) { group in
                group.addTask { try await self.exchange(request, within: limit, upTo: size) }
                group.addTask {
                    try await Task.sleep(for: limit)
                    throw OutgoingFailure.timedOut
                }
                defer { group.cancelAll() }
                guard let answer = try await group.next() else { throw OutgoingFailure.timedOut }
                return answer
            }
        } catch let failure as OutgoingFailure {
            throw failure
        } catch let error as HTTPClientError where Self.timeouts.contains(error) {
            throw .timedOut
        } catch is NIOTooManyBytesError {
            throw .tooLarge
        } catch let error as HTTPClientError {
            throw .unreachable(error.shortDescription)
        } catch {
            throw .unreachable("\(error)")
        }
    }

    private static let timeouts: [HTTPClientError] = [
        .connectTimeout, .readTimeout, .writeTimeout, .deadlineExceeded, .getConnectionFromPoolTimeout,
        .tlsHandshakeTimeout,
    ]

    private func exchange(
        _ request: OutgoingRequest,
        within limit: Duration,
        upTo size: Int
    ) async throws -> OutgoingAnswer {
        var outgoing = HTTPClientRequest(url: request.url)
        outgoing.method = HTTPMethod(rawValue: request.method)
        for (name, value) in request.headers { outgoing.headers.add(name: name, value: value) }
        if let body = request.body { outgoing.body = .bytes(ByteBuffer(string: body)) }
        let response = try await client.execute(outgoing, timeout: TimeAmount(limit))
        return OutgoingAnswer(
            status: Int(response.status.code),
            reason: response.status.reasonPhrase,
            headers: response.headers.map { ($0.name, $0.value) },
            body: try await response.body.collect(upTo: size)
        )
    }
}

/// One request to somebody else's server.
public struct OutgoingRequest: Sendable {
    public var method: String
    public var url: String
    public var headers: [(name: String, value: String)]
    public var body: String?

    public init(_ method: String, _ url: String, headers: [(name: String, value: String)] = [], body: String? = nil) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
    }
}

/// What somebody else's server answered.
public struct OutgoingAnswer: Sendable {
    public var status: Int
    /// `Not Found`.
    public var reason: String
    public var headers: [(name: String, value: String)]
    public var body: ByteBuffer

    public init(status: Int, reason: String, headers: [(name: String, value: String)], body: ByteBuffer) {
        self.status = status
        self.reason = reason
        self.headers = headers
        self.body = body
    }
}

/// Why there is no answer.
public enum OutgoingFailure: Error, Sendable, Hashable {
    case timedOut
    /// With what the network said.
    case unreachable(String)
    /// The answer has more bytes than were asked for.
    case tooLarge
}
