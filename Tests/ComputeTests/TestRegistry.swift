import Compute
import Crypto
import Foundation
import JSON
import NIOCore
import NIOHTTP1
import Synchronization

/// A tar archive made entry by entry, also of the kinds that no careful tool writes.
struct TestArchive {
    private(set) var bytes: [UInt8] = []

    mutating func add(
        _ path: String,
        _ contents: [UInt8] = [],
        type: Character = "0",
        target: String = "",
        mode: Int = 0o644
    ) {
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, _ offset: Int) {
            header.replaceSubrange(offset..<offset + text.utf8.count, with: text.utf8)
        }
        func octal(_ value: Int, _ digits: Int) -> String {
            let text = String(value, radix: 8)
            return String(repeating: "0", count: digits - text.count) + text
        }
        put(path, 0)
        put(octal(mode, 7), 100)
        put(octal(0, 7), 108)
        put(octal(0, 7), 116)
        put(octal(contents.count, 11), 124)
        put(octal(1_700_000_000, 11), 136)
        put("        ", 148)
        put(String(type), 156)
        put(target, 157)
        put("ustar\u{0}00", 257)
        put(octal(header.reduce(0) { $0 + Int($1) }, 6) + "\u{0} ", 148)
        bytes += header + contents + [UInt8](repeating: 0, count: (512 - contents.count % 512) % 512)
    }

    mutating func addDirectory(_ path: String) { add(path + "/", type: "5", mode: 0o755) }

    mutating func addLink(_ path: String, to target: String) { add(path, type: "2", target: target) }

    mutating func addFile(_ path: String, _ text: String) { add(path, Array(text.utf8)) }

    /// Adds a program of this machine with the libraries that it needs.
    mutating func addProgram(_ path: String, as name: String, libraries: [String]) throws {
        for file in [path] + libraries {
            let bytes = try [UInt8](Data(contentsOf: URL(filePath: file).resolvingSymlinksInPath()))
            add(file == path ? name : String(file.dropFirst()), bytes, mode: 0o755)
        }
    }

    var finished: [UInt8] { bytes + [UInt8](repeating: 0, count: 1024) }
}

/// A registry in memory that speaks as much of OCI's distribution protocol as a pull needs.
final class TestRegistry: Sendable {
    static let repository = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/tools/shell"

    private let answers = Mutex<[String: [UInt8]]>([:])
    private let counts = Mutex<[String: Int]>([:])
    private let server = Mutex<LoopbackHTTPServer?>(nil)

    func start(for host: ComputeHost) async throws {
        let server = try await LoopbackHTTPServer.start(bodyLimit: 1024) { [unowned self] request in
            guard request.headers.first(name: "Authorization") == "Basic 123456789012 eu-west-1",
                request.headers.first(name: "Host")?.hasPrefix("123456789012.dkr.ecr.eu-west-1") == true
            else { return LoopbackResponse(.unauthorized) }
            counts.withLock { $0[request.path, default: 0] += 1 }
            guard let bytes = answers.withLock({ $0[request.path] }) else { return LoopbackResponse(.notFound) }
            return LoopbackResponse(body: ByteBuffer(bytes: bytes))
        }
        self.server.withLock { $0 = server }
        host.endpoint = "http://127.0.0.1:\(server.port)"
        host.registryAuthorization = { account, region in "Basic \(account ?? "") \(region ?? "")" }
    }

    func stop() async { await server.withLock { $0 }?.stop() }

    func count(_ path: String) -> Int { counts.withLock { $0["/v2/tools/shell/\(path)"] ?? 0 } }

    @discardableResult
    func addBlob(_ bytes: [UInt8]) -> JSON {
        let digest = Self.digest(bytes)
        answers.withLock { $0["/v2/tools/shell/blobs/\(digest)"] = bytes }
        return ["digest": .string(digest), "size": .integer(bytes.count), "mediaType": "application/octet-stream"]
    }

    func replaceBlob(_ descriptor: JSON, by bytes: [UInt8]) {
        answers.withLock { $0["/v2/tools/shell/blobs/\(descriptor["digest"]?.stringValue ?? "")"] = bytes }
    }

    /// - Returns: The manifest's digest.
    @discardableResult
    func addImage(_ tag: String, layers: [[UInt8]], config: JSON = [:]) -> String {
        let manifest: JSON = [
            "schemaVersion": 2,
            "config": addBlob((["config": config, "os": "linux"] as JSON).serializedBytes()),
            "layers": .array(layers.map(addBlob)),
        ]
        return addManifest(tag, manifest)
    }

    @discardableResult
    func addManifest(_ tag: String, _ manifest: JSON) -> String {
        let bytes = manifest.serializedBytes()
        let digest = Self.digest(bytes)
        answers.withLock {
            $0["/v2/tools/shell/manifests/\(tag)"] = bytes
            $0["/v2/tools/shell/manifests/\(digest)"] = bytes
        }
        return digest
    }

    private static func digest(_ bytes: [UInt8]) -> String {
        "sha256:" + SHA256.hash(data: bytes).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
}
