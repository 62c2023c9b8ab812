import AWSProtocol
import GRDB
import JSON
import NIOCore
import Store

/// Manifests by tag and by digest.
extension RegistryEndpoint {
    func manifest(_ reference: String, _ target: Target, _ head: HTTPRequestHead, _ body: Body) async throws
        -> HTTPAnswer
    {
        switch head.method {
        case "GET", "HEAD": return try await pull(reference, target, head)
        case "PUT": return try await push(reference, target, head, body)
        case "DELETE":
            try await ecr.delete(Self.id(reference), from: target.repository)
            return HTTPAnswer(status: 202)
        default: throw RegistryError.methodNotAllowed
        }
    }

    private static func id(_ reference: String) -> ImageID {
        reference.contains(":") ? ImageID(digest: reference) : ImageID(tag: reference)
    }

    private func pull(_ reference: String, _ target: Target, _ head: HTTPRequestHead) async throws -> HTTPAnswer {
        let image = try await ecr.pulledImage(Self.id(reference), of: target.repository, isPull: head.method == "GET")
        guard let image else { throw RegistryError.imageNotFound(reference) }
        return HTTPAnswer(
            status: 200,
            headers: [
                "Content-Type": image.mediaType, "Docker-Content-Digest": image.digest, "ETag": "\"\(image.digest)\"",
            ],
            body: Body(image.manifest)
        )
    }

    private func push(_ reference: String, _ target: Target, _ head: HTTPRequestHead, _ body: Body) async throws
        -> HTTPAnswer
    {
        let id = Self.id(reference)
        if let tag = id.tag, !Self.isTag(tag) {
            throw RegistryError("TAG_INVALID", "The image tag '\(tag)' is not valid.", status: 400)
        }
        let buffer = try await body.collect(upTo: Manifest.sizeLimit)
        guard let text = String(validating: buffer.readableBytesView, as: UTF8.self) else {
            throw RegistryError("MANIFEST_INVALID", "The manifest is not UTF-8.", status: 400)
        }
        let type = head.headers["content-type"]?.prefix { $0 != ";" }
        let manifest = try Manifest(text, mediaType: type.map(String.init))
        if let digest = id.digest, try requiredDigest(digest).description != manifest.digest {
            throw RegistryError("DIGEST_INVALID", "The manifest does not have the digest '\(digest)'.", status: 400)
        }
        try await ecr.ensure(target.repository)
        try await ecr.push(manifest, tag: id.tag, into: target.repository)
        var answer = HTTPAnswer(
            status: 201,
            headers: [
                "Location": "/v2/\(target.path)/manifests/\(manifest.digest)",
                "Docker-Content-Digest": manifest.digest,
            ]
        )
        answer.headers["OCI-Subject"] = manifest.subject
        return answer
    }

    /// `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`
    private static func isTag(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= 128, !".-".utf8.contains(first) else { return false }
        return text.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x61...0x7A).contains($0 | 0x20) || "._-".utf8.contains($0)
        }
    }
}

extension ECRService {
    /// The time of an image's last pull is noted at most this often.
    private static let pullTimePrecision = Duration.seconds(3600)

    /// The image that a client asks for; nil where there is none.
    /// - Parameter isPull: Whether the manifest itself is asked for: that counts as a pull.
    func pulledImage(_ id: ImageID, of repository: RepositoryAddress, isPull: Bool) async throws -> Image? {
        guard let image = try await foundImage(id, of: repository)?.image, image.status == .active else { return nil }
        let now = clock.now()
        let isNoted = image.pulled.map { Timestamp(milliseconds: $0) + Self.pullTimePrecision > now } ?? false
        guard isPull, !isNoted else { return image }
        try await store.write { db in
            try db.execute(
                sql:
                    "UPDATE ecr_images SET pulled = ? WHERE account = ? AND region = ? AND repository = ? AND digest = ?",
                arguments: [now.milliseconds] + repository.arguments + [image.digest]
            )
        }
        return image
    }

    /// The image in the repository, brought in from an upstream registry where a pull-through cache rule says so.
    /// - Throws: `RepositoryNotFoundException`.
    func foundImage(_ id: ImageID, of repository: RepositoryAddress) async throws -> TaggedImage? {
        if let image = try await store.read({ db in try repository.image(id, in: db) }) { return image }
        let isPulled = try await pullThrough(id, into: repository)
        return try await store.read { db in
            try repository.require(in: db)
            return isPulled ? try repository.image(id, in: db) : nil
        }
    }

    /// Stores a manifest that a registry client pushes.
    /// - Throws: what `ImagePush.perform` throws; `ImageTagAlreadyExistsException` also where an immutable tag points at
    ///   that very manifest.
    func push(_ manifest: Manifest, tag: String?, into address: RepositoryAddress) async throws {
        let push = ImagePush(manifest: manifest, tag: tag, moment: clock.now())
        try await store.write { [events = store.events] db in
            let repository = try address.require(in: db)
            let isNew = try push.perform(in: repository, db)
            if isNew { try events.tell(.push, manifest.digest, tag: tag, in: address, at: push.moment, db) }
            if !isNew, let tag, repository.isImmutable(tag) {
                throw AWSError.imageTagAlreadyExists(tag, repository.name)
            }
        }
    }

    /// Removes a tag, or an image with its tags.
    /// - Throws: `MANIFEST_UNKNOWN`; `DENIED` where an index names the image.
    func delete(_ id: ImageID, from repository: RepositoryAddress) async throws {
        let now = clock.now()
        try await store.write { [events = store.events] db in
            try repository.require(in: db)
            guard let tagged = try repository.image(id, in: db) else {
                throw RegistryError.imageNotFound(id.digest ?? id.tag ?? "")
            }
            let image = tagged.image
            if let tag = id.tag {
                try events.tell(.delete, image.digest, tag: tag, in: repository, at: now, db)
                return try repository.removeTag(tag, in: db)
            }
            let indexes = try repository.indexes(naming: image.digest, in: db)
            guard indexes.isEmpty else {
                throw RegistryError(
                    "DENIED",
                    "Requested image referenced by manifest list: [\(indexes.joined(separator: ", "))]",
                    status: 403
                )
            }
            try events.tell(deleted: tagged, in: repository, at: now, db)
            try repository.removeImage(image.digest, in: db)
        }
        try await collect()
    }

    /// Makes the repository of a push where it is made by itself: where a creation template says so, and for an image that
    /// is brought in from elsewhere, whose name begins with its registry's host (on AWS that would be a registry which the
    /// user does not own).
    func ensure(_ address: RepositoryAddress) async throws {
        let isThere = try await store.read { db in try Repository.exists(db, key: address.key) }
        guard !isThere else { return }
        let now = clock.now()
        try await store.write { db in
            guard try !Repository.exists(db, key: address.key) else { return }
            let isTemplated = try CreationTemplate.find(address, for: .createOnPush, in: db) != nil
            guard isTemplated || RepositoryName.isForeign(address.name) else { return }
            try CreationTemplate.makeRepository(address, for: .createOnPush, at: now, in: db)
        }
    }
}
