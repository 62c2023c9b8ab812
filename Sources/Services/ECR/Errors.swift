import AWSProtocol
import JSON

/// ECR's errors in ECR's words.
extension AWSError {
    static func repositoryNotFound(_ name: String, in registry: String) -> AWSError {
        AWSError(
            "RepositoryNotFoundException",
            "The repository with name '\(name)' does not exist in the registry with id '\(registry)'"
        )
    }

    static func repositoryAlreadyExists(_ name: String, in registry: String) -> AWSError {
        AWSError(
            "RepositoryAlreadyExistsException",
            "The repository with name '\(name)' already exists in the registry with id '\(registry)'"
        )
    }

    static func repositoryNotEmpty(_ name: String, in registry: String) -> AWSError {
        AWSError(
            "RepositoryNotEmptyException",
            "The repository with name '\(name)' in registry with id '\(registry)' cannot be deleted because it still "
                + "contains images"
        )
    }

    static func policyNotFound(_ kind: String, _ name: String, in registry: String) -> AWSError {
        AWSError(
            "\(kind)PolicyNotFoundException",
            "\(kind) policy does not exist for the repository with name '\(name)' in the registry with id '\(registry)'"
        )
    }

    static func invalidParameter(_ message: String) -> AWSError { AWSError("InvalidParameterException", message) }

    // MARK: Images

    static func imageNotFound(_ id: ImageID, _ name: String, in registry: String) -> AWSError {
        AWSError(
            "ImageNotFoundException",
            "The image with imageId \(id) does not exist within the repository with name '\(name)' in the registry with "
                + "id '\(registry)'"
        )
    }

    static func imageAlreadyExists(_ digest: String, _ tag: String?, _ repository: Repository) -> AWSError {
        AWSError(
            "ImageAlreadyExistsException",
            "Image with digest '\(digest)' and tag '\(tag ?? "null")' already exists in the repository with name "
                + "'\(repository.name)' in registry with id '\(repository.account)'"
        )
    }

    static func imageTagAlreadyExists(_ tag: String, _ name: String) -> AWSError {
        AWSError(
            "ImageTagAlreadyExistsException",
            "The image tag '\(tag)' already exists in the '\(name)' repository and cannot be overwritten because the "
                + "repository is immutable."
        )
    }

    static let imageDigestDoesNotMatch = AWSError(
        "ImageDigestDoesNotMatchException",
        "The specified image digest does not match the digest that Amazon ECR calculated for the image."
    )

    static func layersNotFound(_ digests: [String], _ repository: Repository) -> AWSError {
        missing("LayersNotFoundException", "Layers", digests, repository)
    }

    static func referencedImagesNotFound(_ digests: [String], _ repository: Repository) -> AWSError {
        missing("ReferencedImagesNotFoundException", "Images", digests, repository)
    }

    private static func missing(
        _ code: String,
        _ things: String,
        _ digests: [String],
        _ repository: Repository
    ) -> AWSError {
        AWSError(
            code,
            "\(things) with digests '[\(digests.joined(separator: ", "))]' required for pushing image into repository with "
                + "name '\(repository.name)' in the registry with id '\(repository.account)' do not exist"
        )
    }

    // MARK: Layers

    static func layerNotFound(_ digest: String, _ repository: RepositoryAddress) -> AWSError {
        AWSError(
            "LayersNotFoundException",
            "Layer with digest '\(digest)' does not exist in the repository with name '\(repository.name)' in the registry "
                + "with id '\(repository.account)'"
        )
    }

    static func uploadNotFound(_ id: String, _ repository: RepositoryAddress?) -> AWSError {
        guard let repository else {
            return AWSError("UploadNotFoundException", "An upload with id '\(id)' could not be found")
        }
        return AWSError(
            "UploadNotFoundException",
            "An upload with id '\(id)' could not be found in the repository with name '\(repository.name)' in the registry "
                + "with id '\(repository.account)'"
        )
    }

    static func uploadInUse(_ id: String) -> AWSError {
        AWSError(
            "LimitExceededException",
            "Another request is sending to the upload with id '\(id)'. Send its parts one after another."
        )
    }

    static func digestMismatch(_ digest: String) -> AWSError {
        AWSError("InvalidLayerException", "The layer's bytes do not have the digest '\(digest)'. Upload them again.")
    }

    static let incompleteBody = AWSError(
        "InvalidLayerPartException",
        "Fewer bytes came than the Content-Length header says."
    )
}
