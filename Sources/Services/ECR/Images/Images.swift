import AWSProtocol
import GRDB
import JSON
import Store

extension RepositoryAddress {
    /// All images with their tags, oldest first.
    func images(in db: Database) throws -> [TaggedImage] {
        let images = try Image.filter(Column("account") == account && Column("region") == region)
            .filter(Column("repository") == name)
            .order(Column("pushed"), Column("digest")).fetchAll(db)
        let rows = try Row.fetchAll(
            db,
            sql: "SELECT digest, tag FROM ecr_tags WHERE account = ? AND region = ? AND repository = ? ORDER BY tag",
            arguments: arguments
        )
        let tags = Dictionary(grouping: rows) { $0[0] as String }.mapValues { $0.map { $0[1] as String } }
        return images.map { TaggedImage(image: $0, tags: tags[$0.digest] ?? []) }
    }

    /// The image that is meant: by digest, by tag, or by both where they agree.
    func image(_ id: ImageID, in db: Database) throws -> TaggedImage? {
        let tagged = try id.tag.map { try digest(tagged: $0, in: db) }
        if let tagged, tagged == nil || id.digest != nil && id.digest != tagged { return nil }
        guard let digest = id.digest ?? tagged ?? nil, let image = try Image.fetchOne(db, key: imageKey(digest)) else {
            return nil
        }
        let tags = try String.fetchAll(
            db,
            sql: """
                SELECT tag FROM ecr_tags WHERE account = ? AND region = ? AND repository = ? AND digest = ? ORDER BY tag
                """,
            arguments: arguments + [digest]
        )
        return TaggedImage(image: image, tags: tags)
    }
}

extension ECRService {
    private func readImages(_ request: AWSRequest) async throws -> (Repository, [TaggedImage]) {
        let name = try request.requiredString("repositoryName")
        return try await store.read { db in
            let repository = try self.repository(name, request, in: db)
            return (repository, try repository.address.images(in: db))
        }
    }

    static func ids(_ request: AWSRequest) -> [ImageID] {
        (request["imageIds"]?.arrayValue ?? []).map { ImageID($0) }
    }

    /// Whether the request's filter lets an image with or without tags through.
    static func admits(_ request: AWSRequest, isTagged: Bool) -> Bool {
        switch request["filter"]?["tagStatus"]?.stringValue {
        case "TAGGED": isTagged
        case "UNTAGGED": !isTagged
        default: true
        }
    }

    /// Archived images are listed only to those who ask for them.
    private static func admits(_ request: AWSRequest, _ status: Image.Status) -> Bool {
        let wanted = request["filter"]?["imageStatus"]?.stringValue ?? "ACTIVE"
        return wanted == "ANY" || wanted == status.rawValue
    }

    func listImages(_ request: AWSRequest) async throws -> AWSResponse {
        let (_, images) = try await readImages(request)
        let ids = images.filter { Self.admits(request, $0.image.status) }.flatMap { image -> [JSON] in
            guard Self.admits(request, isTagged: !image.tags.isEmpty) else { return [] }
            if image.tags.isEmpty { return [ImageID(digest: image.image.digest).json] }
            return image.tags.map { ImageID(digest: image.image.digest, tag: $0).json }
        }
        let page = try Page(ids, for: request)
        return .output(["imageIds": .array(page.items), "nextToken": page.next])
    }

    func describeImages(_ request: AWSRequest) async throws -> AWSResponse {
        var (repository, images) = try await readImages(request)
        let ids = Self.ids(request)
        if ids.isEmpty {
            images.removeAll {
                !Self.admits(request, isTagged: !$0.tags.isEmpty) || !Self.admits(request, $0.image.status)
            }
        } else {
            for id in ids where !images.contains(where: { $0.isMeant(by: id) }) {
                throw AWSError.imageNotFound(id, repository.name, in: repository.account)
            }
            images.removeAll { image in !ids.contains(where: image.isMeant) }
        }
        let page = try Page(images, for: request)
        return .output(["imageDetails": .array(page.items.map(\.details)), "nextToken": page.next])
    }

    // MARK: - Pushing

    func putImage(_ request: AWSRequest) async throws -> AWSResponse {
        let manifest = try Manifest(
            try request.requiredString("imageManifest"),
            mediaType: request.string("imageManifestMediaType")
        )
        if let digest = request.string("imageDigest"), digest != manifest.digest {
            throw AWSError.imageDigestDoesNotMatch
        }
        let name = try request.requiredString("repositoryName")
        let push = ImagePush(manifest: manifest, tag: request.string("imageTag"), moment: clock.now())
        let repository = try await store.write { [events = store.events] db in
            let repository = try self.repository(name, request, in: db)
            guard try push.perform(in: repository, db) else {
                throw AWSError.imageAlreadyExists(manifest.digest, push.tag, repository)
            }
            try events.tell(.push, manifest.digest, tag: push.tag, in: repository.address, at: push.moment, db)
            return repository
        }
        let image: JSON = [
            "registryId": .string(repository.account), "repositoryName": .string(repository.name),
            "imageId": ImageID(digest: manifest.digest, tag: push.tag).json,
            "imageManifest": .string(manifest.text), "imageManifestMediaType": .string(manifest.mediaType),
        ]
        return AWSResponse(["image": image])
    }

    // MARK: - Batches

    func batchGetImage(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("repositoryName")
        let ids = Self.ids(request)
        let accepted = request.strings("acceptedMediaTypes")
        let scope = RegistryScope(request)
        let repository = RepositoryAddress(account: scope.account, region: scope.region, name: name)
        var images: [(ImageID, TaggedImage?)] = []
        for id in ids { images.append((id, try await foundImage(id, of: repository))) }
        var found: [JSON] = []
        var failures: [JSON] = []
        for (id, image) in images {
            if let failure = id.malformed {
                failures.append(failure)
                continue
            }
            if image?.image.status == .archived {
                failures.append(id.failure("ImageInaccessible", "The image is archived"))
                continue
            }
            guard let image = image?.image, accepted.isEmpty || accepted.contains(image.mediaType) else {
                failures.append(id.notFound)
                continue
            }
            found.append([
                "registryId": .string(repository.account), "repositoryName": .string(repository.name),
                "imageId": ImageID(digest: image.digest, tag: id.tag).json,
                "imageManifest": .string(image.manifest), "imageManifestMediaType": .string(image.mediaType),
            ])
        }
        return .output(["images": .array(found), "failures": .array(failures)])
    }
}

extension TaggedImage {
    /// As `DescribeImages` says it.
    var details: JSON {
        .compact([
            "registryId": .string(image.account),
            "repositoryName": .string(image.repository),
            "imageDigest": .string(image.digest),
            "imageTags": tags.isEmpty ? nil : .array(tags.map { .string($0) }),
            "imageSizeInBytes": .integer(image.size),
            "imagePushedAt": Timestamp(milliseconds: image.pushed).json,
            "imageManifestMediaType": .string(image.mediaType),
            "artifactMediaType": image.artifactType.map { .string($0) },
            "lastRecordedPullTime": image.pulled.map { Timestamp(milliseconds: $0).json },
            "subjectManifestDigest": image.subject.map { .string($0) },
            "imageStatus": .string(image.status.rawValue),
            "lastArchivedAt": image.archived.map { Timestamp(milliseconds: $0).json },
            "lastActivatedAt": image.activated.map { Timestamp(milliseconds: $0).json },
        ])
    }
}
