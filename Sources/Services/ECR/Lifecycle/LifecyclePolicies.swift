import AWSProtocol
import GRDB
import JSON
import Logging
import Store

/// Lifecycle policies: put, previewed, applied.
extension ECRService {
    /// Applies the policy at once; then it is applied again from time to time.
    func putLifecyclePolicy(_ request: AWSRequest) async throws -> AWSResponse {
        let text = try request.requiredString("lifecyclePolicyText")
        let policy = try LifecyclePolicy(text)
        let now = clock.now()
        let repository = try await change(request) { [events = store.events] repository, db in
            repository.lifecyclePolicy = text
            try repository.apply(policy, now: now, telling: events, in: db)
        }
        try await collect()
        return answer(repository, ["lifecyclePolicyText": .string(text)])
    }

    func getLifecyclePolicy(_ request: AWSRequest) async throws -> AWSResponse {
        let repository = try await read(request)
        return answer(repository, try lifecycle(of: repository))
    }

    func deleteLifecyclePolicy(_ request: AWSRequest) async throws -> AWSResponse {
        let before = try await read(request)
        let members = try lifecycle(of: before)
        let repository = try await change(request) { repository, db in
            repository.lifecyclePolicy = nil
            repository.lifecycleEvaluated = nil
            try repository.update(db)
        }
        return answer(repository, members)
    }

    private func lifecycle(of repository: Repository) throws(AWSError) -> JSON.Object {
        guard let text = repository.lifecyclePolicy, let evaluated = repository.lifecycleEvaluated else {
            throw .policyNotFound("Lifecycle", repository.name, in: repository.account)
        }
        return ["lifecyclePolicyText": .string(text), "lastEvaluatedAt": Timestamp(milliseconds: evaluated).json]
    }

    /// Applies every repository's policy.
    func applyLifecyclePolicies() async throws {
        let now = clock.now()
        let repositories = try await store.read { db in
            try Repository.filter(Column("lifecyclePolicy") != nil).fetchAll(db)
        }
        for found in repositories {
            try await store.write { [events = store.events] db in
                guard var repository = try? found.address.require(in: db), let text = repository.lifecyclePolicy else {
                    return
                }
                try repository.apply(try LifecyclePolicy(text), now: now, telling: events, in: db)
            }
        }
    }

    // MARK: Preview

    func startLifecyclePolicyPreview(_ request: AWSRequest) async throws -> AWSResponse {
        let now = clock.now()
        let given = request.string("lifecyclePolicyText")
        if let given { _ = try LifecyclePolicy(given) }
        let (repository, text) = try await store.write { db in
            let repository = try self.repository(try request.requiredString("repositoryName"), request, in: db)
            guard let text = given ?? repository.lifecyclePolicy else {
                throw AWSError.policyNotFound("Lifecycle", repository.name, in: repository.account)
            }
            let images = try repository.address.images(in: db)
            let marks = try repository.address.marks(LifecyclePolicy(text), images, now: now, in: db)
            let results = marks.compactMap { mark in
                images.first { $0.image.digest == mark.digest }.map { mark.preview(of: $0) }
            }
            let preview: JSON = ["text": .string(text), "results": .array(results)]
            try repository.scope.put(.lifecyclePreview, repository.name, preview, at: now, in: db)
            return (repository, text)
        }
        return answer(repository, ["lifecyclePolicyText": .string(text), "status": "IN_PROGRESS"])
    }

