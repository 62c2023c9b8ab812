import AWSProtocol
import NIOCore

/// What an execution environment writes, cut into lines, with the platform's own lines around each invocation.
actor FunctionLog {
    /// What `LogType=Tail` answers, in bytes.
    private static let tailBytes = 4096
    /// A longer line is several events.
    private static let lineBytes = 262_144 - 26

    nonisolated let stream: LogStream
    /// Ends the output of an invocation in the stream of output.
    private let eventEnd: [UInt8]
    private var line: [UInt8] = []
    private var tail: [UInt8] = []
    private var isEnded = true
    private var endWaiter: CheckedContinuation<Void, Never>?

    init(stream: LogStream, eventEnd: String) {
        self.stream = stream
        self.eventEnd = Array(eventEnd.utf8)
    }

    /// A line of the platform's own.
    func write(_ text: String) async {
        add(text, to: &tail)
        await stream.append([text])
    }

    /// An invocation begins: the tail begins anew.
    func begin(_ text: String) async {
        tail = []
        isEnded = false
        await write(text)
    }

    /// Output of the process.
    func receive(_ bytes: ByteBuffer) async {
        var lines: [String] = []
        for part in bytes.readableBytesView.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            line += part
            while line.count > Self.lineBytes {
                lines.append(text(line.prefix(Self.lineBytes)))
                line.removeFirst(Self.lineBytes)
            }
            if part.endIndex < bytes.readableBytesView.endIndex { endLine(&lines) }
        }
        for text in lines { add(text, to: &tail) }
        await stream.append(lines)
    }

    /// Returns when the process's output of this invocation has arrived, or after `limit`.
    func awaitEnd(limit: Duration) async {
        guard !isEnded else { return }
        let timer = Task {
            try await Task.sleep(for: limit)
            end()
        }
        await withCheckedContinuation { endWaiter = $0 }
        timer.cancel()
    }

    /// What is left of a line that the process did not end.
    func endPartialLine() async {
        guard !line.isEmpty else { return }
        let rest = text(line)
        line = []
        await write(rest)
    }

    /// The last 4 KB since the invocation began.
    func tailText() -> [UInt8] { tail.suffix(Self.tailBytes) }

    private func endLine(_ lines: inout [String]) {
        let isEventEnd = line.suffix(eventEnd.count).elementsEqual(eventEnd)
        if isEventEnd { line.removeLast(eventEnd.count) }
        if !(isEventEnd && line.isEmpty) { lines.append(text(line)) }
        line = []
        if isEventEnd { end() }
    }

    private func end() {
        isEnded = true
        endWaiter?.resume()
        endWaiter = nil
    }

    /// Runtimes write an event of several lines with carriage returns, as AWS's do.
    private func text(_ bytes: some Sequence<UInt8>) -> String {
        String(decoding: bytes.map { $0 == 0x0D ? 0x0A : $0 }, as: UTF8.self)
    }

    private func add(_ text: String, to tail: inout [UInt8]) {
        tail += text.utf8.suffix(Self.tailBytes)
        tail.append(UInt8(ascii: "\n"))
        if tail.count > 4 * Self.tailBytes { tail.removeFirst(tail.count - Self.tailBytes) }
    }
}
