import AWSProtocol
import GRDB
import JSON
import Store

extension ECRService {
    func images(of repository: Repository) -> QueryInterfaceRequest<Image> {
        Image.filter(Column("account") == repository.account && Column("region") == repository.region)
            .filter(Column("repository") == repository.name)
            .order(Column("pushed"), Column("digest"))
    }

    private func readImages(_ request: AWSRequest) async throws -> (Repository, [Image]) {
        let name = try request.requiredString("repositoryName")
        return try await store.read { db in
            let repository = try self.repository(name, request, in: db)
            return (repository, try self.images(of: repository).fetchAll(db))
        }
    }

    private static func ids(_ request: AWSRequest) -> [ImageID] {
        (request["imageIds"]?.arrayValue ?? []).map(ImageID.init)
    }

    func listImages(_ request: AWSRequest) async throws -> AWSResponse {
        let (_, images) = try await readImages(request)
        let wanted = request["filter"]?["tagStatus"]?.stringValue
        let ids = images.flatMap { image -> [JSON] in
            if image.tags.isEmpty { return wanted == "TAGGED" ? [] : [["imageDigest": .string(image.digest)]] }
            guard wanted != "UNTAGGED" else { return [] }
            return image.tags.map { ["imageDigest": .string(image.digest), "imageTag": .string($0)] }
        }
        let page = try Page(ids, for: request)
        return .output(["imageIds": .array(page.items), "nextToken": page.next])
    }

    func describeImages(_ request: AWSRequest) async throws -> AWSResponse {
        var (repository, images) = try await readImages(request)
        let ids = Self.ids(request)
        if !ids.isEmpty {
            for id in ids where !images.contains(where: { $0.isMeant(by: id) }) {
                throw AWSError.imageNotFound(id, repository.name, in: repository.account)
            }
            images.removeAll { image in !ids.contains(where: image.isMeant) }
        }
        if let wanted = request["filter"]?["tagStatus"]?.stringValue, wanted != "ANY" {
            images.removeAll { $0.tags.isEmpty == (wanted == "TAGGED") }
        }
        let page = try Page(images, for: request)
        let details = page.items.map { image in
            JSON.compact([
                "registryId": .string(image.account),
                "repositoryName": .string(image.repository),
                "imageDigest": .string(image.digest),
                "imageTags": image.tags.isEmpty ? nil : .array(image.tags.map { .string($0) }),
                "imageSizeInBytes": .integer(image.size),
                "imagePushedAt": Timestamp(milliseconds: image.pushed).json,
                "imageManifestMediaType": .string(image.mediaType),
                "artifactMediaType": image.artifactType.map { .string($0) },
            ])
        }
        return .output(["imageDetails": .array(details), "nextToken": page.next])
    }

    func batchGetImage(_ request: AWSRequest) async throws -> AWSResponse {
        let (repository, images) = try await readImages(request)
        var found: [JSON] = []
        var failures: [JSON] = []
        for id in Self.ids(request) {
            guard let image = images.first(where: { $0.isMeant(by: id) }) else {
                failures.append(Self.failure(id))
                continue
            }
            var full = id
            full.digest = image.digest
            found.append([
                "registryId": .string(repository.account), "repositoryName": .string(repository.name),
                "imageId": full.json, "imageManifest": .string(image.manifest),
                "imageManifestMediaType": .string(image.mediaType),
            ])
        }
        return .output(["images": .array(found), "failures": .array(failures)])
    }

    /// A tag that is deleted leaves its image, unless it was the last; a digest that is deleted takes all tags with it.
    func batchDeleteImage(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("repositoryName")
        let ids = Self.ids(request)
        return try await store.write { db in
            let repository = try self.repository(name, request, in: db)
            var deleted: [JSON] = []
            var failures: [JSON] = []
            for id in ids {
                guard var image = try self.images(of: repository).fetchAll(db).first(where: { $0.isMeant(by: id) })
                else {
                    failures.append(Self.failure(id))
                    continue
                }
                if let tag = id.tag, id.digest == nil, image.tags != [tag] {
                    image.tags.removeAll { $0 == tag }
                    try image.update(db)
                } else {
                    try image.delete(db)
                }
                var full = id
                full.digest = image.digest
                deleted.append(full.json)
            }
            return .output(["imageIds": .array(deleted), "failures": .array(failures)])
        }
    }

    private static func failure(_ id: ImageID) -> JSON {
        ["imageId": id.json, "failureCode": "ImageNotFound", "failureReason": "Requested image not found"]
    }
}
