import AWSProtocol
import Compute
import JSON
import Logging

/// Takes in the images that functions name: they must be in the yard's registry.
struct FunctionImages: Sendable {
    let host: ComputeHost
    let logger: Logger

    /// Finds out which image a request's code members mean, and begins to bring it in.
    /// - Throws: `InvalidParameterValueException` in AWS's words.
    func receive(_ code: JSON.Object) async throws -> ReceivedCode {
        guard let uri = code["ImageUri"]?.stringValue else {
            throw AWSError.invalidParameter("Source image is required. Provide a valid source image.")
        }
        guard uri.contains(".dkr.ecr") else {
            throw AWSError.invalidParameter("Source image \(uri) is not valid. Provide a valid source image.")
        }
        let image: ContainerImage?
        do {
            image = try await host.image(named: uri)
        } catch let error as ContainerError where error.code == .unsupported {
            logger.info("A function's image is refused", metadata: ["reason": "\(error)"])
            throw AWSError.invalidParameter(
                "The image manifest, config or layer media type for the source image \(uri) is not supported."
            )
        }
        guard let image else {
            throw AWSError.invalidParameter("Source image \(uri) does not exist. Provide a valid source image.")
        }
        let function = FunctionImage(uri: uri, digest: image.digest)
        bringIn(function)
        return ReceivedCode(
            code: .image(function),
            size: 0,
            sha256: String(image.digest.dropFirst("sha256:".count))
        )
    }

    /// The first call need not wait for what can be done before.
    private func bringIn(_ image: FunctionImage) {
        Task {
            do {
                try await host.place(for: image.resolvedURI).prepare()
            } catch {
                logger.info("The image \(image.uri) is not ready yet", metadata: ["reason": "\(error)"])
            }
        }
    }
}
