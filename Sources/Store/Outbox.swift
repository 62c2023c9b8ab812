public import AWSProtocol
public import GRDB
public import JSON
import Logging
import Synchronization

/// How often, and how long, a delivery is tried.
public struct RetryPolicy: Sendable {
    /// Including the first.
    public var maximumAttempts: Int
    /// Counted from when the message was put in.
    public var maximumAge: Duration
    /// Before the second attempt; doubled with each further one.
    public var firstDelay: Duration
    public var longestDelay: Duration
    /// The part of each wait that is left to chance, so that what failed together does not come again together.
    public var jitter: Double

    public init(
        maximumAttempts: Int = 185,
        maximumAge: Duration = .seconds(24 * 3600),
        firstDelay: Duration = .seconds(1),
        longestDelay: Duration = .seconds(300),
        jitter: Double = 0
    ) {
        self.maximumAttempts = maximumAttempts
        self.maximumAge = maximumAge
        self.firstDelay = firstDelay
        self.longestDelay = longestDelay
        self.jitter = jitter
    }

    /// The wait after that many failed attempts.
    func delay(afterAttempts attempts: Int) -> Duration {
        let whole = attempts > 30 ? longestDelay : min(longestDelay, firstDelay * (1 << (attempts - 1)))
        return jitter > 0 ? whole * Double.random(in: (1 - jitter)...1) : whole
    }
}

/// What is to be done after the transaction that decided it: each message is written with its cause and delivered at
/// least once, so that a crash neither loses nor invents one.
///
///     store.outbox.deliver(topic: "s3.notifications", retry: RetryPolicy()) { event in … }
///     try await store.write { db in
///         try insertObject(db)
///         try store.outbox.enqueue(topic: "s3.notifications", event, in: db)
///     }
public struct Outbox: Sendable {
    static let migration = Migration(
        "store",
        1,
        """
        CREATE TABLE store_outbox (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            topic TEXT NOT NULL,
            payload TEXT NOT NULL,
            created INTEGER NOT NULL,
            due INTEGER NOT NULL,
            attempts INTEGER NOT NULL DEFAULT 0
        );
        CREATE INDEX store_outbox_due ON store_outbox (topic, due);
        """
    )

    private final class State: Sendable {
        let deliveries = Mutex<[String: OutboxDelivery]>([:])
    }

    private let database: DatabasePool
    private let writer: GroupCommitWriter
    private let clock: any WallClock
    private let logger: Logger
    private let state = State()

    init(database: DatabasePool, writer: GroupCommitWriter, clock: any WallClock, logger: Logger) {
        self.database = database
        self.writer = writer
        self.clock = clock
        self.logger = logger
    }

    /// Puts a message in; it is delivered after the transaction has been committed, and not before `after`.
    public func enqueue(topic: String, _ payload: JSON, after: Timestamp? = nil, in db: Database) throws {
        let now = clock.now()
        let insert = try db.cachedStatement(
            sql: "INSERT INTO store_outbox (topic, payload, created, due) VALUES (?, ?, ?, ?)"
        )
        try insert.execute(
            arguments: [topic, payload.serialized(), now.milliseconds, (after ?? now).milliseconds]
        )
        db.afterNextTransaction { [state] _ in
            state.deliveries.withLock { $0[topic] }?.wake()
        }
    }

    /// Delivers a topic's messages, those that an earlier run left included, until the store is closed.
    ///
    /// Messages are handed on concurrently and in no promised order; one may come twice after a crash.
    /// - Parameters:
    ///   - handler: Does it; what it throws makes the message wait for its next attempt.
    ///   - deadLetter: Gets the message and the last error when the attempts or the time are used up.
    public func deliver(
        topic: String,
        retry: RetryPolicy = RetryPolicy(),
        _ handler: @escaping @Sendable (JSON) async throws -> Void,
        deadLetter: @escaping @Sendable (JSON, any Error) async -> Void = { _, _ in }
    ) {
        deliver(topic: topic, retry: { _ in retry }, handler, deadLetter: deadLetter)
    }

    /// The same where messages differ in how often and how long they are tried.
    public func deliver(
        topic: String,
        retry: @escaping @Sendable (JSON) -> RetryPolicy,
        _ handler: @escaping @Sendable (JSON) async throws -> Void,
        deadLetter: @escaping @Sendable (JSON, any Error) async -> Void = { _, _ in }
    ) {
        let delivery = OutboxDelivery(
            topic: topic,
            retry: retry,
            database: database,
            writer: writer,
            clock: clock,
            logger: logger,
            handler: handler,
            deadLetter: deadLetter
        )
        state.deliveries.withLock { $0[topic] = delivery }
        delivery.start()
    }

    /// How many messages wait for their first or next attempt.
    public func count(topic: String) async throws -> Int {
        try await database.read { db in
            try Int.fetchOne(db, sql: "SELECT count(*) FROM store_outbox WHERE topic = ?", arguments: [topic]) ?? 0
        }
    }

    /// Ends all deliveries; what is unfinished is taken up by the next run.
    func close() async {
        let deliveries = state.deliveries.withLock { deliveries in
            defer { deliveries = [:] }
            return deliveries.values
        }
        for delivery in deliveries { await delivery.stop() }
    }
}
