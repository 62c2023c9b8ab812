import JSON
import NIOCore
import OutgoingHTTP
import Synchronization

/// Keeps the last request and answer of a tested HTTP task, for `TestState` at the level TRACE.
final class HTTPExchange: Sendable {
    /// Whether what the connection adds is shown.
    let showsSecrets: Bool
    private let kept = Mutex<JSON.Object>([:])

    init(showsSecrets: Bool) { self.showsSecrets = showsSecrets }

    func keep(_ description: JSON.Object) { kept.withLock { $0 = description } }

    /// `request` and `response`; empty where nothing was called.
    var members: JSON.Object { kept.withLock { $0 } }

    /// - Parameter shown: The request as far as it may be seen.
    static func description(of shown: OutgoingRequest, _ sent: OutgoingRequest, _ answer: OutgoingAnswer) -> JSON.Object
    {
        let scheme = String(sent.url.prefix { $0 != ":" })
        return [
            "request": .compact([
                "protocol": .string(scheme), "method": .string(shown.method), "url": .string(shown.url),
                "headers": .string(list(shown.headers)), "body": shown.body.map(JSON.string),
            ]),
            "response": [
                "protocol": .string(scheme), "statusCode": .string(String(answer.status)),
                "statusMessage": .string(answer.reason),
                "headers": .string(list(answer.headers.map { ($0.name.lowercased(), $0.value) })),
                "body": .string(String(buffer: answer.body)),
            ],
        ]
    }

    private static func list(_ headers: [(name: String, value: String)]) -> String {
        "[" + headers.map { "\($0.name): \($0.value)" }.joined(separator: ", ") + "]"
    }
}
