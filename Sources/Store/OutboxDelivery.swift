import AWSProtocol
import GRDB
import JSON
import Logging
import Synchronization

/// Delivers one topic's messages.
final class OutboxDelivery: Sendable {
    private struct Message: Sendable {
        var id: Int
        var payload: JSON
        var created: Timestamp
        var attempts: Int
    }

    /// How many messages are under way at once.
    private static let concurrency = 16

    private let topic: String
    private let retry: @Sendable (JSON) -> RetryPolicy
    private let database: DatabasePool
    private let writer: GroupCommitWriter
    private let clock: any WallClock
    private let logger: Logger
    private let handler: @Sendable (JSON) async throws -> Void
    private let deadLetter: @Sendable (JSON, any Error) async -> Void
    private let wakes: AsyncStream<Void>
    private let waker: AsyncStream<Void>.Continuation
    private let task = Mutex<Task<Void, Never>?>(nil)
    private let underWay = Mutex<Set<Int>>([])

    init(
        topic: String,
        retry: @escaping @Sendable (JSON) -> RetryPolicy,
        database: DatabasePool,
        writer: GroupCommitWriter,
        clock: any WallClock,
        logger: Logger,
        handler: @escaping @Sendable (JSON) async throws -> Void,
        deadLetter: @escaping @Sendable (JSON, any Error) async -> Void
    ) {
        self.topic = topic
        self.retry = retry
        self.database = database
        self.writer = writer
        self.clock = clock
        self.logger = logger
        self.handler = handler
        self.deadLetter = deadLetter
        (wakes, waker) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    func start() {
        task.withLock { $0 = Task { await self.run() } }
        wake()
    }

    /// Something may be due.
    func wake() { waker.yield() }

    func stop() async {
        waker.finish()
        let task = task.withLock { $0 }
        task?.cancel()
        await task?.value
    }

    private func run() async {
        await withDiscardingTaskGroup { group in
            var alarm: Task<Void, Never>?
            for await _ in wakes {
                alarm?.cancel()
                do {
                    let (messages, next) = try await due()
                    for message in messages {
                        underWay.withLock { _ = $0.insert(message.id) }
                        group.addTask { await self.deliver(message) }
                    }
                    alarm = next.map(wake(at:))
                } catch {
                    logger.error("Reading the outbox failed", metadata: ["topic": "\(topic)", "error": "\(error)"])
                    alarm = wake(at: clock.now() + .seconds(1))
                }
            }
            alarm?.cancel()
            group.cancelAll()
        }
    }

    private func wake(at moment: Timestamp) -> Task<Void, Never> {
        Task {
            try? await clock.sleep(until: moment)
            if !Task.isCancelled { wake() }
        }
    }

    /// The messages to be delivered now, and when to look again where nothing else happens before.
    private func due() async throws -> (now: [Message], next: Timestamp?) {
        let busy = underWay.withLock { $0 }
        let free = Self.concurrency - busy.count
        guard free > 0 else { return ([], nil) }
        let now = clock.now()
        return try await database.read { [topic] db in
            let select = try db.cachedStatement(
                sql: """
                    SELECT id, payload, created, attempts, due FROM store_outbox WHERE topic = ? ORDER BY due, id LIMIT ?
                    """
            )
            // Those under way are still in the table.
            let rows = try Row.fetchCursor(select, arguments: [topic, Self.concurrency + busy.count])
            var messages: [Message] = []
            while let row = try rows.next(), messages.count < free {
                guard !busy.contains(row[0]) else { continue }
                let due = Timestamp(milliseconds: row[4])
                guard due <= now else { return (messages, due) }
                messages.append(
                    Message(
                        id: row[0],
                        payload: try JSON(parsing: row[1] as String),
                        created: Timestamp(milliseconds: row[2]),
                        attempts: row[3]
                    )
                )
            }
            return (messages, nil)
        }
    }

    private func deliver(_ message: Message) async {
        do {
            try await handler(message.payload)
            await settle(message, "DELETE FROM store_outbox WHERE id = ?", [message.id])
        } catch {
            // Ended from outside: the next run delivers it.
            if Task.isCancelled { return }
            await failed(message, error)
        }
    }

    private func failed(_ message: Message, _ error: any Error) async {
        let attempts = message.attempts + 1
        let retry = retry(message.payload)
        let due = clock.now() + retry.delay(afterAttempts: attempts)
        logger.debug(
            "Delivery failed",
            metadata: ["topic": "\(topic)", "attempts": "\(attempts)", "error": "\(error)"]
        )
        guard attempts < retry.maximumAttempts, due < message.created + retry.maximumAge else {
            await deadLetter(message.payload, error)
            await settle(message, "DELETE FROM store_outbox WHERE id = ?", [message.id])
            return
        }
        await settle(
            message,
            "UPDATE store_outbox SET attempts = ?, due = ? WHERE id = ?",
            [attempts, due.milliseconds, message.id]
        )
    }

    private func settle(_ message: Message, _ sql: String, _ arguments: StatementArguments) async {
        do {
            try await writer.write { db in try db.cachedStatement(sql: sql).execute(arguments: arguments) }
        } catch {
            logger.error("Writing the outbox failed", metadata: ["topic": "\(topic)", "error": "\(error)"])
        }
        underWay.withLock { _ = $0.remove(message.id) }
        wake()
    }
}
