import AWSProtocol
import GRDB
import JSON
import Store

/// Which images are to be signed when they are pushed, and which pulls do not count. Both are kept and described; the yard
/// signs nothing, and says so of each image.
extension ECRService {
    func putSigningConfiguration(_ request: AWSRequest) async throws -> AWSResponse {
        let configuration = request["signingConfiguration"] ?? .null
        let scope = RegistryScope(request)
        let now = clock.now()
        try await store.write { db in try scope.put(.signing, "", configuration, at: now, in: db) }
        return AWSResponse(["signingConfiguration": configuration])
    }

    func getSigningConfiguration(_ request: AWSRequest) async throws -> AWSResponse {
        let scope = RegistryScope(request)
        let configuration = try await store.read { db in try scope.requiredSigning(in: db) }
        return AWSResponse(["registryId": .string(scope.account), "signingConfiguration": configuration])
    }

    func deleteSigningConfiguration(_ request: AWSRequest) async throws -> AWSResponse {
        let scope = RegistryScope(request)
        let configuration = try await store.write { db in
            let configuration = try scope.requiredSigning(in: db)
            try scope.remove(.signing, in: db)
            return configuration
        }
        return AWSResponse(["registryId": .string(scope.account), "signingConfiguration": configuration])
    }

    func describeImageSigningStatus(_ request: AWSRequest) async throws -> AWSResponse {
        let id = ImageID(request["imageId"] ?? .null)
        let name = try request.requiredString("repositoryName")
        return try await store.read { db in
            let repository = try self.repository(name, request, in: db)
            let image = try self.requiredImage(id, of: repository, in: db).image
            let rules = try repository.scope.document(.signing, in: db)?.value["rules"]?.arrayValue ?? []
            let statuses = rules.filter { rule in
                let filters = rule["repositoryFilters"]?.arrayValue?.compactMap { $0["filter"]?.stringValue } ?? []
                return filters.isEmpty || filters.contains { WildcardPattern($0).matches(name) }
            }.map { rule in
                JSON.compact([
                    "signingProfileArn": rule["signingProfileArn"], "status": "FAILED",
                    "failureCode": "SIGNER_NOT_AVAILABLE",
                    "failureReason": "The yard has no AWS Signer. Sign the image with notation or cosign.",
                ])
            }
            return AWSResponse([
                "registryId": .string(repository.account), "repositoryName": .string(name),
                "imageId": ImageID(digest: image.digest, tag: id.tag).json, "signingStatuses": .array(statuses),
            ])
        }
    }

    // MARK: Pull time exclusions

    func registerPullTimeUpdateExclusion(_ request: AWSRequest) async throws -> AWSResponse {
        let principal = try request.requiredString("principalArn")
        let scope = RegistryScope(request)
        let now = clock.now()
        try await store.write { db in
            guard try scope.document(.pullTimeExclusion, principal, in: db) == nil else {
                throw AWSError(
                    "ExclusionAlreadyExistsException",
                    "The pull time update exclusion for '\(principal)' already exists."
                )
            }
            try scope.put(.pullTimeExclusion, principal, .null, at: now, in: db)
        }
        return AWSResponse(["principalArn": .string(principal), "createdAt": now.json])
    }

    func deregisterPullTimeUpdateExclusion(_ request: AWSRequest) async throws -> AWSResponse {
        let principal = try request.requiredString("principalArn")
        let scope = RegistryScope(request)
        try await store.write { db in
            guard try scope.document(.pullTimeExclusion, principal, in: db) != nil else {
                throw AWSError(
                    "ExclusionNotFoundException",
                    "The pull time update exclusion for '\(principal)' does not exist."
                )
            }
            try scope.remove(.pullTimeExclusion, principal, in: db)
        }
        return AWSResponse(["principalArn": .string(principal)])
    }

    func listPullTimeUpdateExclusions(_ request: AWSRequest) async throws -> AWSResponse {
        let scope = RegistryScope(request)
        let names = try await store.read { db in try scope.documents(.pullTimeExclusion, in: db).map(\.name) }
        let page = try Page(names, for: request)
        return .output([
            "pullTimeUpdateExclusions": .array(page.items.map { .string($0) }), "nextToken": page.next,
        ])
    }
}

extension RegistryScope {
    fileprivate func requiredSigning(in db: Database) throws -> JSON {
        guard let configuration = try document(.signing, in: db) else {
            throw AWSError(
                "SigningConfigurationNotFoundException",
                "Signing configuration does not exist in the registry with id '\(account)'"
            )
        }
        return configuration.value
    }
}
