import AWSProtocol
import JSON
import NIOCore
import Testing

/// Knows one key.
struct OneCredential: CredentialSource {
    var credential = Credential(
        accessKeyID: "AKIDEXAMPLE",
        secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        account: "000000000000"
    )

    func credential(accessKeyID: String) async throws -> Credential? {
        accessKeyID == credential.accessKeyID ? credential : nil
    }
}

/// 2023-05-01T12:34:56Z.
let capturedMoment = Timestamp(milliseconds: 1_682_944_496_000)

/// A request as it came over the wire.
struct CapturedRequest: Sendable, CustomTestStringConvertible {
    var operation: String
    var head: HTTPRequestHead
    var body: [UInt8]
    var input: JSON

    var testDescription: String { "\(operation) \(head.method) \(head.path)" }

    init(_ json: JSON) {
        operation = json["operation"]?.stringValue ?? ""
        var headers = HTTPHeaderList()
        for (name, value) in json["headers"]?.objectValue ?? [:] { headers.append(name, value.stringValue ?? "") }
        head = HTTPRequestHead(
            method: json["method"]?.stringValue ?? "",
            target: json["target"]?.stringValue ?? "",
            headers: headers
        )
        body = Base64.decode(json["body"]?.stringValue ?? "") ?? []
        input = json["input"] ?? [:]
    }

    static let all: [CapturedRequest] = {
        let parsed = try? JSON(parsing: capturedRequests)
        return (parsed?.arrayValue ?? []).map(CapturedRequest.init)
    }()
}

/// Bytes that come in pieces of a given size.
struct Pieces: AsyncSequence, Sendable {
    typealias Failure = any Error
    var bytes: [UInt8]
    var size: Int

    func makeAsyncIterator() -> Iterator { Iterator(rest: bytes[...], size: size) }

    struct Iterator: AsyncIteratorProtocol {
        var rest: ArraySlice<UInt8>
        var size: Int

        mutating func next() async throws -> ByteBuffer? {
            guard !rest.isEmpty else { return nil }
            defer { rest = rest.dropFirst(size) }
            return ByteBuffer(bytes: rest.prefix(size))
        }
    }
}

extension HTTPAnswer {
    /// The body as text.
    func text() async throws -> String { String(buffer: try await body.collect(upTo: 1 << 20)) }
}

extension Body {
    static func pieces(_ bytes: [UInt8], of size: Int) -> Body {
        Body(.stream(Pieces(bytes: bytes, size: size), length: bytes.count))
    }
}
