/// Why an image or a container cannot be had; says what to do about it where something can be done.
public struct ContainerError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of failure; more may come.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        public let description: String

        /// Neither the yard's registry nor the engine has the image.
        public static let imageNotFound = Code(description: "imageNotFound")
        /// The image is in a form, or for a machine, that cannot be run here.
        public static let unsupported = Code(description: "unsupported")
        /// The registry did not answer as it should, or its bytes are not what their digest says.
        public static let registry = Code(description: "registry")
        /// The container engine refused or went away.
        public static let engine = Code(description: "engine")
        /// The program cannot be started.
        public static let start = Code(description: "start")
        /// The runtime that was asked for does not work on this machine.
        public static let unavailable = Code(description: "unavailable")
    }

    public var code: Code
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