    func getLifecyclePolicyPreview(_ request: AWSRequest) async throws -> AWSResponse {
        let (repository, preview) = try await store.read { db in
            let repository = try self.repository(try request.requiredString("repositoryName"), request, in: db)
            return (repository, try repository.scope.document(.lifecyclePreview, repository.name, in: db))
        }
        guard let preview else {
            throw AWSError(
                "LifecyclePolicyPreviewNotFoundException",
                "Lifecycle policy preview does not exist for the repository with name '\(repository.name)' in the registry "
                    + "with id '\(repository.account)'"
            )
        }
        let all = preview.value["results"]?.arrayValue ?? []
        let ids = Self.ids(request)
        let shown = all.filter { result in
            let tags = result["imageTags"]?.arrayValue?.compactMap(\.stringValue) ?? []
            let isMeant =
                ids.isEmpty
                || ids.contains { id in
                    (id.digest.map { .string($0) == result["imageDigest"] } ?? true)
                        && (id.tag.map(tags.contains) ?? true)
                }
            return isMeant && Self.admits(request, isTagged: !tags.isEmpty)
        }
        let page = try Page(shown, for: request)
        let expiring = all.count { $0["action"]?["type"] == "EXPIRE" }
        let summary: JSON = [
            "expiringImageTotalCount": .integer(expiring),
            "transitioningImageTotalCounts": expiring == all.count
                ? [] : [["targetStorageClass": "ARCHIVE", "imageTotalCount": .integer(all.count - expiring)]],
        ]
        return answer(
            repository,
            .compact([
                "lifecyclePolicyText": preview.value["text"], "status": "COMPLETE", "nextToken": page.next,
                "previewResults": .array(page.items), "summary": summary,
            ])
        )
    }
}

extension Repository {
    /// Does what the policy says about the repository's images.
    fileprivate mutating func apply(
        _ policy: LifecyclePolicy,
        now: Timestamp,
        telling events: ServiceEvents,
        in db: Database
    ) throws {
        let images = try address.images(in: db)
        for mark in try address.marks(policy, images, now: now, in: db) {
            switch mark.action {
            case .expire:
                if let image = images.first(where: { $0.image.digest == mark.digest }) {
                    try events.tell(deleted: image, in: address, at: now, db)
                }
                try address.removeImage(mark.digest, in: db)
            case .transition: try address.setStatus(.archived, of: mark.digest, at: now, in: db)
            }
        }
        lifecycleEvaluated = now.milliseconds
        try update(db)
    }
}

extension RepositoryAddress {
    fileprivate func marks(
        _ policy: LifecyclePolicy,
        _ images: [TaggedImage],
        now: Timestamp,
        in db: Database
    ) throws -> [LifecycleMark] {
        let referenced = Set(
            try String.fetchAll(
                db,
                sql: """
                    SELECT digest FROM ecr_references
                    WHERE account = ? AND region = ? AND repository = ? AND isImage = 1
                    """,
                arguments: arguments
            )
        )
        return policy.marks(
            images.map { LifecycleImage($0, isReferenced: referenced.contains($0.image.digest)) },
            now: now
        )
    }
}

extension LifecycleImage {
    fileprivate init(_ image: TaggedImage, isReferenced: Bool) {
        let record = image.image
        self.init(
            digest: record.digest,
            tags: image.tags,
            pushed: Timestamp(milliseconds: record.pushed),
            pulled: record.pulled.map { Timestamp(milliseconds: $0) },
            archived: record.archived.map { Timestamp(milliseconds: $0) },
            activated: record.activated.map { Timestamp(milliseconds: $0) },
            isArchived: record.status == .archived,
            isReferenced: isReferenced
        )
    }
}

extension LifecycleMark {
    fileprivate func preview(of image: TaggedImage) -> JSON {
        .compact([
            "imageTags": .array(image.tags.map { .string($0) }),
            "imageDigest": .string(digest),
            "imagePushedAt": Timestamp(milliseconds: image.image.pushed).json,
            "action": .compact([
                "type": action == .expire ? "EXPIRE" : "TRANSITION",
                "targetStorageClass": action == .expire ? nil : "ARCHIVE",
            ]),
            "appliedRulePriority": .integer(priority),
            "storageClass": image.image.status == .archived ? "ARCHIVE" : "STANDARD",
        ])
    }
}
