import AWSProtocol
import GRDB
import JSON
import Store

extension ECRService {
    func createRepository(_ request: AWSRequest) async throws -> AWSResponse {
        let caller = request.caller
        let encryption = request["encryptionConfiguration"]
        var repository = Repository(
            RepositoryAddress(
                account: request.string("registryId") ?? caller.account,
                region: caller.region,
                name: try request.requiredString("repositoryName")
            ),
            created: clock.now().milliseconds
        )
        try repository.mutability(
            TagMutability(request["imageTagMutability"], request["imageTagMutabilityExclusionFilters"])
        )
        repository.scanOnPush = request["imageScanningConfiguration"]?["scanOnPush"]?.boolValue ?? false
        repository.encryptionType = encryption?["encryptionType"]?.stringValue ?? "AES256"
        repository.kmsKey = encryption?["kmsKey"]?.stringValue
        repository.tags = Repository.Tag.list(request["tags"])
        return AWSResponse(["repository": try await insert(repository).json])
    }

    private func insert(_ repository: Repository) async throws -> Repository {
        let now = clock.now()
        return try await store.write { db in
            guard try !repository.exists(db) else {
                throw AWSError.repositoryAlreadyExists(repository.name, in: repository.account)
            }
            var repository = repository
            if repository.encryptionType != "AES256", repository.kmsKey == nil {
                repository.kmsKey = try repository.scope.managedKey(at: now, in: db)
            }
            try repository.insert(db)
            return repository
        }
    }

    func describeRepositories(_ request: AWSRequest) async throws -> AWSResponse {
        let caller = request.caller
        let names = request.strings("repositoryNames")
        let repositories = try await store.read { db in
            guard names.isEmpty else { return try names.map { try self.repository($0, request, in: db) } }
            let account = request.string("registryId") ?? caller.account
            return try Repository.filter(Column("account") == account && Column("region") == caller.region)
                .order(Column("name")).fetchAll(db)
        }
        let page = try Page(repositories, for: request)
        return .output(["repositories": .array(page.items.map(\.json)), "nextToken": page.next])
    }

    func deleteRepository(_ request: AWSRequest) async throws -> AWSResponse {
        let isForced = request.bool("force") ?? false
        let repository = try await change(request) { repository, db in
            guard try isForced || repository.address.isEmpty(in: db) else {
                throw AWSError.repositoryNotEmpty(repository.name, in: repository.account)
            }
            try repository.address.removeAll(in: db)
            try repository.delete(db)
        }
        try await collect()
        return AWSResponse(["repository": repository.json])
    }

    func putImageTagMutability(_ request: AWSRequest) async throws -> AWSResponse {
        let mutability = TagMutability(request["imageTagMutability"], request["imageTagMutabilityExclusionFilters"])
        let repository = try await change(request) { repository, db in
            try repository.mutability(mutability)
            try repository.update(db)
        }
        return answer(
            repository,
            .compact([
                "imageTagMutability": .string(mutability.setting),
                "imageTagMutabilityExclusionFilters": mutability.filters,
            ])
        )
    }

    func putImageScanningConfiguration(_ request: AWSRequest) async throws -> AWSResponse {
        let isScanned = request["imageScanningConfiguration"]?["scanOnPush"]?.boolValue ?? false
        let repository = try await change(request) { repository, db in
            repository.scanOnPush = isScanned
            try repository.update(db)
        }
        return answer(repository, ["imageScanningConfiguration": ["scanOnPush": .bool(isScanned)]])
    }

    // MARK: - Tags

    func tagResource(_ request: AWSRequest) async throws -> AWSResponse {
        try await change(request) { repository, db in
            for tag in Repository.Tag.list(request["tags"]) {
                repository.tags.removeAll { $0.key == tag.key }
                repository.tags.append(tag)
            }
            try repository.update(db)
        }
        return AWSResponse()
    }

    func untagResource(_ request: AWSRequest) async throws -> AWSResponse {
        let keys = request.strings("tagKeys")
        try await change(request) { repository, db in
            repository.tags.removeAll { keys.contains($0.key) }
            try repository.update(db)
        }
        return AWSResponse()
    }

