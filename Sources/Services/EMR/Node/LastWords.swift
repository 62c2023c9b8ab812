import Compute
import NIOCore
import Synchronization

/// How a program ended.
struct ProgramEnd: Sendable {
    var exit: ProcessExit
    /// The limit that it was ended for.
    var exceeded: ExceededLimit?
    /// What it said last about what went wrong, and in which file of its log that stands.
    var lastError: (line: String, file: NodeLog.File)?
}

/// The end of what a program prints, in which it mostly says what went wrong.
final class LastWords: Sendable {
    private static let size = 8192

    private let ends = Mutex<[NodeLog.File: ByteBuffer]>([:])

    func add(_ bytes: ByteBuffer, to file: NodeLog.File) {
        ends.withLock { ends in
            var end = ends.removeValue(forKey: file) ?? ByteBuffer()
            end.writeImmutableBuffer(bytes)
            if end.readableBytes > Self.size {
                end.moveReaderIndex(forwardBy: end.readableBytes - Self.size)
                end.discardReadBytes()
            }
            ends[file] = end
        }
    }

    /// The last line that names an error, in the error output, else in the output: Spark prints there what a Python
    /// program says. Where no line does, the last one of the error output.
    var error: (line: String, file: NodeLog.File)? {
        let ends = ends.withLock { $0 }
        for file in [NodeLog.File.stderr, .stdout] {
            if let line = Self.lines(ends[file]).last(where: Self.namesError) { return (Self.short(line), file) }
        }
        return Self.lines(ends[.stderr]).last.map { (Self.short($0), .stderr) }
    }

    private static func lines(_ end: ByteBuffer?) -> [Substring] {
        String(buffer: end ?? ByteBuffer()).split(whereSeparator: \.isNewline).filter { !$0.allSatisfy(\.isWhitespace) }
    }

    /// Whether a line begins as the names of exceptions do in Python and Java: `ValueError: …`,
    /// `Caused by: java.io.IOException: …`.
    static func namesError(_ line: Substring) -> Bool {
        var rest = line
        for opening in ["Exception in thread \"main\" ", "Caused by: "] where rest.hasPrefix(opening) {
            rest = rest.dropFirst(opening.count)
        }
        let name = rest.prefix { $0.isLetter || $0.isNumber || "._$".contains($0) }
        return name.hasSuffix("Error") || name.hasSuffix("Exception")
    }

    private static func short(_ line: Substring) -> String { String(line.prefix(1024)) }
}
