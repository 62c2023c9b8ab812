import AWSProtocol
import GRDB
import JSON
import Store

/// Rules under which images of other registries are pulled through this one. The other registries are those of the yard:
/// an ECR registry of another account or region, or images that were brought in under their own names
/// (`public.ecr.aws/lambda/python`).
extension ECRService {
    func createPullThroughCacheRule(_ request: AWSRequest) async throws -> AWSResponse {
        let prefix = try request.requiredString("ecrRepositoryPrefix")
        let url = try request.requiredString("upstreamRegistryUrl")
        guard let upstream = UpstreamRegistry(url) else {
            throw AWSError(
                "UnsupportedUpstreamRegistryException",
                "The specified upstream registry '\(url)' isn't supported."
            )
        }
        if upstream.needsCredential, request["credentialArn"] == nil {
            throw AWSError.invalidParameter(
                "Invalid parameter at 'credentialArn' failed to satisfy constraint: 'must be given for the upstream "
                    + "registry \(url)'"
            )
        }
        var value = JSON.Object.compact([
            "ecrRepositoryPrefix": .string(prefix), "upstreamRegistryUrl": .string(url),
            "upstreamRegistry": .string(upstream.name),
            "upstreamRepositoryPrefix": request["upstreamRepositoryPrefix"] ?? "ROOT",
        ])
        for name in ["credentialArn", "customRoleArn"] { value[name] = request[name] }
        let rule = JSON.object(value)
        let scope = RegistryScope(request)
        let now = clock.now()
        try await store.write { db in
            guard try scope.document(.pullThroughCacheRule, prefix, in: db) == nil else {
                throw AWSError(
                    "PullThroughCacheRuleAlreadyExistsException",
                    "A pull through cache rule with prefix '\(prefix)' already exists in the registry with id "
                        + "'\(scope.account)'"
                )
            }
            try scope.put(.pullThroughCacheRule, prefix, rule, at: now, in: db)
        }
        return AWSResponse(value.merging(["registryId": .string(scope.account), "createdAt": now.json]))
    }

    func updatePullThroughCacheRule(_ request: AWSRequest) async throws -> AWSResponse {
        let scope = RegistryScope(request)
        let now = clock.now()
        let value = try await changeRule(request) { value, db in
            for name in ["credentialArn", "customRoleArn"] { if let member = request[name] { value[name] = member } }
            let prefix = try request.requiredString("ecrRepositoryPrefix")
            try scope.put(.pullThroughCacheRule, prefix, .object(value), at: now, in: db)
        }
        return AWSResponse(value.merging(["registryId": .string(scope.account), "updatedAt": now.json]))
    }

    func deletePullThroughCacheRule(_ request: AWSRequest) async throws -> AWSResponse {
        let scope = RegistryScope(request)
        let value = try await changeRule(request) { _, db in
            try scope.remove(.pullThroughCacheRule, try request.requiredString("ecrRepositoryPrefix"), in: db)
        }
        return AWSResponse(value.merging(["registryId": .string(scope.account)]))
    }

    /// A rule is valid where the yard has something of its upstream registry.
    func validatePullThroughCacheRule(_ request: AWSRequest) async throws -> AWSResponse {
        let scope = RegistryScope(request)
        let value = try await changeRule(request) { value, db in
            let rule = PullThroughCacheRule(.object(value), of: scope)
            let isValid = try rule?.hasUpstream(in: db) ?? false
            value["isValid"] = .bool(isValid)
            if !isValid {
                value["failure"] = "The yard has no image of the upstream registry. Push some under its name."
            }
        }
        return AWSResponse(value.merging(["registryId": .string(scope.account)]))
    }

    func describePullThroughCacheRules(_ request: AWSRequest) async throws -> AWSResponse {
        let scope = RegistryScope(request)
        let wanted = request.strings("ecrRepositoryPrefixes")
        let rules = try await store.read { db in try scope.documents(.pullThroughCacheRule, in: db) }
        for prefix in wanted where !rules.contains(where: { $0.name == prefix }) {
            throw Self.ruleNotFound(prefix, scope)
        }
        let page = try Page(rules.filter { wanted.isEmpty || wanted.contains($0.name) }, for: request)
        let described = page.items.map { rule in
            JSON.object(
                (rule.value.objectValue ?? [:]).merging([
                    "registryId": .string(scope.account), "createdAt": rule.created.json,
                    "updatedAt": rule.updated.json,
                ])
            )
        }
        return .output(["pullThroughCacheRules": .array(described), "nextToken": page.next])
    }

