import AWSProtocol
import GRDB
import NIOCore
import Store

/// Reading and deleting blobs.
extension RegistryEndpoint {
    func blob(_ text: String, _ target: Target, _ head: HTTPRequestHead) async throws -> HTTPAnswer {
        let digest = try requiredDigest(text)
        switch head.method {
        case "HEAD", "GET":
            return content(of: try await ecr.reliedLayer(digest.description, of: target.repository), head)
        case "DELETE":
            try await ecr.deleteLayer(digest.description, of: target.repository)
            return HTTPAnswer(status: 202)
        default: throw RegistryError.methodNotAllowed
        }
    }

    /// The blob's bytes, or the range asked for.
    func content(of layer: Layer, _ head: HTTPRequestHead) -> HTTPAnswer {
        let path = ecr.store.blobs.path(of: layer.blob)
        var answer = HTTPAnswer(
            status: 200,
            headers: [
                "Content-Type": "application/octet-stream", "Docker-Content-Digest": layer.digest,
                "ETag": "\"\(layer.digest)\"", "Cache-Control": "max-age=31536000", "Accept-Ranges": "bytes",
            ]
        )
        guard let header = head.headers["range"], head.method == "GET" else {
            answer.body = layer.size == 0 ? .empty : Body(.file(path: path, range: 0..<layer.size))
            return answer
        }
        guard let range = ByteRange(header)?.resolved(layer.size) else {
            answer.status = 416
            answer.headers["Content-Range"] = "bytes */\(layer.size)"
            return answer
        }
        answer.status = 206
        answer.headers["Content-Range"] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(layer.size)"
        answer.body = Body(.file(path: path, range: range))
        return answer
    }
}

/// One range of a `Range: bytes=…` header.
enum ByteRange: Equatable {
    case from(Int, through: Int?)
    case last(Int)

    /// Nil where the header is of another form, or asks for several ranges.
    init?(_ header: String) {
        guard header.hasPrefix("bytes=") else { return nil }
        let ends = header.dropFirst(6).split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard ends.count == 2 else { return nil }
        if ends[0].isEmpty {
            guard let count = Int(ends[1]), count > 0 else { return nil }
            self = .last(count)
        } else {
            guard let first = Int(ends[0]), first >= 0 else { return nil }
            guard let last = Int(ends[1]) else {
                guard ends[1].isEmpty else { return nil }
                self = .from(first, through: nil)
                return
            }
            guard last >= first else { return nil }
            self = .from(first, through: last)
        }
    }

    /// The range of that many bytes; nil where it lies behind them.
    func resolved(_ size: Int) -> Range<Int>? {
        switch self {
        case .from(let first, let last):
            first < size ? first..<min(size, last.map { $0 < Int.max ? $0 + 1 : $0 } ?? size) : nil
        case .last(let count): size > 0 ? max(0, size - count)..<size : nil
        }
    }
}

extension ECRService {
    /// Takes a layer out of a repository.
    /// - Throws: `LayersNotFoundException`; a `RegistryError` where an image needs it.
    func deleteLayer(_ digest: String, of repository: RepositoryAddress) async throws {
        let spare = try await store.write { db in
            try repository.require(in: db)
            guard try self.layer(digest, of: repository, in: db) != nil else {
                throw AWSError.layerNotFound(digest, repository)
            }
            guard try !repository.isReferenced(digest, in: db) else {
                throw RegistryError("DENIED", "An image of the repository has the layer \(digest).", status: 403)
            }
            try db.execute(
                sql: "DELETE FROM ecr_layers WHERE account = ? AND region = ? AND repository = ? AND digest = ?",
                arguments: repository.arguments + [digest]
            )
            return try Self.removeUnlinked(in: db)
        }
        await store.blobs.remove(spare)
    }
}

extension RepositoryAddress {
    /// Whether a manifest names the content.
    func isReferenced(_ digest: String, in db: Database) throws -> Bool {
        try Bool.fetchOne(
            db,
            sql: """
                SELECT EXISTS (SELECT 1 FROM ecr_references
                    WHERE account = ? AND region = ? AND repository = ? AND digest = ?)
                """,
            arguments: arguments + [digest]
        ) ?? false
    }
}
