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
        )
    ]
}

/// Times are milliseconds since 1970.
struct Repository: Codable, FetchableRecord, PersistableRecord {
    struct Tag: Codable {
        var key: String
        var value: String
    }

    static let databaseTableName = "ecr_repositories"

    var account: String
    var region: String
    var name: String
    var created: Int
    var tagMutability: String
    var scanOnPush: Bool
    var encryptionType: String
    var kmsKey: String?
    var tags: [Tag]
    var policy: String?
    var lifecyclePolicy: String?
    var lifecycleEvaluated: Int?

    var arn: String { "arn:aws:ecr:\(region):\(account):repository/\(name)" }
    var uri: String { "\(account).dkr.ecr.\(region).amazonaws.com/\(name)" }

    var json: JSON {
        .compact([
            "repositoryArn": .string(arn),
            "registryId": .string(account),
            "repositoryName": .string(name),
            "repositoryUri": .string(uri),
            "createdAt": Timestamp(milliseconds: created).json,
            "imageTagMutability": .string(tagMutability),
            "imageScanningConfiguration": ["scanOnPush": .bool(scanOnPush)],
            "encryptionConfiguration": .compact([
                "encryptionType": .string(encryptionType), "kmsKey": kmsKey.map { .string($0) },
            ]),
        ])
    }
}

/// A manifest that was pushed, with the tags that point at it.
struct Image: Codable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "ecr_images"

    var account: String
    var region: String
    var repository: String
    /// `sha256:…`
    var digest: String
    var tags: [String]
    var manifest: String
    var mediaType: String
    var artifactType: String?
    /// Bytes of all layers.
    var size: Int
    var pushed: Int

    func isMeant(by id: ImageID) -> Bool {
        (id.digest ?? digest) == digest && (id.tag.map(tags.contains) ?? true)
    }
}

/// How a request names an image: by digest, by tag, or both.
struct ImageID: CustomStringConvertible {
    var digest: String?
    var tag: String?

    init(_ member: JSON) {
        digest = member["imageDigest"]?.stringValue
        tag = member["imageTag"]?.stringValue
    }

    var json: JSON {
        .compact(["imageDigest": digest.map { .string($0) }, "imageTag": tag.map { .string($0) }])
    }

    var description: String { "{imageDigest:'\(digest ?? "null")', imageTag:'\(tag ?? "null")'}" }
}
