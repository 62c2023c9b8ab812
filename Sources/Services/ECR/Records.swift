import AWSProtocol
import GRDB
import JSON
public import Store

extension ECRService {
    /// The tables of ECR.
    public static let migrations: [Migration] = [
        Migration(
            "ecr",
            1,
            """
            CREATE TABLE ecr_repositories (
                account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL, created INTEGER NOT NULL,
                tagMutability TEXT NOT NULL, scanOnPush INTEGER NOT NULL, encryptionType TEXT NOT NULL, kmsKey TEXT,
                tags TEXT NOT NULL, policy TEXT, lifecyclePolicy TEXT, lifecycleEvaluated INTEGER,
                PRIMARY KEY (account, region, name)
            ) WITHOUT ROWID;
            CREATE TABLE ecr_images (
                account TEXT NOT NULL, region TEXT NOT NULL, repository TEXT NOT NULL, digest TEXT NOT NULL,
                tags TEXT NOT NULL, manifest TEXT NOT NULL, mediaType TEXT NOT NULL, artifactType TEXT,
                size INTEGER NOT NULL, pushed INTEGER NOT NULL,
                PRIMARY KEY (account, region, repository, digest)
            ) WITHOUT ROWID;
            CREATE TABLE ecr_secrets (name TEXT NOT NULL PRIMARY KEY, value BLOB NOT NULL);
            """
        ),
        // Before this step no image could be pushed: the first table of images was always empty.
        Migration(
            "ecr",
            2,
            """
            DROP TABLE ecr_images;
            CREATE TABLE ecr_images (
                account TEXT NOT NULL, region TEXT NOT NULL, repository TEXT NOT NULL, digest TEXT NOT NULL,
                manifest TEXT NOT NULL, mediaType TEXT NOT NULL, artifactType TEXT, subject TEXT,
                size INTEGER NOT NULL, pushed INTEGER NOT NULL, pulled INTEGER, status TEXT NOT NULL,
                archived INTEGER, activated INTEGER,
                PRIMARY KEY (account, region, repository, digest)
            );
            CREATE INDEX ecr_images_subject ON ecr_images (account, region, repository, subject)
                WHERE subject IS NOT NULL;
            CREATE TABLE ecr_tags (
                account TEXT NOT NULL, region TEXT NOT NULL, repository TEXT NOT NULL, tag TEXT NOT NULL,
                digest TEXT NOT NULL,
                PRIMARY KEY (account, region, repository, tag)
            ) WITHOUT ROWID;
            CREATE INDEX ecr_tags_digest ON ecr_tags (account, region, repository, digest);
            CREATE TABLE ecr_references (
                account TEXT NOT NULL, region TEXT NOT NULL, repository TEXT NOT NULL, image TEXT NOT NULL,
                digest TEXT NOT NULL, mediaType TEXT NOT NULL, isImage INTEGER NOT NULL,
                PRIMARY KEY (account, region, repository, image, digest)
            ) WITHOUT ROWID;
            CREATE INDEX ecr_references_digest ON ecr_references (account, region, repository, digest);
            CREATE TABLE ecr_layers (
                account TEXT NOT NULL, region TEXT NOT NULL, repository TEXT NOT NULL, digest TEXT NOT NULL,
                stored INTEGER NOT NULL,
                PRIMARY KEY (account, region, repository, digest)
            ) WITHOUT ROWID;
            CREATE INDEX ecr_layers_digest ON ecr_layers (digest);
            CREATE TABLE ecr_blobs (
                digest TEXT NOT NULL PRIMARY KEY, blob TEXT NOT NULL, size INTEGER NOT NULL
            ) WITHOUT ROWID;
            CREATE TABLE ecr_uploads (
                id TEXT NOT NULL PRIMARY KEY, account TEXT NOT NULL, region TEXT NOT NULL, repository TEXT NOT NULL,
                touched INTEGER NOT NULL, blob TEXT, size INTEGER NOT NULL
            ) WITHOUT ROWID;
            """
        ),
        Migration(
            "ecr",
            3,
            """
            ALTER TABLE ecr_repositories ADD COLUMN tagExclusions TEXT NOT NULL DEFAULT '[]';
            CREATE TABLE ecr_documents (
                account TEXT NOT NULL, region TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,
                value TEXT NOT NULL, created INTEGER NOT NULL, updated INTEGER NOT NULL,
                PRIMARY KEY (account, region, kind, name)
            ) WITHOUT ROWID;
            """
        ),
    ]

