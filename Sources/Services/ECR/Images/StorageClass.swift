import AWSProtocol
import GRDB
import JSON
import Store

/// Archived images are kept and described, and cannot be pulled until they are restored.
/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/archive-image.html>
extension ECRService {
    func updateImageStorageClass(_ request: AWSRequest) async throws -> AWSResponse {
        let id = ImageID(request["imageId"] ?? .null)
        let name = try request.requiredString("repositoryName")
        let status: Image.Status = request.string("targetStorageClass") == "ARCHIVE" ? .archived : .active
        let now = clock.now()
        let (repository, image) = try await store.write { db in
            let repository = try self.repository(name, request, in: db)
            let image = try self.requiredImage(id, of: repository, in: db).image
            guard try repository.address.indexes(naming: image.digest, in: db).isEmpty else {
                throw AWSError(
                    "ImageStorageClassUpdateNotSupportedException",
                    "The image is referenced by a manifest list. Change the manifest list's storage class."
                )
            }
            if image.status != status { try repository.address.setStatus(status, of: image.digest, at: now, in: db) }
            return (repository, image)
        }
        return answer(
            repository,
            [
                "imageId": ImageID(digest: image.digest, tag: id.tag).json,
                "imageStatus": .string(status.rawValue),
            ]
        )
    }
}

extension RepositoryAddress {
    /// Archives or restores an image, and the images of an index with it.
    func setStatus(_ status: Image.Status, of digest: String, at now: Timestamp, in db: Database) throws {
        let column = status == .archived ? "archived" : "activated"
        try db.execute(
            sql: """
                UPDATE ecr_images SET status = ?, \(column) = ?
                WHERE account = ? AND region = ? AND repository = ? AND digest IN (
                    SELECT ? UNION SELECT digest FROM ecr_references
                    WHERE account = ? AND region = ? AND repository = ? AND image = ? AND isImage = 1)
                """,
            arguments: [
                status.rawValue, now.milliseconds, account, region, name, digest, account, region, name, digest,
            ]
        )
    }
}
