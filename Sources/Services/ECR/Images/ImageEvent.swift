import AWSProtocol
import GRDB
import JSON
import Store

/// `ECR Image Action`
/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html>
extension ServiceEvents {
    enum ImageAction: String {
        case push = "PUSH"
        case delete = "DELETE"
    }

    /// Tells of each of an image's tags that it was deleted with the image.
    func tell(deleted image: TaggedImage, in repository: RepositoryAddress, at now: Timestamp, _ db: Database) throws {
        let tags: [String?] = image.tags.isEmpty ? [nil] : image.tags
        for tag in tags { try tell(.delete, image.image.digest, tag: tag, in: repository, at: now, db) }
    }

    /// Tells that an image, or one of its tags, was pushed or deleted.
    func tell(
        _ action: ImageAction,
        _ digest: String,
        tag: String?,
        in repository: RepositoryAddress,
        at now: Timestamp,
        _ db: Database
    ) throws {
        let origin = ServiceEvent.Origin("aws.ecr", account: repository.account, region: repository.region)
        try tell("ECR Image Action", from: origin, about: [], at: now, in: db) {
            .compact([
                "result": "SUCCESS",
                "repository-name": .string(repository.name),
                "image-digest": .string(digest),
                "action-type": .string(action.rawValue),
                "image-tag": tag.map { .string($0) },
            ])
        }
    }
}
