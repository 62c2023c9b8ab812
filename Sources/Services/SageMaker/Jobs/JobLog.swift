import AWSProtocol
import JSON
import Logging
import NIOCore

/// A job's log: what it prints, cut into lines and sent to CloudWatch Logs in batches while it runs.
///
/// A program that prints faster than the log takes it waits; nothing is dropped and little is held in memory.
actor JobLog {
    /// CloudWatch Logs' limits: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
    private static let maximumBatchBytes = 1_048_576
    private static let maximumBatchEvents = 10_000
    private static let maximumLineBytes = 262_144 - eventOverhead
    private static let eventOverhead = 26
    /// How long a line may wait for others.
    private static let delay = Duration.milliseconds(200)

    private let aws: any AWSCaller
    private let caller: Caller
    private let clock: any WallClock
    private let logger: Logger
    private let group: String
    private let stream: String

    private let metrics: JobMetrics
    private var partialLine = ByteBuffer()
    private var events: [JSON] = []
    private var eventBytes = 0
    private var sending: Task<Void, Never>?
    private var delayed: Task<Void, Never>?
    private var isCreated = false

    /// - Parameter host: The one that prints; its name begins the stream's.
    init(
        of job: JobRecord,
        host: String,
        metrics: JobMetrics,
        aws: any AWSCaller,
        clock: any WallClock,
        logger: Logger
    ) {
        self.init(
            group: job.kind.logGroup,
            stream: "\(job.name)/\(host)-\(clock.now().milliseconds / 1000)",
            metrics: metrics,
            caller: Caller(account: job.account, region: job.region),
            aws: aws,
            clock: clock,
            logger: logger
        )
    }

    /// The log of anything that runs for an account.
    init(
        group: String,
        stream: String,
        metrics: JobMetrics = JobMetrics([]),
        caller: Caller,
        aws: any AWSCaller,
        clock: any WallClock,
        logger: Logger
    ) {
        self.aws = aws
        self.clock = clock
        self.logger = logger
        self.caller = caller
        self.group = group
        self.stream = stream
        self.metrics = metrics
    }

    /// Takes what a program printed, in whatever pieces it comes.
    func write(_ bytes: ByteBuffer) async {
        partialLine.writeImmutableBuffer(bytes)
        while let end = partialLine.readableBytesView.firstIndex(of: 0x0A) {
            await take(lineOf: end - partialLine.readerIndex)
            partialLine.moveReaderIndex(forwardBy: 1)
        }
        while partialLine.readableBytes >= Self.maximumLineBytes { await take(lineOf: Self.maximumLineBytes) }
        partialLine.discardReadBytes()
    }

    func write(line: String) async { await write(ByteBuffer(string: line + "\n")) }

    /// Sends all that is left.
    func close() async {
        if partialLine.readableBytes > 0 { await take(lineOf: partialLine.readableBytes) }
        delayed?.cancel()
        await flush()
    }

    private func take(lineOf length: Int) async {
        var length = length
        while length > 0 {
            let bytes = partialLine.readBytes(length: min(length, Self.maximumLineBytes)) ?? []
            length -= bytes.count
            // CloudWatch Logs takes no empty events.
            guard bytes != [0x0D] else { continue }
            await append(String(decoding: bytes, as: UTF8.self), size: bytes.count)
        }
    }

    private func append(_ line: String, size: Int) async {
        let now = clock.now()
        if !metrics.isEmpty { await metrics.scan(line, at: now) }
        if eventBytes + size + Self.eventOverhead > Self.maximumBatchBytes || events.count >= Self.maximumBatchEvents {
            await flush()
        }
        events.append(["timestamp": .integer(now.milliseconds), "message": .string(line)])
        eventBytes += size + Self.eventOverhead
        guard delayed == nil else { return }
        delayed = Task {
            try? await Task.sleep(for: Self.delay)
            guard !Task.isCancelled else { return }
            await flush()
        }
    }

    /// Sends what has gathered, after what is being sent.
    private func flush() async {
        while let sending { await sending.value }
        guard !events.isEmpty else { return }
        let batch = events
        events = []
        eventBytes = 0
        delayed = nil
        let task = Task {
            await send(batch)
            sending = nil
        }
        sending = task
        await task.value
    }

    private func send(_ batch: [JSON]) async {
        do {
            if !isCreated {
                try await create("logs:CreateLogGroup", ["logGroupName": .string(group)])
                let names: JSON = ["logGroupName": .string(group), "logStreamName": .string(stream)]
                try await create("logs:CreateLogStream", names)
                isCreated = true
            }
            try await aws.call(
                "logs:PutLogEvents",
                ["logGroupName": .string(group), "logStreamName": .string(stream), "logEvents": .array(batch)],
                as: caller
            )
        } catch {
            // A job does not fail for its log.
            logger.warning("Cannot write the log \(stream): \(error)")
        }
    }

    private func create(_ operation: Operation, _ input: JSON) async throws(AWSError) {
        do {
            try await aws.call(operation, input, as: caller)
        } catch  where error.code == "ResourceAlreadyExistsException" {
            return
        }
    }
}
