/// A request of which is known what it asks for.
public struct RoutedRequest: Sendable {
    public let head: HTTPRequestHead
    public let service: ServiceModel
    /// What the client speaks, and will be answered in.
    public let wireProtocol: WireProtocol
    /// The operation; nil where a form names it (query protocol), which `parse` reads.
    public let operation: OperationModel?

    /// The values in the path and in the host, by the input's member names.
    let labels: [(name: String, value: String)]
    let query: QueryItems
    /// Whether the bucket stood in the host name.
    public let isHostStyle: Bool

    /// The greatest body that is read into memory: AWS's greatest function package in base64, with room to spare.
    public static let bodyLimit = 72 << 20
}
