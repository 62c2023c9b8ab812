/// What AWS publishes about one operation: its binding to HTTP and the shapes of its input and output.
public final class OperationModel: Sendable {
    /// As AWS spells it: `PutObject`.
    public let operation: Operation
    /// The HTTP method; `POST` where the protocol is not REST.
    public let method: String
    /// The URI template, `/{Bucket}/{Key+}?uploads`; `/` where the protocol is not REST.
    public let uri: String
    /// The status of an answer that is not an error.
    public let status: Int

    let binding: RESTBinding?
    let shapes: ShapeTable
    /// The place of the input's shape, nil for an operation that takes nothing.
    let input: Int?
    let output: Int?
    /// The root element of an XML answer.
    let outputRoot: String
    /// The element around a query answer's members.
    let resultWrapper: String?
    let namespace: String?

    /// The names of the input's members.
    public var inputMembers: [String] { input.map { shapes[$0].members.map(\.name) } ?? [] }

    /// The names of the output's members.
    public var outputMembers: [String] { output.map { shapes[$0].members.map(\.name) } ?? [] }

    /// The input member that is a stream of bytes rather than a part of the tree (`Body`, `Payload`).
    public var inputBodyMember: String? { Self.bodyMember(input, shapes) }

    /// The output member that is a stream of bytes rather than a part of the tree.
    public var outputBodyMember: String? { Self.bodyMember(output, shapes) }

    /// The output members that are maps of headers with a common beginning (`Metadata`).
    public var outputHeaderMaps: [String] {
        output.map { shapes[$0].members.filter { $0.location == .headers }.map(\.name) } ?? []
    }

    init(
        operation: Operation,
        binding: RESTBinding?,
        status: Int,
        shapes: ShapeTable,
        input: Int?,
        output: Int?,
        outputRoot: String?,
        resultWrapper: String?,
        namespace: String?
    ) {
        self.operation = operation
        self.binding = binding
        self.status = status
        self.shapes = shapes
        self.input = input
        self.output = output
        self.resultWrapper = resultWrapper
        self.namespace = namespace
        method = binding?.method ?? "POST"
        uri = binding?.uri ?? "/"
        self.outputRoot = outputRoot ?? output.map { shapes[$0].name } ?? "\(operation.name)Result"
    }

    private static func bodyMember(_ place: Int?, _ shapes: ShapeTable) -> String? {
        guard let place, let payload = shapes[place].payload else { return nil }
        return shapes[payload].kind == .blob ? payload.name : nil
    }
}