    /// The files that rows name: stored layers, and those under way.
    static let blobReferences = BlobReferences(sql: "SELECT blob FROM ecr_blobs UNION SELECT blob FROM ecr_uploads")
}

/// Where a repository is: its registry, which is an account's in a region, and its name there.
struct RepositoryAddress: Sendable, Hashable {
    var account: String
    var region: String
    var name: String

    /// The first three columns of every table below a repository.
    var arguments: StatementArguments { [account, region, name] }
}

/// Times are milliseconds since 1970.
struct Repository: Codable, FetchableRecord, PersistableRecord {
    struct Tag: Codable {
        var key: String
        var value: String

        /// Those of a request's list of `Key` and `Value`.
        static func list(_ member: JSON?) -> [Tag] {
            (member?.arrayValue ?? []).compactMap { tag in
                tag["Key"]?.stringValue.map { Tag(key: $0, value: tag["Value"]?.stringValue ?? "") }
            }
        }
    }

    static let databaseTableName = "ecr_repositories"

    var account: String
    var region: String
    var name: String
    var created: Int
    var tagMutability: String
    /// Patterns of the tags to which the mutability does not apply.
    var tagExclusions: [String]
    var scanOnPush: Bool
    var encryptionType: String
    var kmsKey: String?
    var tags: [Tag]
    var policy: String?
    var lifecyclePolicy: String?
    var lifecycleEvaluated: Int?

    /// A repository with AWS's defaults.
    init(_ address: RepositoryAddress, created: Int) {
        account = address.account
        region = address.region
        name = address.name
        self.created = created
        tagMutability = "MUTABLE"
        tagExclusions = []
        scanOnPush = false
        encryptionType = "AES256"
        tags = []
    }

    var arn: String { "arn:aws:ecr:\(region):\(account):repository/\(name)" }
    var uri: String { "\(account).dkr.ecr.\(region).amazonaws.com/\(name)" }
    var address: RepositoryAddress { RepositoryAddress(account: account, region: region, name: name) }

    var json: JSON {
        .compact([
            "repositoryArn": .string(arn),
            "registryId": .string(account),
            "repositoryName": .string(name),
            "repositoryUri": .string(uri),
            "createdAt": Timestamp(milliseconds: created).json,
            "imageTagMutability": .string(tagMutability),
            "imageTagMutabilityExclusionFilters": mutability.filters,
            "imageScanningConfiguration": ["scanOnPush": .bool(scanOnPush)],
            "encryptionConfiguration": .compact([
                "encryptionType": .string(encryptionType), "kmsKey": kmsKey.map { .string($0) },
            ]),
        ])
    }
}

/// A manifest that was pushed.
struct Image: Codable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "ecr_images"

    /// Whether the image can be pulled.
    enum Status: String, Codable {
        case active = "ACTIVE"
        case archived = "ARCHIVED"
    }

    var account: String
    var region: String
    var repository: String
    /// `sha256:…`
    var digest: String
    /// To the byte as it was pushed.
    var manifest: String
    var mediaType: String
    var artifactType: String?
    /// The digest of the image that this one says something about.
    var subject: String?
    /// Bytes of all layers; of an index, of its largest image.
    var size: Int
    var pushed: Int
    var pulled: Int?
    var status: Status
    var archived: Int?
    var activated: Int?

    var address: RepositoryAddress { RepositoryAddress(account: account, region: region, name: repository) }
    var isIndex: Bool { mediaType == Manifest.MediaType.index || mediaType == Manifest.MediaType.dockerList }
}

/// An image with the tags that point at it.
struct TaggedImage: Sendable {
    var image: Image
    /// In alphabetical order.
    var tags: [String]

    func isMeant(by id: ImageID) -> Bool {
        (id.digest ?? image.digest) == image.digest && (id.tag.map(tags.contains) ?? true)
    }
}

/// How a request names an image: by digest, by tag, or both.
struct ImageID: Sendable, CustomStringConvertible {
    var digest: String?
    var tag: String?

    init(digest: String? = nil, tag: String? = nil) {
        self.digest = digest
        self.tag = tag
    }

    init(_ member: JSON) { self.init(digest: member["imageDigest"]?.stringValue, tag: member["imageTag"]?.stringValue) }

    var json: JSON {
        .compact(["imageDigest": digest.map { .string($0) }, "imageTag": tag.map { .string($0) }])
    }

    var description: String { "{imageDigest:'\(digest ?? "null")', imageTag:'\(tag ?? "null")'}" }
}
