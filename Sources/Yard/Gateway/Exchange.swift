import AWSProtocol
import HTTPTypes
import HummingbirdCore
import NIOCore

/// One request that the server takes in as a stream, and its answer, between the server's types and ours.
struct Exchange {
    private let request: Request
    private let expectation: Expectation?

    init(_ request: Request, on channel: any Channel) {
        self.request = request
        let isAsked = request.headers[.expect]?.lowercased() == "100-continue"
        expectation = isAsked ? Expectation(channel) : nil
    }

    /// Has the request answered and writes the answer.
    func run(_ responder: GatewayResponder, _ writer: consuming ResponseWriter) async throws {
        var answer = await responder.respond(to: head, body)
        // A client that was never told to send may or may not do so: the next request could not be told from the body.
        if expectation?.isPending ?? false { answer.headers["Connection"] = "close" }
        try await write(answer, writer)
    }

    // MARK: The request

    private var head: HTTPRequestHead {
        var headers = HTTPHeaderList()
        // The server takes the host out of the headers; signatures cover it.
        if let host = request.head.authority { headers.append("host", host) }
        for field in request.headers { headers.append(field.name.canonicalName, field.value) }
        return HTTPRequestHead(method: request.method.rawValue, target: request.head.path ?? "/", headers: headers)
    }

    private var body: Body {
        let length = request.headers[.contentLength].flatMap { Int($0) }
        if length == 0 || (length == nil && request.headers[.transferEncoding] == nil) { return .empty }
        guard let expectation else { return Body(.stream(request.body, length: length)) }
        return Body(.stream(AwaitedBody(base: request.body, expectation: expectation), length: length))
    }

    // MARK: The answer

    private func write(_ answer: HTTPAnswer, _ writer: consuming ResponseWriter) async throws {
        let isHead = request.method == .head
        let fields = answer.fields(toHead: isHead).compactMap { field in
            HTTPField.Name(field.name).map { HTTPField(name: $0, value: field.value) }
        }
        let head = HTTPResponse(status: .init(code: answer.status), headerFields: HTTPFields(fields))
        guard !isHead, !answer.isBodiless else { return try await writer.writeResponse(head) }
        if case .bytes(let buffer) = answer.body.content {
            return try await writer.write(response: head, body: ResponseBody(byteBuffer: buffer))
        }
        var output = try await writer.writeHead(head)
        for try await chunk in answer.body.chunks(ofAtMost: answer.body.chunkSize) {
            try await output.write(chunk)
        }
        try await output.finish(nil)
    }
}

extension Body {
    /// How much of it is written at a time. Each chunk is a hand-over between threads, which takes its time on a busy
    /// machine: the many of a large body are larger.
    var chunkSize: Int { (length ?? 0) > 64 << 20 ? 4 << 20 : 1 << 20 }
}