    func listTagsForResource(_ request: AWSRequest) async throws -> AWSResponse {
        let repository = try await read(request)
        let tags = repository.tags.map { JSON.object(["Key": .string($0.key), "Value": .string($0.value)]) }
        return AWSResponse(["tags": .array(tags)])
    }

    // MARK: - Finding

    /// The repository of that name in the caller's registry, or in the one that `registryId` names.
    func repository(_ name: String, _ request: AWSRequest, in db: Database) throws -> Repository {
        let account = request.string("registryId") ?? request.caller.account
        let key = ["account": account, "region": request.caller.region, "name": name]
        guard let repository = try Repository.fetchOne(db, key: key) else {
            throw AWSError.repositoryNotFound(name, in: account)
        }
        return repository
    }

    func read(_ request: AWSRequest) async throws -> Repository {
        let name = try name(request)
        return try await store.read { db in try self.repository(name, request, in: db) }
    }

    /// Changes the repository that the request names, by `repositoryName` or `resourceArn`.
    @discardableResult
    func change(
        _ request: AWSRequest,
        _ change: @escaping @Sendable (inout Repository, Database) throws -> Void
    ) async throws -> Repository {
        let name = try name(request)
        return try await store.write { db in
            var repository = try self.repository(name, request, in: db)
            try change(&repository, db)
            return repository
        }
    }

    private func name(_ request: AWSRequest) throws -> String {
        guard let text = request.string("resourceArn") else { return try request.requiredString("repositoryName") }
        guard let arn = ARN(text), arn.service == "ecr", arn.resource.hasPrefix("repository/") else {
            throw AWSError.invalidParameter(
                "Invalid parameter at 'resourceArn' failed to satisfy constraint: 'Invalid ARN'"
            )
        }
        return String(arn.resource.dropFirst("repository/".count))
    }

    /// The registry and repository, and further members.
    func answer(_ repository: Repository, _ members: JSON.Object = [:]) -> AWSResponse {
        let names: JSON.Object = [
            "registryId": .string(repository.account), "repositoryName": .string(repository.name),
        ]
        return AWSResponse(names.merging(members))
    }
}

extension RepositoryAddress {
    /// Whether there is no image.
    func isEmpty(in db: Database) throws -> Bool {
        try Bool.fetchOne(
            db,
            sql: "SELECT NOT EXISTS (SELECT 1 FROM ecr_images WHERE account = ? AND region = ? AND repository = ?)",
            arguments: arguments
        ) ?? true
    }

    /// Removes what the repository has: images, tags and layers. Uploads under way are given up when they are looked for.
    func removeAll(in db: Database) throws {
        for table in ["ecr_images", "ecr_tags", "ecr_references", "ecr_layers"] {
            try db.execute(
                sql: "DELETE FROM \(table) WHERE account = ? AND region = ? AND repository = ?",
                arguments: arguments
            )
        }
        let (preview, scans) = (RegistryDocumentKind.lifecyclePreview.rawValue, RegistryDocumentKind.imageScan.rawValue)
        try db.execute(
            sql: """
                DELETE FROM ecr_documents WHERE account = ? AND region = ?
                    AND (kind = ? AND name = ? OR kind = ? AND name LIKE ? || '@%')
                """,
            arguments: [account, region, preview, name, scans, name]
        )
        // Too old to be kept: the next collection removes their bytes.
        try db.execute(
            sql: "UPDATE ecr_uploads SET touched = 0 WHERE account = ? AND region = ? AND repository = ?",
            arguments: arguments
        )
    }
}

/// A page of a list; its token is the place of the next item.
struct Page<Item: Sendable>: Sendable {
    var items: [Item]
    var next: JSON?

    init(_ all: [Item], for request: AWSRequest) throws(AWSError) {
        var start = 0
        if let token = request.string("nextToken") {
            guard let place = Int(token), all.indices.contains(place) else {
                throw .invalidParameter(
                    "Invalid parameter at 'nextToken' failed to satisfy constraint: 'Invalid token'"
                )
            }
            start = place
        }
        let end = min(all.count, start + (request.integer("maxResults") ?? 100))
        items = Array(all[start..<end])
        next = end < all.count ? .string(String(end)) : nil
    }
}
