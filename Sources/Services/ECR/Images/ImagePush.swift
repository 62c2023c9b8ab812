import AWSProtocol
import GRDB
import JSON

/// A manifest on its way into a repository, through `PutImage` or a registry client's PUT: the rules are the same.
struct ImagePush: Sendable {
    var manifest: Manifest
    var tag: String?
    var moment: Timestamp

    /// Stores the manifest and points the tag at it. An archived image that is pushed again is restored.
    /// - Throws: `LayersNotFoundException`, `ReferencedImagesNotFoundException`, `ImageTagAlreadyExistsException`.
    /// - Returns: Whether anything has changed: the same manifest may have had that tag before.
    func perform(in repository: Repository, _ db: Database) throws -> Bool {
        try requireContent(of: repository, in: db)
        let address = repository.address
        let digest = manifest.digest
        let isKnown = try Image.exists(db, key: address.imageKey(digest))
        let tagged = try tag.flatMap { try address.digest(tagged: $0, in: db) }
        if let tag, let tagged, repository.isImmutable(tag) {
            guard tagged != digest else { return false }
            throw AWSError.imageTagAlreadyExists(tag, repository.name)
        }
        let isArchived = try Image.fetchOne(db, key: address.imageKey(digest))?.status == .archived
        if isKnown, !isArchived, tag == nil || tagged == digest { return false }
        if isArchived { try address.setStatus(.active, of: digest, at: moment, in: db) }
        if !isKnown { try insert(into: repository, db) }
        if let tag { try address.point(tag, at: digest, in: db) }
        try Replication.replicate(digest, tag: tag, from: address, at: moment, in: db)
        return true
    }

    private func requireContent(of repository: Repository, in db: Database) throws {
        let blobs = try missing(Set(manifest.blobs.map(\.digest)), from: "ecr_layers", repository.address, db)
        guard blobs.isEmpty else { throw AWSError.layersNotFound(blobs, repository) }
        let images = try missing(Set(manifest.images.map(\.digest)), from: "ecr_images", repository.address, db)
        guard images.isEmpty else { throw AWSError.referencedImagesNotFound(images, repository) }
    }

    private func missing(
        _ digests: Set<String>,
        from table: String,
        _ address: RepositoryAddress,
        _ db: Database
    ) throws -> [String] {
        let select = try db.cachedStatement(
            sql:
                "SELECT EXISTS (SELECT 1 FROM \(table) WHERE account = ? AND region = ? AND repository = ? AND digest = ?)"
        )
        return try digests.sorted().filter {
            try Bool.fetchOne(select, arguments: address.arguments + [$0]) == false
        }
    }

    private func insert(into repository: Repository, _ db: Database) throws {
        let address = repository.address
        try Image(
            account: address.account,
            region: address.region,
            repository: address.name,
            digest: manifest.digest,
            manifest: manifest.text,
            mediaType: manifest.mediaType,
            artifactType: manifest.artifactType,
            subject: manifest.subject,
            size: try size(in: address, db),
            pushed: moment.milliseconds,
            status: .active
        ).insert(db)
        for (descriptors, isImage) in [(manifest.blobs, false), (manifest.images, true)] {
            for descriptor in descriptors {
                try address.refer(
                    from: manifest.digest,
                    to: descriptor.digest,
                    descriptor.mediaType,
                    isImage: isImage,
                    in: db
                )
            }
        }
        let rules = ScanningRules(try address.scope.document(.scanning, in: db)?.value ?? [:])
        if !manifest.isIndex, rules.scansOnPush(repository) {
            try address.noteScan(of: manifest.digest, at: moment, in: db)
        }
    }

    private func size(in address: RepositoryAddress, _ db: Database) throws -> Int {
        guard manifest.isIndex else { return manifest.layers.reduce(0) { $0 + $1.size } }
        return try manifest.images.map {
            try Image.fetchOne(db, key: address.imageKey($0.digest))?.size ?? 0
        }.max() ?? 0
    }
}

extension RepositoryAddress {
    func imageKey(_ digest: String) -> [String: String] {
        ["account": account, "region": region, "repository": name, "digest": digest]
    }

    /// The digest that the tag points at.
    func digest(tagged tag: String, in db: Database) throws -> String? {
        try String.fetchOne(
            db,
            sql: "SELECT digest FROM ecr_tags WHERE account = ? AND region = ? AND repository = ? AND tag = ?",
            arguments: arguments + [tag]
        )
    }

    /// Points the tag at an image, whatever it pointed at before.
    func point(_ tag: String, at digest: String, in db: Database) throws {
        try db.execute(
            sql: """
                INSERT INTO ecr_tags (account, region, repository, tag, digest) VALUES (?, ?, ?, ?, ?)
                ON CONFLICT DO UPDATE SET digest = excluded.digest
                """,
            arguments: arguments + [tag, digest]
        )
    }

    func removeTag(_ tag: String, in db: Database) throws {
        try db.execute(
            sql: "DELETE FROM ecr_tags WHERE account = ? AND region = ? AND repository = ? AND tag = ?",
            arguments: arguments + [tag]
        )
    }

    /// The indexes that name the image.
    func indexes(naming digest: String, in db: Database) throws -> [String] {
        try String.fetchAll(
            db,
            sql: """
                SELECT image FROM ecr_references
                WHERE account = ? AND region = ? AND repository = ? AND digest = ? AND isImage = 1
                """,
            arguments: arguments + [digest]
        )
    }

    /// Removes an image with its tags. Its layers stay until they are collected.
    func removeImage(_ digest: String, in db: Database) throws {
        for (table, column) in [("ecr_images", "digest"), ("ecr_tags", "digest"), ("ecr_references", "image")] {
            try db.execute(
                sql: "DELETE FROM \(table) WHERE account = ? AND region = ? AND repository = ? AND \(column) = ?",
                arguments: arguments + [digest]
            )
        }
    }
}
