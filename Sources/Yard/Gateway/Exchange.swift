import AWSProtocol
import HTTPTypes
import HummingbirdCore
import NIOCore

/// One request on a connection and its answer, between the server's types and ours.
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
        let isBodiless = answer.status == 204 || answer.status == 304
        let length = request.method == .head ? answer.body.length ?? 0 : answer.body.length
        let fields = fields(answer.headers, length: isBodiless ? nil : length, isHead: request.method == .head)
        let head = HTTPResponse(status: .init(code: answer.status), headerFields: fields)
        guard request.method != .head, !isBodiless else { return try await writer.writeResponse(head) }
        if case .bytes(let buffer) = answer.body.content {
            return try await writer.write(response: head, body: ResponseBody(byteBuffer: buffer))
        }
        var output = try await writer.writeHead(head)
        for try await chunk in answer.body.chunks(ofAtMost: Self.chunkSize(answer.body)) {
            try await output.write(chunk)
        }
        try await output.finish(nil)
    }

    /// Each chunk is a hand-over between threads, which takes its time on a busy machine: the many of a large body are
    /// larger.
    private static func chunkSize(_ body: Body) -> Int { (body.length ?? 0) > 64 << 20 ? 4 << 20 : 1 << 20 }

    /// The answer's fields, with the date and the body's length. Fields are only appended: looking one up would make the
    /// table of all of them first.
    ///
    /// An answer to HEAD says itself how long the body would be, where it knows.
    private func fields(_ headers: HTTPHeaderList, length: Int?, isHead: Bool) -> HTTPFields {
        var fields = HTTPFields()
        fields.reserveCapacity(headers.fields.count + 2)
        var length = length
        for field in headers.fields {
            guard let name = HTTPField.Name(field.name), name != .date else { continue }
            if name == .contentLength {
                guard isHead, length != nil else { continue }
                length = nil
            }
            fields.append(HTTPField(name: name, value: field.value))
        }
        fields.append(HTTPField(name: .date, value: HTTPDate.now()))
        if let length { fields.append(HTTPField(name: .contentLength, value: String(length))) }
        return fields
    }
}
