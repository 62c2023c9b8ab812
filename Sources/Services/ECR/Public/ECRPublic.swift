public import AWSProtocol
import GRDB
import JSON
import Store

/// Amazon ECR Public: an account's repositories of the public gallery.
///
/// They lie in ECR's own tables, in the account's registry of `us-east-1`, under the whole name by which everyone pulls
/// them: `public.ecr.aws/ALIAS/NAME`. So what this API makes is what registry clients push and jobs run.
/// <https://docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/Welcome.html>
public final class ECRPublicService: AWSService {
    public let name = "ecr-public"
    let ecr: ECRService

    /// - Parameter ecr: The service whose repositories these are.
    public init(_ ecr: ECRService) { self.ecr = ecr }

    public var operations: [String: OperationHandler] {
        var operations: [String: OperationHandler] = [
            "CreateRepository": createRepository,
            "DeleteRepository": deleteRepository,
            "DescribeImageTags": describeImageTags,
            "DescribeRegistries": describeRegistries,
            "DescribeRepositories": describeRepositories,
            "GetAuthorizationToken": getAuthorizationToken,
            "GetRegistryCatalogData": getRegistryCatalogData,
            "GetRepositoryCatalogData": getRepositoryCatalogData,
            "PutRegistryCatalogData": putRegistryCatalogData,
            "PutRepositoryCatalogData": putRepositoryCatalogData,
        ]
        for (name, handler) in ecr.operations where Self.shared.contains(name) {
            operations[name] = { request in
                try await PublicRegistry(of: request).answer(request, by: handler)
            }
        }
        return operations
    }

    /// What ECR does in the same way.
    private static let shared: Set = [
        "BatchCheckLayerAvailability", "BatchDeleteImage", "CompleteLayerUpload", "DeleteRepositoryPolicy",
        "DescribeImages", "GetRepositoryPolicy", "InitiateLayerUpload", "ListTagsForResource", "PutImage",
        "SetRepositoryPolicy", "TagResource", "UntagResource", "UploadLayerPart",
    ]

    // MARK: - Repositories

    func createRepository(_ request: AWSRequest) async throws -> AWSResponse {
        let registry = PublicRegistry(of: request)
        var plain = request
        let catalog = plain.input.removeValue(forKey: "catalogData")
        let answer = try await registry.answer(plain, by: ecr.createRepository)
        var output: JSON.Object = ["repository": registry.repository(answer.output["repository"])]
        if let catalog {
            let name = registry.qualified(try request.requiredString("repositoryName"))
            output["catalogData"] = try await keep(catalog, of: name, registry)
        }
        return AWSResponse(output)
    }

    func deleteRepository(_ request: AWSRequest) async throws -> AWSResponse {
        let registry = PublicRegistry(of: request)
        let answer = try await registry.answer(request, by: ecr.deleteRepository)
        let name = registry.qualified(try request.requiredString("repositoryName"))
        try await ecr.store.write { db in try registry.scope.remove(.repositoryCatalog, name, in: db) }
        return AWSResponse(["repository": registry.repository(answer.output["repository"])])
    }

    func describeRepositories(_ request: AWSRequest) async throws -> AWSResponse {
        let registry = PublicRegistry(of: request)
        let names = request.strings("repositoryNames")
        let repositories = try await ecr.store.read { db -> [Repository] in
            let all = try Repository.filter(
                Column("account") == registry.scope.account && Column("region") == registry.scope.region
            )
            .order(Column("name")).fetchAll(db).filter { $0.name.hasPrefix(registry.prefix) }
            guard !names.isEmpty else { return all }
            return try names.map { name in
                guard let found = all.first(where: { $0.name == registry.qualified(name) }) else {
                    throw AWSError.repositoryNotFound(name, in: registry.scope.account)
                }
                return found
            }
        }
        let page = try Page(repositories, for: request)
        return .output([
            "repositories": .array(page.items.map { registry.repository(registry.unqualified($0.json)) }),
            "nextToken": page.next,
        ])
    }