    private func changeRule(
        _ request: AWSRequest,
        _ change: @escaping @Sendable (inout JSON.Object, Database) throws -> Void
    ) async throws -> JSON.Object {
        let prefix = try request.requiredString("ecrRepositoryPrefix")
        let scope = RegistryScope(request)
        return try await store.write { db in
            guard var value = try scope.document(.pullThroughCacheRule, prefix, in: db)?.value.objectValue else {
                throw Self.ruleNotFound(prefix, scope)
            }
            try change(&value, db)
            return value
        }
    }

    private static func ruleNotFound(_ prefix: String, _ scope: RegistryScope) -> AWSError {
        AWSError(
            "PullThroughCacheRuleNotFoundException",
            "A pull through cache rule with prefix '\(prefix)' does not exist in the registry with id '\(scope.account)'"
        )
    }

    // MARK: Pulling

    /// Brings the image in from the upstream registry where a rule says so and the repository does not have it.
    /// - Returns: Whether it is there now.
    func pullThrough(_ id: ImageID, into address: RepositoryAddress) async throws -> Bool {
        let now = clock.now()
        return try await store.write { db in
            let rules = try address.scope.documents(.pullThroughCacheRule, in: db)
            for rule in rules.compactMap({ PullThroughCacheRule($0.value, of: address.scope) }) {
                guard let source = rule.source(of: address.name),
                    let image = try source.lazy.compactMap({ try $0.image(id, in: db) }).first?.image
                else { continue }
                if try Repository.fetchOne(db, key: address.key) == nil {
                    try CreationTemplate.makeRepository(address, for: .pullThroughCache, at: now, in: db)
                }
                try image.address.copyImage(image.digest, to: address, at: now, in: db)
                if let tag = id.tag { try address.point(tag, at: image.digest, in: db) }
                return true
            }
            return false
        }
    }
}

/// A registry from which ECR pulls through.
/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html>
struct UpstreamRegistry {
    /// As `upstreamRegistry` says it.
    var name: String
    var needsCredential: Bool

    /// Nil where ECR does not pull from there.
    init?(_ url: String) {
        switch url {
        case "public.ecr.aws": self.init(name: "ecr-public", needsCredential: false)
        case "quay.io": self.init(name: "quay", needsCredential: false)
        case "registry.k8s.io": self.init(name: "k8s", needsCredential: false)
        case "registry-1.docker.io": self.init(name: "docker-hub", needsCredential: true)
        case "ghcr.io": self.init(name: "github-container-registry", needsCredential: true)
        case "registry.gitlab.com": self.init(name: "gitlab-container-registry", needsCredential: true)
        case "cgr.dev": self.init(name: "chainguard", needsCredential: true)
        case _ where url.hasSuffix(".azurecr.io"):
            self.init(name: "azure-container-registry", needsCredential: true)
        case _ where RegistryHost(url) != nil: self.init(name: "ecr", needsCredential: false)
        default: return nil
        }
    }

    private init(name: String, needsCredential: Bool) {
        self.name = name
        self.needsCredential = needsCredential
    }
}

/// A rule as it is applied.
struct PullThroughCacheRule {
    private let prefix: String
    private let upstream: String
    private let upstreamPrefix: String
    private let scope: RegistryScope

    init?(_ rule: JSON, of scope: RegistryScope) {
        guard let prefix = rule["ecrRepositoryPrefix"]?.stringValue,
            let upstream = rule["upstreamRegistryUrl"]?.stringValue
        else { return nil }
        self.prefix = prefix
        self.upstream = upstream
        upstreamPrefix = rule["upstreamRepositoryPrefix"]?.stringValue ?? "ROOT"
        self.scope = scope
    }

    /// The repositories of the yard that may stand for the upstream one; nil where the rule is not about that name.
    func source(of name: String) -> [RepositoryAddress]? {
        guard prefix == "ROOT" || name.hasPrefix(prefix + "/") else { return nil }
        let rest = prefix == "ROOT" ? name : String(name.dropFirst(prefix.count + 1))
        return repositories(upstreamPrefix == "ROOT" ? rest : "\(upstreamPrefix)/\(rest)")
    }

    private func repositories(_ path: String) -> [RepositoryAddress] {
        if let host = RegistryHost(upstream) {
            return [RepositoryAddress(account: host.account, region: host.region, name: path)]
        }
        let hosts = upstream == "registry-1.docker.io" ? [upstream, "docker.io"] : [upstream]
        return hosts.map { RepositoryAddress(account: scope.account, region: scope.region, name: "\($0)/\(path)") }
    }

    fileprivate func hasUpstream(in db: Database) throws -> Bool {
        try repositories("").contains { place in
            try Bool.fetchOne(
                db,
                sql: """
                    SELECT EXISTS (SELECT 1 FROM ecr_images
                        WHERE account = ? AND region = ? AND substr(repository, 1, length(?)) = ?)
                    """,
                arguments: [place.account, place.region, place.name, place.name]
            ) ?? false
        }
    }
}
