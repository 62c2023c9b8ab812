import AWSProtocol
import GRDB
import JSON
import NIOCore
import Store

/// Layers through ECR's own API, as its clients without a registry client use it.
extension ECRService {
    private static let partSize = 10 << 20
    private static let smallestPart = 5 << 20

    func batchCheckLayerAvailability(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("repositoryName")
        let digests = request.strings("layerDigests")
        for digest in digests { relied.note(digest, until: clock.now() + LayerCollection.grace) }
        return try await store.read { db in
            let address = try self.repository(name, request, in: db).address
            var layers: [JSON] = []
            var failures: [JSON] = []
            for digest in digests {
                guard Digest(digest) != nil else {
                    failures.append([
                        "layerDigest": .string(digest), "failureCode": "InvalidLayerDigest",
                        "failureReason": "The layer digest is not valid.",
                    ])
                    continue
                }
                let layer = try self.layer(digest, of: address, in: db)
                layers.append(
                    .compact([
                        "layerDigest": .string(digest),
                        "layerAvailability": layer == nil ? "UNAVAILABLE" : "AVAILABLE",
                        "layerSize": layer.map { .integer($0.size) },
                        "mediaType": try layer.flatMap { _ in try address.mediaType(of: digest, in: db) }.map {
                            .string($0)
                        },
                    ])
                )
            }
            return AWSResponse(["layers": .array(layers), "failures": .array(failures)])
        }
    }

    /// A URL that whoever has it can read the layer from, for an hour.
    func getDownloadURLForLayer(_ request: AWSRequest) async throws -> AWSResponse {
        let digest = try request.requiredString("layerDigest")
        let address = try await read(request).address
        let layer = try await reliedLayer(digest, of: address)
        let ticket = LayerTicket(
            repository: address,
            digest: layer.digest,
            expiration: clock.now() + LayerTicket.lifetime
        )
        let path = "/v2/_layers/" + ticket.text(sealedWith: try await passwordKey())
        return AWSResponse(["downloadUrl": .string(endpoint() + path), "layerDigest": .string(digest)])
    }

    func initiateLayerUpload(_ request: AWSRequest) async throws -> AWSResponse {
        let upload = try await uploads.begin(in: try await read(request).address)
        return AWSResponse(["uploadId": .string(upload.id), "partSize": .integer(Self.partSize)])
    }

    func uploadLayerPart(_ request: AWSRequest) async throws -> AWSResponse {
        let repository = try await read(request)
        let id = try request.requiredString("uploadId")
        let bytes = request.string("layerPartBlob").flatMap(Base64.decode) ?? []
        let (first, last) = (request.integer("partFirstByte") ?? 0, request.integer("partLastByte") ?? 0)
        var upload = try await uploads.take(id, of: repository.address)
        defer { uploads.give(back: upload) }
        guard first == upload.size, last - first + 1 == bytes.count else {
            throw AWSError(
                "InvalidLayerPartException",
                "The layer part's first byte must be \(upload.size), and its last byte agree with its size",
                fields: [
                    "registryId": .string(repository.account), "repositoryName": .string(repository.name),
                    "uploadId": .string(id), "lastValidByteReceived": .integer(upload.size - 1),
                ]
            )
        }
        try await uploads.append(Body(ByteBuffer(bytes: bytes)), to: &upload)
        upload.partSizes.append(bytes.count)
        return answer(
            repository,
            ["uploadId": .string(id), "lastByteReceived": .integer(upload.size - 1)]
        )
    }

    func completeLayerUpload(_ request: AWSRequest) async throws -> AWSResponse {
        let repository = try await read(request)
        let id = try request.requiredString("uploadId")
        guard let digest = request.strings("layerDigests").first.flatMap({ Digest($0) }) else {
            throw AWSError.invalidParameter(
                "Invalid parameter at 'layerDigests' failed to satisfy constraint: 'must be sha256: and 64 hexadecimal digits'"
            )
        }
        let upload = try await uploads.take(id, of: repository.address)
        do {
            try await check(upload, as: digest, in: repository)
        } catch {
            uploads.give(back: upload)
            throw error
        }
        _ = try await complete(upload, as: digest)
        return answer(repository, ["uploadId": .string(id), "layerDigest": .string(digest.description)])
    }

    private func check(_ upload: LayerUpload, as digest: Digest, in repository: Repository) async throws {
        let place = "the repository with name '\(repository.name)' in the registry with id '\(repository.account)'"
        guard upload.size > 0 else {
            throw AWSError("EmptyUploadException", "The upload with id '\(upload.id)' in \(place) has no layer parts")
        }
        if let small = upload.partSizes.dropLast().first(where: { $0 < Self.smallestPart }) {
            throw AWSError(
                "LayerPartTooSmallException",
                "Layer parts must be at least \(Self.smallestPart) bytes in size; one of them has \(small)"
            )
        }
        let isThere = try await store.read { db in
            try self.layer(digest.description, of: repository.address, in: db) != nil
        }
        if isThere {
            throw AWSError(
                "LayerAlreadyExistsException",
                "The layer with digest '\(digest)' already exists in \(place)"
            )
        }
    }
}

extension RepositoryAddress {
    /// As the images that have the layer say; nil where none has it yet.
    fileprivate func mediaType(of digest: String, in db: Database) throws -> String? {
        try String.fetchOne(
            db,
            sql: """
                SELECT mediaType FROM ecr_references WHERE account = ? AND region = ? AND repository = ? AND digest = ?
                LIMIT 1
                """,
            arguments: arguments + [digest]
        )
    }
}
