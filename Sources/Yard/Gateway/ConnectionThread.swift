import HummingbirdCore
import Logging
import NIOCore
import NIOHTTPTypesHTTP1

/// Runs tasks on the thread of an event loop.
///
/// A connection's requests are read, understood, answered and written on the one thread that serves its socket: each
/// hand-over to another thread costs more than most requests do.
final class EventLoopExecutor: TaskExecutor {
    private let loop: any EventLoop

    init(_ loop: any EventLoop) { self.loop = loop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}

/// HTTP/1 connections whose requests are answered on their event loop's own thread.
///
/// What may take long leaves it: see `AWSService.isBrief`.
struct ConnectionThread: ServerChildChannel {
    let connection: HTTP1Channel
    let respond: RequestAnswers.Responder

    struct Value: ServerChildChannelValue {
        let connection: HTTP1Channel.Value
        let executor: EventLoopExecutor
        let answers: RequestAnswers

        var channel: any Channel { connection.channel }
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        connection.setup(channel: channel, logger: logger).flatMapThrowing { connection in
            let executor = EventLoopExecutor(channel.eventLoop)
            let answers = RequestAnswers(on: executor, respond)
            let pipeline = channel.pipeline.syncOperations
            let codec = try pipeline.handler(type: HTTP1ToHTTPServerCodec.self)
            try pipeline.addHandler(WholeRequestHandler(answers), position: .before(codec))
            return Value(connection: connection, executor: executor, answers: answers)
        }
    }

    func handle(value: Value, logger: Logger) async {
        await withTaskExecutorPreference(value.executor) {
            await connection.handle(value: value.connection, logger: logger)
            await value.answers.finished()
        }
    }
}
