import AWSProtocol

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

    static func imageNotFound(_ id: ImageID, _ name: String, in registry: String) -> AWSError {
        AWSError(
            "ImageNotFoundException",
            "The image with imageId \(id) does not exist within the repository with name '\(name)' in the registry with "
                + "id '\(registry)'"
        )
    }

    static func policyNotFound(_ kind: String, _ name: String, in registry: String) -> AWSError {
        AWSError(
            "\(kind)PolicyNotFoundException",
            "\(kind) policy does not exist for the repository with name '\(name)' in the registry with id '\(registry)'"
        )
    }

    static func invalidParameter(_ message: String) -> AWSError { AWSError("InvalidParameterException", message) }
}
