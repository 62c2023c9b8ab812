import HummingbirdCore
import Logging
import NIOCore
import NIOHTTPTypes

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

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<HTTP1Channel.Value> {
        connection.setup(channel: channel, logger: logger)
    }

    func handle(value: HTTP1Channel.Value, logger: Logger) async {
        await withTaskExecutorPreference(EventLoopExecutor(value.channel.eventLoop)) {
            await connection.handle(value: value, logger: logger)
        }
    }
}
