/// Why a table cannot be used, and where.
public struct TabularError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong, and how to mend it.
    public var message: String
    /// Counted from 1; nil where the whole table is meant.
    public var line: Int?
    /// Counted from 1.
    public var column: Int?

    public init(_ message: String, line: Int? = nil, column: Int? = nil) {
        self.message = message
        self.line = line
        self.column = column
    }

    public var description: String {
        switch (line, column) {
        case (let line?, let column?): "line \(line), column \(column): \(message)"
        case (let line?, nil): "line \(line): \(message)"
        default: message
        }
    }
}
