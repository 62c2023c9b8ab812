import AWSProtocol
import NIOCore
import NIOHTTP1
import Synchronization

/// Answers the requests that come in whole, between the HTTP codec and the server.
///
/// Most requests are a head and some hundred bytes. The server's streams are made for bodies of any size; for such a
/// request they cost more than the answer does. So what is small is collected here and answered as it stands, and only
/// the others (large, chunked, asking before they send, the last on their connection) are handed on to the server. Both
/// kinds may follow each other on one connection, also without waiting for answers.
final class WholeRequestHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private enum Phase {
        /// Between two requests.
        case idle
        case collecting(AWSProtocol.HTTPRequestHead, ByteBuffer)
        /// What comes in meanwhile is held.
        case answering
        /// With the server: so many answers are to come, and perhaps the end of a request.
        case handedOn(answers: Int, isOpen: Bool)
    }

    private enum Held {
        case part(NIOAny)
        case event(Any)
        case error(any Error)
    }

    /// Bodies up to this length are collected.
    private static let wholeLength = 256 << 10
    /// So many parts of later requests are held before the connection is not read any further.
    private static let heldParts = 64

    private let answers: RequestAnswers
    private var phase = Phase.idle
    private var held: [Held] = []
    private var isReadHeld = false
    /// Whether the connection ends when the request under way is answered.
    private var isLast = false
    private var isInactive = false

    init(_ answers: RequestAnswers) { self.answers = answers }

    // MARK: What comes in

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .answering = phase { return held.append(.part(data)) }
        receive(data, context)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch phase {
        case .collecting where event is ChannelShouldQuiesceEvent, .answering where event is ChannelShouldQuiesceEvent:
            isLast = true
        case .answering: held.append(.event(event))
        case .idle, .collecting, .handedOn: context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if case .answering = phase { return held.append(.error(error)) }
        context.fireErrorCaught(error)
    }

    func channelInactive(context: ChannelHandlerContext) {
        isInactive = true
        held = []
        context.fireChannelInactive()
    }

    func read(context: ChannelHandlerContext) {
        if case .answering = phase, held.count >= Self.heldParts {
            isReadHeld = true
        } else {
            context.read()
        }
    }

    private func receive(_ data: NIOAny, _ context: ChannelHandlerContext) {
        switch (phase, unwrapInboundIn(data)) {
        case (.idle, .head(let head)):
            if let whole = Self.wholeHead(head) {
                phase = .collecting(whole, ByteBuffer())
            } else {
                isLast = !head.isKeepAlive
                phase = .handedOn(answers: 1, isOpen: true)
                context.fireChannelRead(data)
            }
        case (.collecting(let head, var body), .body(let part)):
            phase = .answering  // Lets go of the buffer, which would be copied otherwise.
            if body.readableBytes == 0 { body = part } else { body.writeImmutableBuffer(part) }
            phase = .collecting(head, body)
        case (.collecting(let head, let body), .end):
            answer(head, body, context)
        case (.handedOn(let answers, _), .head(let head)):
            isLast = !head.isKeepAlive
            phase = .handedOn(answers: answers + 1, isOpen: true)
            context.fireChannelRead(data)
        case (.handedOn(let answers, _), .end):
            phase = answers == 0 ? .idle : .handedOn(answers: answers, isOpen: false)
            context.fireChannelRead(data)
        case (.handedOn, .body), (.idle, _), (.collecting, .head), (.answering, _):
            context.fireChannelRead(data)
        }
    }

    /// The head of a request that is to be collected; nil where it is the server's.
    private static func wholeHead(_ head: NIOHTTP1.HTTPRequestHead) -> AWSProtocol.HTTPRequestHead? {
        guard head.version == .http1_1, head.isKeepAlive else { return nil }
        var headers = HTTPHeaderList()
        for (name, value) in head.headers {
            let name = name.utf8.contains { (0x41...0x5A).contains($0) } ? name.lowercased() : name
            switch name {
            case "transfer-encoding", "expect", "upgrade": return nil
            case "content-length": guard let length = Int(value), length <= wholeLength else { return nil }
            default: break
            }
            headers.append(name, value)
        }
        return AWSProtocol.HTTPRequestHead(method: head.method.rawValue, target: head.uri, headers: headers)
    }

    // MARK: The server's answers

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .end = unwrapOutboundIn(data), case .handedOn(let answers, let isOpen) = phase else {
            return context.write(data, promise: promise)
        }
        phase = answers == 1 && !isOpen ? .idle : .handedOn(answers: answers - 1, isOpen: isOpen)
        context.write(data, promise: promise)
        if answers == 1, isLast {
            context.flush()
            context.close(mode: .output, promise: nil)
        }
    }

    // MARK: Our answers

    private func answer(_ head: AWSProtocol.HTTPRequestHead, _ body: ByteBuffer, _ context: ChannelHandlerContext) {
        phase = .answering
        let own = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let isHead = head.method == "HEAD"
        answers.answer(head, Body(body)) { answer in
            let (handler, context) = own.value
            await handler.write(answer, toHead: isHead, own)
            handler.finish(context)
        }
    }

    private func write(
        _ answer: HTTPAnswer,
        toHead isHead: Bool,
        _ own: NIOLoopBound<(WholeRequestHandler, ChannelHandlerContext)>
    ) async {
        guard !isInactive else { return }
        let head = HTTPResponseHead(
            version: .http1_1,
            status: HTTPResponseStatus(statusCode: answer.status),
            headers: HTTPHeaders(answer.fields(toHead: isHead))
        )
        own.value.1.write(wrapOutboundOut(.head(head)), promise: nil)
        if !isHead, !answer.isBodiless {
            do {
                try await write(answer.body, own)
            } catch {
                // The length was promised: only an early end tells the client that this is not all.
                return own.value.1.close(promise: nil)
            }
        }
        own.value.1.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    /// Writes a body; where it comes in pieces, each when the one before last is on its way.
    private func write(
        _ body: Body,
        _ own: NIOLoopBound<(WholeRequestHandler, ChannelHandlerContext)>
    ) async throws {
        if case .bytes(let buffer) = body.content {
            return own.value.1.write(wrapOutboundOut(.body(.byteBuffer(buffer))), promise: nil)
        }
        var sent: EventLoopFuture<Void>?
        for try await chunk in body.chunks(ofAtMost: body.chunkSize) {
            let earlier = sent
            sent = own.value.1.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(chunk))))
            try await earlier?.get()
        }
    }

    /// Goes on with what has come meanwhile.
    private func finish(_ context: ChannelHandlerContext) {
        phase = .idle
        guard !isInactive else { return }
        guard !isLast else { return context.close(promise: nil) }
        guard !held.isEmpty || isReadHeld else { return }
        let events = held
        held = []
        for (index, event) in events.enumerated() {
            if case .answering = phase {
                held = Array(events[index...])
                break
            }
            switch event {
            case .part(let data): receive(data, context)
            case .event(let event): userInboundEventTriggered(context: context, event: event)
            case .error(let error): context.fireErrorCaught(error)
            }
        }
        if case .handedOn = phase { context.fireChannelReadComplete() }
        if isReadHeld {
            isReadHeld = false
            context.read()
        }
    }
}

/// Has the requests of one connection answered, one at a time, on the connection's thread.
final class RequestAnswers: Sendable {
    typealias Responder = @Sendable (AWSProtocol.HTTPRequestHead, Body) async -> HTTPAnswer

    private let respond: Responder
    private let executor: EventLoopExecutor
    private let current = Mutex<Task<Void, Never>?>(nil)

    init(on executor: EventLoopExecutor, _ respond: @escaping Responder) {
        self.executor = executor
        self.respond = respond
    }

    func answer(
        _ head: AWSProtocol.HTTPRequestHead,
        _ body: Body,
        _ write: @escaping @Sendable (HTTPAnswer) async -> Void
    ) {
        let task = Task(executorPreference: executor) { [respond] in await write(await respond(head, body)) }
        current.withLock { $0 = task }
    }

    /// Returns when no request is being answered; ends it early where the task is cancelled.
    func finished() async {
        guard let task = current.withLock({ $0 }) else { return }
        await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
    }
}