    func describeImageTags(_ request: AWSRequest) async throws -> AWSResponse {
        let registry = PublicRegistry(of: request)
        var whole = request
        whole.input["maxResults"] = 1000
        whole.input["nextToken"] = nil
        var details: [JSON] = []
        repeat {
            let answer = try await registry.answer(whole, by: ecr.describeImages).output
            details += answer["imageDetails"]?.arrayValue ?? []
            whole.input["nextToken"] = answer["nextToken"]
        } while whole.input["nextToken"] != nil
        let tags = details.flatMap { detail in
            (detail["imageTags"]?.arrayValue ?? []).map { tag -> JSON in
                .compact(["imageTag": tag, "createdAt": detail["imagePushedAt"], "imageDetail": detail])
            }
        }
        let page = try Page(
            tags.sorted { ($0["imageTag"]?.stringValue ?? "") < ($1["imageTag"]?.stringValue ?? "") },
            for: request
        )
        return .output(["imageTagDetails": .array(page.items), "nextToken": page.next])
    }

    // MARK: - The registry

    func getAuthorizationToken(_ request: AWSRequest) async throws -> AWSResponse {
        let answer = try await PublicRegistry(of: request).answer(request, by: ecr.getAuthorizationToken)
        let token = answer.output["authorizationData"]?[0]
        return AWSResponse([
            "authorizationData": .compact([
                "authorizationToken": token?["authorizationToken"], "expiresAt": token?["expiresAt"],
            ])
        ])
    }

    /// The account's one registry, with the alias that its images are pulled by.
    func describeRegistries(_ request: AWSRequest) async throws -> AWSResponse {
        let registry = PublicRegistry(of: request)
        let account = registry.scope.account
        return AWSResponse([
            "registries": [
                [
                    "registryId": .string(account),
                    "registryArn": .string("arn:aws:ecr-public::\(account):registry/\(account)"),
                    "registryUri": .string(String(registry.prefix.dropLast())),
                    "verified": false,
                    "aliases": [
                        [
                            "name": .string(registry.alias), "status": "ACTIVE", "primaryRegistryAlias": true,
                            "defaultRegistryAlias": true,
                        ]
                    ],
                ]
            ]
        ])
    }

    // MARK: - The catalog

    func getRegistryCatalogData(_ request: AWSRequest) async throws -> AWSResponse {
        let scope = PublicRegistry(of: request).scope
        let data = try await ecr.store.read { db in try scope.document(.registryCatalog, in: db)?.value }
        return AWSResponse(["registryCatalogData": data ?? [:]])
    }

    func putRegistryCatalogData(_ request: AWSRequest) async throws -> AWSResponse {
        let scope = PublicRegistry(of: request).scope
        let data: JSON = .compact(["displayName": request["displayName"]])
        let now = ecr.clock.now()
        try await ecr.store.write { db in try scope.put(.registryCatalog, "", data, at: now, in: db) }
        return AWSResponse(["registryCatalogData": data])
    }

    func getRepositoryCatalogData(_ request: AWSRequest) async throws -> AWSResponse {
        let registry = PublicRegistry(of: request)
        let name = try request.requiredString("repositoryName")
        let data = try await ecr.store.read { db -> JSON? in
            try self.requireRepository(name, registry, in: db)
            return try registry.scope.document(.repositoryCatalog, registry.qualified(name), in: db)?.value
        }
        guard let data else {
            throw AWSError(
                "RepositoryCatalogDataNotFoundException",
                "The catalog data does not exist for the repository with name '\(name)' in the registry with id "
                    + "'\(registry.scope.account)'"
            )
        }
        return AWSResponse(["catalogData": data])
    }

    func putRepositoryCatalogData(_ request: AWSRequest) async throws -> AWSResponse {
        let registry = PublicRegistry(of: request)
        let name = try request.requiredString("repositoryName")
        try await ecr.store.read { db in try self.requireRepository(name, registry, in: db) }
        let data = try await keep(request["catalogData"] ?? [:], of: registry.qualified(name), registry)
        return AWSResponse(["catalogData": data])
    }

    private func requireRepository(_ name: String, _ registry: PublicRegistry, in db: Database) throws {
        let (account, region) = (registry.scope.account, registry.scope.region)
        let key = ["account": account, "region": region, "name": registry.qualified(name)]
        guard try Repository.fetchOne(db, key: key) != nil else {
            throw AWSError.repositoryNotFound(name, in: account)
        }
    }

    /// A logo is not kept: there is no gallery to show it.
    private func keep(_ given: JSON, of name: String, _ registry: PublicRegistry) async throws -> JSON {
        var data = given
        data["logoImageBlob"] = nil
        data["marketplaceCertified"] = false
        let now = ecr.clock.now()
        try await ecr.store.write { [data] db in
            try registry.scope.put(.repositoryCatalog, name, data, at: now, in: db)
        }
        return data
    }
}
