import AWSProtocol
import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Yard

/// What came over the wire.
struct WireAnswer {
    var status: Int
    var headers: HTTPHeaders
    var text: String
}

extension Yard {
    static let testKey = Credential(accessKeyID: "test", secretAccessKey: "test", account: "000000000000")

    /// Sends a request over HTTP, signed for `service` where that is given.
    func http(
        _ method: String,
        _ target: String,
        headers: HTTPHeaderList = [:],
        body: String = "",
        signedFor service: String? = nil,
        with credential: Credential = Yard.testKey
    ) async throws -> WireAnswer {
        var head = HTTPRequestHead(method: method, target: target, headers: headers)
        if head.headers["Host"] == nil { head.headers["Host"] = String(endpoint.dropFirst("http://".count)) }
        if let service {
            head = SignatureV4.sign(
                head,
                payload: .bytes(Array(body.utf8)),
                credential: credential,
                region: "us-east-1",
                service: service,
                at: SystemClock().now()
            )
        }
        var request = HTTPClientRequest(url: endpoint + target)
        request.method = HTTPMethod(rawValue: method)
        for field in head.headers.fields { request.headers.add(name: field.name, value: field.value) }
        if !body.isEmpty { request.body = .bytes(ByteBuffer(string: body)) }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(120))
        let bytes = try await response.body.collect(upTo: 1 << 24)
        return WireAnswer(
            status: Int(response.status.code),
            headers: response.headers,
            text: String(buffer: bytes)
        )
    }
}
