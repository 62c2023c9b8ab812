import AWSProtocol
import GRDB
import JSON
import Store

extension ECRService {
    /// A tag that is deleted leaves its image, unless it was the last; a digest that is deleted takes all tags with it.
    func batchDeleteImage(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("repositoryName")
        let ids = Self.ids(request)
        let now = clock.now()
        let response = try await store.write { [events = store.events] db in
            let address = try self.repository(name, request, in: db).address
            // Indexes first: then the images that they name can go with the same call.
            let indexes = try ids.filter { try address.image($0, in: db)?.image.isIndex ?? false }
            let others = try ids.filter { try !(address.image($0, in: db)?.image.isIndex ?? false) }
            var deleted: [JSON] = []
            var failures: [JSON] = []
            for id in indexes + others {
                switch try address.delete(id, in: db) {
                case .deleted(let ids):
                    deleted += ids.map(\.json)
                    for id in ids {
                        guard let digest = id.digest else { continue }
                        try events.tell(.delete, digest, tag: id.tag, in: address, at: now, db)
                    }
                case .failed(let failure): failures.append(failure)
                }
            }
            return AWSResponse.output(["imageIds": .array(deleted), "failures": .array(failures)])
        }
        try await collect()
        return response
    }
}

/// What became of one id of a batch.
enum ImageDeletion {
    case deleted([ImageID])
    case failed(JSON)
}

extension RepositoryAddress {
    fileprivate func delete(_ id: ImageID, in db: Database) throws -> ImageDeletion {
        if let failure = id.malformed { return .failed(failure) }
        guard let image = try image(id, in: db) else { return .failed(id.notFound) }
        let digest = image.image.digest
        if let tag = id.tag, id.digest == nil, image.tags != [tag] {
            try removeTag(tag, in: db)
            return .deleted([ImageID(digest: digest, tag: tag)])
        }
        let indexes = try indexes(naming: digest, in: db)
        guard indexes.isEmpty else {
            return .failed(
                id.failure(
                    "ImageReferencedByManifestList",
                    "Requested image referenced by manifest list: [\(indexes.joined(separator: ", "))]"
                )
            )
        }
        try removeImage(digest, in: db)
        if id.digest == nil { return .deleted([ImageID(digest: digest, tag: id.tag)]) }
        return .deleted(
            image.tags.isEmpty ? [ImageID(digest: digest)] : image.tags.map { ImageID(digest: digest, tag: $0) }
        )
    }
}

extension ImageID {
    func failure(_ code: String, _ reason: String) -> JSON {
        ["imageId": json, "failureCode": .string(code), "failureReason": .string(reason)]
    }

    var notFound: JSON { failure("ImageNotFound", "Requested image not found") }

    /// The failure of an id that can name no image.
    var malformed: JSON? {
        if digest == nil, tag == nil {
            return failure(
                "MissingDigestAndTag",
                "Invalid request parameters: both tag and digest cannot be null"
            )
        }
        guard let digest, !Self.isDigest(digest) else { return nil }
        return failure(
            "InvalidImageDigest",
            "Invalid request parameters: image digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'"
        )
    }

    private static func isDigest(_ text: String) -> Bool {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count == 2 && !parts[0].isEmpty && !parts[1].isEmpty
            && parts[0].allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_+.".contains($0)) }
            && parts[1].allSatisfy { $0.isASCII && $0.isHexDigit }
    }
}
