import AWSProtocol
import Foundation
import Project

/// Shows a run on standard error: on a terminal a live line a state, elsewhere a plain line as each state ends.
struct RunDisplay {
    private let isTerminal: Bool
    private let clock: any WallClock
    private var drawnLines = 0
    private var finishedRows = 0
    private var lastFrame = Timestamp(milliseconds: 0)
    private var frame = 0
    private var step: Timestamp

    init(isTerminal: Bool, clock: any WallClock = SystemClock()) {
        self.isTerminal = isTerminal
        self.clock = clock
        step = clock.now()
    }

    /// Whether standard error is a terminal that understands colours and cursor movement.
    static var standardErrorIsTerminal: Bool {
        isatty(STDERR_FILENO) == 1 && ProcessInfo.processInfo.environment["TERM"] ?? "dumb" != "dumb"
            && ProcessInfo.processInfo.environment["NO_COLOR"] == nil
    }

    /// A line about something that has just been done, with the time since the last such line.
    mutating func note(_ title: String, _ product: String) {
        let now = clock.now()
        write(line(mark: "✓", color: 32, title: title, duration: now - step, product: product) + "\n")
        step = now
    }

    /// A line without a time.
    func message(_ text: String) { write(text + "\n") }

    /// The execution as it stands now. May be called as often as one likes.
    mutating func show(_ board: ExecutionBoard) {
        isTerminal ? draw(board) : printFinished(board)
    }

    private mutating func printFinished(_ board: ExecutionBoard) {
        while finishedRows < board.rows.count, let exited = board.rows[finishedRows].exited {
            let row = board.rows[finishedRows]
            // A Choice is described by the state it leads to, which is entered a moment later.
            if row.product.isEmpty, row.type == "Choice", board.outcome == nil, finishedRows + 1 == board.rows.count {
                return
            }
            write(text(row, until: exited) + "\n")
            finishedRows += 1
        }
    }

    private mutating func draw(_ board: ExecutionBoard) {
        let now = clock.now()
        let isOver = board.outcome != nil
        guard isOver || now - lastFrame >= .milliseconds(50) else { return }
        lastFrame = now
        frame += 1
        var picture = drawnLines > 0 ? "\u{1B}[\(drawnLines)A" : ""
        for row in board.rows { picture += "\u{1B}[2K" + text(row, until: row.exited ?? now) + "\n" }
        drawnLines = board.rows.count
        write(picture)
    }

    private func text(_ row: ExecutionBoard.Row, until end: Timestamp) -> String {
        let retries =
            switch (row.status, row.retries) {
            case (.failed, 2...): "(failed \(row.retries) times) "
            case (.failed, _), (_, 0): ""
            default: "(tried \(row.retries + 1) times) "
            }
        let spinner = Array("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")
        let (mark, color): (String, Int) =
            switch row.status {
            case .succeeded: ("✓", 32)
            case .failed: ("✗", 31)
            case .running: (String(spinner[frame % spinner.count]), 36)
            }
        return line(
            mark: mark,
            color: color,
            title: row.state,
            duration: end - row.entered,
            product: retries + row.product
        )
    }

    private func line(mark: String, color: Int, title: String, duration: Duration, product: String) -> String {
        let name = title.padding(toLength: max(20, title.count), withPad: " ", startingAt: 0)
        let milliseconds = duration / .milliseconds(1)
        let time = milliseconds < 1000 ? "\(Int(milliseconds)) ms" : String(format: "%.1f s", milliseconds / 1000)
        let timeColumn = String(repeating: " ", count: max(0, 8 - time.count)) + time
        return "  \(colored(mark, color)) \(name)\(timeColumn)   \(fitted(product))"
    }

    private func colored(_ text: String, _ color: Int) -> String {
        isTerminal ? "\u{1B}[\(color)m\(text)\u{1B}[0m" : text
    }

    /// On a terminal a line must not wrap, or the next picture would be drawn over the wrong lines.
    private func fitted(_ product: String) -> String {
        guard isTerminal else { return product }
        var size = winsize()
        let columns = ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
        let room = max(10, columns - 36)
        return product.count <= room ? product : "…" + product.suffix(room - 1)
    }

    private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
