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
        var rest = bytes.readableBytesView
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            line += rest[..<end]
            endLine(&lines)
            rest = rest[(end + 1)...]
        }
        line += rest
        splitLongLine(&lines)
        for text in newest(lines) { add(text, to: &tail) }
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

    /// As many of the last lines as the tail can hold.
    private func newest(_ lines: [String]) -> ArraySlice<String> {
        var room = Self.tailBytes
        let first = lines.lastIndex { line in
            room -= line.utf8.count + 1
            return room <= 0
        }
        return lines[(first ?? 0)...]
    }

    private func splitLongLine(_ lines: inout [String]) {
        while line.count > Self.lineBytes {
            lines.append(text(line.prefix(Self.lineBytes)))
            line.removeFirst(Self.lineBytes)
        }
    }

    private func endLine(_ lines: inout [String]) {
        splitLongLine(&lines)
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
    private func text(_ bytes: some Collection<UInt8>) -> String {
        guard bytes.contains(0x0D) else { return String(decoding: bytes, as: UTF8.self) }
        return String(decoding: bytes.map { $0 == 0x0D ? 0x0A : $0 }, as: UTF8.self)
    }

    private func add(_ text: String, to tail: inout [UInt8]) {
        tail += text.utf8.suffix(Self.tailBytes)
        tail.append(UInt8(ascii: "\n"))
        if tail.count > 4 * Self.tailBytes { tail.removeFirst(tail.count - Self.tailBytes) }
    }
}
