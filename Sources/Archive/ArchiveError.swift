/// Why an archive could not be read or written.
public struct ArchiveError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of failure; more may come.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        public let description: String

        /// The bytes are not an archive of this format, or contradict themselves.
        public static let malformed = Code(description: "malformed")
        /// The archive ends before its contents do.
        public static let truncated = Code(description: "truncated")
        /// The contents do not have the checksum that the archive states.
        public static let checksumMismatch = Code(description: "checksumMismatch")
        /// The archive uses something that is not supported, such as encryption.
        public static let unsupported = Code(description: "unsupported")
        /// An entry would be written outside the directory to extract to.
        public static let unsafePath = Code(description: "unsafePath")
        /// The contents are more than the caller allows, or than the format can hold.
        public static let limitExceeded = Code(description: "limitExceeded")
        /// The archive has no entry of the name asked for.
        public static let noSuchEntry = Code(description: "noSuchEntry")
        /// A file could not be read or written.
        public static let fileSystem = Code(description: "fileSystem")
    }

    public var code: Code
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
