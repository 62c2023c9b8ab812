import AWSProtocol
import JSON
import Logging

/// An execution environment's stream in CloudWatch Logs. Nobody waits for it: what is written while one batch is on its
/// way goes with the next.
actor LogStream {
    /// AWS's limits of one `PutLogEvents` call; an event counts 26 bytes more than its text.
    private static let batchBytes = 1_048_576
    private static let batchEvents = 10_000
    /// How much may wait before who writes has to wait too.
    private static let bufferBytes = 4 << 20

    let group: String
    let name: String
    private let aws: any AWSCaller
    private let caller: Caller
    private let clock: any WallClock
    private let logger: Logger
    private var waiting: [(text: String, moment: Timestamp)] = []
    private var waitingBytes = 0
    private var isCreated = false
    private var sending: Task<Void, Never>?

    init(group: String, name: String, caller: Caller, aws: any AWSCaller, clock: any WallClock, logger: Logger) {
        self.group = group
        self.name = name
        self.caller = caller
        self.aws = aws
        self.clock = clock
        self.logger = logger
    }

    /// Adds events.
    func append(_ texts: [String]) async {
        let now = clock.now()
        for text in texts where !text.isEmpty {
            waiting.append((text, now))
            waitingBytes += text.utf8.count + 26
        }
        if sending == nil, !waiting.isEmpty {
            sending = Task {
                // What follows at once goes with the same call.
                try? await Task.sleep(for: .milliseconds(20))
                await sendAll()
            }
        }
        while waitingBytes > Self.bufferBytes, let sending { await sending.value }
    }

    /// Returns when everything is in CloudWatch Logs.
    func flush() async {
        while let sending { await sending.value }
    }

    private func sendAll() async {
        while !waiting.isEmpty {
            var (count, bytes) = (0, 0)
            while count < min(waiting.count, Self.batchEvents) {
                bytes += waiting[count].text.utf8.count + 26
                if bytes > Self.batchBytes, count > 0 { break }
                count += 1
            }
            let batch = waiting.prefix(count)
            waiting.removeFirst(count)
            waitingBytes -= batch.reduce(0) { $0 + $1.text.utf8.count + 26 }
            await send(Array(batch))
        }
        sending = nil
    }

    private func send(_ events: [(text: String, moment: Timestamp)]) async {
        let place: JSON.Object = ["logGroupName": .string(group), "logStreamName": .string(name)]
        let list = events.map { event in
            JSON.object(["timestamp": .integer(event.moment.milliseconds), "message": .string(event.text)])
        }
        do {
            if !isCreated {
                try await create("logs:CreateLogGroup", ["logGroupName": .string(group)])
                try await create("logs:CreateLogStream", place)
                isCreated = true
            }
            try await aws.call("logs:PutLogEvents", .object(place.merging(["logEvents": .array(list)])), as: caller)
        } catch {
            logger.warning("Log events are lost", metadata: ["group": "\(group)", "error": "\(error)"])
        }
    }

    private func create(_ operation: Operation, _ input: JSON.Object) async throws(AWSError) {
        do {
            try await aws.call(operation, .object(input), as: caller)
        } catch  where error.code == "ResourceAlreadyExistsException" {
            return
        }
    }
}
