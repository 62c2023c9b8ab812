import AWSProtocol
import GRDB
import JSON
import Store

/// Copying pushed images to registries of other regions and accounts of the yard. Layers are not copied: all registries
/// share them.
extension ECRService {
    private static let empty: JSON = ["rules": []]

    func putReplicationConfiguration(_ request: AWSRequest) async throws -> AWSResponse {
        let scope = RegistryScope(request)
        let configuration = request["replicationConfiguration"] ?? Self.empty
        for destination in Replication(configuration).rules.flatMap(\.destinations) where destination == scope {
            throw AWSError.invalidParameter(
                "Invalid parameter at 'replicationConfiguration' failed to satisfy constraint: 'Replication destination "
                    + "cannot be the same as the source registry'"
            )
        }
        let now = clock.now()
        try await store.write { db in try scope.put(.replication, "", configuration, at: now, in: db) }
        return AWSResponse(["replicationConfiguration": configuration])
    }

    func describeRegistry(_ request: AWSRequest) async throws -> AWSResponse {
        let scope = RegistryScope(request)
        let configuration = try await store.read { db in try scope.document(.replication, in: db)?.value }
        return AWSResponse([
            "registryId": .string(scope.account), "replicationConfiguration": configuration ?? Self.empty,
        ])
    }

    func describeImageReplicationStatus(_ request: AWSRequest) async throws -> AWSResponse {
        let id = ImageID(request["imageId"] ?? .null)
        let name = try request.requiredString("repositoryName")
        return try await store.read { db in
            let repository = try self.repository(name, request, in: db)
            let image = try self.requiredImage(id, of: repository, in: db).image
            let configuration = try repository.scope.document(.replication, in: db)?.value ?? Self.empty
            let statuses = try Replication(configuration).destinations(of: name).map { destination -> JSON in
                let copy = RepositoryAddress(account: destination.account, region: destination.region, name: name)
                let isThere = try Image.exists(db, key: copy.imageKey(image.digest))
                return .compact([
                    "region": .string(destination.region), "registryId": .string(destination.account),
                    "status": isThere ? "COMPLETE" : "FAILED", "failureCode": isThere ? nil : "AccessDenied",
                ])
            }
            return AWSResponse([
                "repositoryName": .string(name), "imageId": ImageID(digest: image.digest, tag: id.tag).json,
                "replicationStatuses": .array(statuses),
            ])
        }
    }
}

/// A registry's replication rules.
struct Replication {
    struct Rule {
        var destinations: [RegistryScope]
        /// Of repositories; none for all.
        var prefixes: [String]
    }

    var rules: [Rule]

    init(_ configuration: JSON) {
        rules = (configuration["rules"]?.arrayValue ?? []).map { rule in
            Rule(
                destinations: (rule["destinations"]?.arrayValue ?? []).map {
                    RegistryScope(
                        account: $0["registryId"]?.stringValue ?? "",
                        region: $0["region"]?.stringValue ?? ""
                    )
                },
                prefixes: (rule["repositoryFilters"]?.arrayValue ?? []).compactMap { $0["filter"]?.stringValue }
            )
        }
    }

    /// Where images of that repository go.
    func destinations(of name: String) -> [RegistryScope] {
        rules.filter { $0.prefixes.isEmpty || $0.prefixes.contains(where: name.hasPrefix) }.flatMap(\.destinations)
    }

    /// Copies an image that was just pushed, with its tag, to where the registry's rules want it.
    static func replicate(
        _ digest: String,
        tag: String?,
        from source: RepositoryAddress,
        at now: Timestamp,
        in db: Database
    ) throws {
        guard let configuration = try source.scope.document(.replication, in: db)?.value else { return }
        for destination in Replication(configuration).destinations(of: source.name) {
            guard try destination.allowsReplication(from: source.account, in: db) else { continue }
            let copy = RepositoryAddress(account: destination.account, region: destination.region, name: source.name)
            let repository =
                try Repository.fetchOne(db, key: copy.key)
                ?? CreationTemplate.makeRepository(copy, for: .replication, at: now, in: db)
            try source.copyImage(digest, to: copy, at: now, in: db)
            if let tag, try copy.digest(tagged: tag, in: db) == nil || !repository.isImmutable(tag) {
                try copy.point(tag, at: digest, in: db)
            }
        }
    }
}

extension RepositoryAddress {
    var key: [String: String] { ["account": account, "region": region, "name": name] }

    /// Gives another repository an image that this one has, with everything that it names.
    func copyImage(_ digest: String, to target: RepositoryAddress, at now: Timestamp, in db: Database) throws {
        guard var image = try Image.fetchOne(db, key: imageKey(digest)),
            try !Image.exists(db, key: target.imageKey(digest))
        else { return }
        let references = try Row.fetchAll(
            db,
            sql: """
                SELECT digest, mediaType, isImage FROM ecr_references
                WHERE account = ? AND region = ? AND repository = ? AND image = ?
                """,
            arguments: arguments + [digest]
        )
        for reference in references {
            if reference[2] {
                try copyImage(reference[0], to: target, at: now, in: db)
            } else {
                try ECRService.link(reference[0], to: target, at: now.milliseconds, in: db)
            }
            try target.refer(from: digest, to: reference[0], reference[1], isImage: reference[2], in: db)
        }
        image.account = target.account
        image.region = target.region
        image.repository = target.name
        image.pushed = now.milliseconds
        image.pulled = nil
        try image.insert(db)
    }

    /// Notes that an image names content or another image.
    func refer(from image: String, to digest: String, _ mediaType: String, isImage: Bool, in db: Database) throws {
        try db.execute(
            sql: """
                INSERT OR IGNORE INTO ecr_references (account, region, repository, image, digest, mediaType, isImage)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: arguments + [image, digest, mediaType, isImage]
        )
    }
}
