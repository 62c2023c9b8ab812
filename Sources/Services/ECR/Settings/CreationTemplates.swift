import AWSProtocol
import GRDB
import JSON
import Store

/// What repositories are like that ECR makes by itself: for replication, for a pull-through cache, on a push.
/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates.html>
extension ECRService {
    private static let members = [
        "description", "encryptionConfiguration", "resourceTags", "imageTagMutability",
        "imageTagMutabilityExclusionFilters", "repositoryPolicy", "lifecyclePolicy", "appliedFor", "customRoleArn",
    ]

    func createRepositoryCreationTemplate(_ request: AWSRequest) async throws -> AWSResponse {
        let prefix = try request.requiredString("prefix")
        var value: JSON.Object = [
            "imageTagMutability": "MUTABLE", "encryptionConfiguration": ["encryptionType": "AES256"],
        ]
        try Self.take(request, into: &value)
        return try await changeTemplate(request) { [value] template, scope in
            guard template == nil else {
                throw AWSError(
                    "TemplateAlreadyExistsException",
                    "The repository creation template with prefix '\(prefix)' already exists in the registry with id "
                        + "'\(scope.account)'"
                )
            }
            return value
        }
    }

    func updateRepositoryCreationTemplate(_ request: AWSRequest) async throws -> AWSResponse {
        try await changeTemplate(request) { template, scope in
            guard var value = template?.value.objectValue else {
                throw Self.templateNotFound(try request.requiredString("prefix"), scope)
            }
            try Self.take(request, into: &value)
            return value
        }
    }

    func deleteRepositoryCreationTemplate(_ request: AWSRequest) async throws -> AWSResponse {
        let prefix = try request.requiredString("prefix")
        let scope = RegistryScope(request)
        return try await store.write { db in
            guard let template = try scope.document(.creationTemplate, prefix, in: db) else {
                throw Self.templateNotFound(prefix, scope)
            }
            try scope.remove(.creationTemplate, prefix, in: db)
            return Self.answer(template, scope)
        }
    }

    func describeRepositoryCreationTemplates(_ request: AWSRequest) async throws -> AWSResponse {
        let scope = RegistryScope(request)
        let wanted = request.strings("prefixes")
        let templates = try await store.read { db in try scope.documents(.creationTemplate, in: db) }
            .filter { wanted.isEmpty || wanted.contains($0.name) }
        let page = try Page(templates, for: request)
        return .output([
            "registryId": .string(scope.account),
            "repositoryCreationTemplates": .array(page.items.map { .object(Self.described($0)) }),
            "nextToken": page.next,
        ])
    }

    private func changeTemplate(
        _ request: AWSRequest,
        _ change: @escaping @Sendable (RegistryDocument?, RegistryScope) throws -> JSON.Object
    ) async throws -> AWSResponse {
        let prefix = try request.requiredString("prefix")
        let scope = RegistryScope(request)
        let now = clock.now()
        let template = try await store.write { db in
            let value = try change(try scope.document(.creationTemplate, prefix, in: db), scope)
            try scope.put(.creationTemplate, prefix, .object(value), at: now, in: db)
            return try scope.document(.creationTemplate, prefix, in: db)
        }
        guard let template else { throw Self.templateNotFound(prefix, scope) }
        return Self.answer(template, scope)
    }

    private static func take(_ request: AWSRequest, into value: inout JSON.Object) throws(AWSError) {
        for name in members { if let member = request[name] { value[name] = member } }
        if let text = value["lifecyclePolicy"]?.stringValue, !text.isEmpty { _ = try LifecyclePolicy(text) }
        try TagMutability(value["imageTagMutability"], value["imageTagMutabilityExclusionFilters"]).check()
    }

    private static func described(_ template: RegistryDocument) -> JSON.Object {
        let names: JSON.Object = ["prefix": .string(template.name)]
        return names.merging(template.value.objectValue ?? [:])
            .merging(["createdAt": template.created.json, "updatedAt": template.updated.json])
    }

    private static func answer(_ template: RegistryDocument, _ scope: RegistryScope) -> AWSResponse {
        AWSResponse([
            "registryId": .string(scope.account), "repositoryCreationTemplate": .object(described(template)),
        ])
    }

    private static func templateNotFound(_ prefix: String, _ scope: RegistryScope) -> AWSError {
        AWSError(
            "TemplateNotFoundException",
            "The repository creation template with prefix '\(prefix)' does not exist in the registry with id "
                + "'\(scope.account)'"
        )
    }
}

/// A template as it is applied.
struct CreationTemplate {
    enum Occasion: String {
        case replication = "REPLICATION"
        case pullThroughCache = "PULL_THROUGH_CACHE"
        case createOnPush = "CREATE_ON_PUSH"
    }

    /// The template for repositories of that name: the one with the longest prefix; `ROOT` is for all others.
    static func find(_ address: RepositoryAddress, for occasion: Occasion, in db: Database) throws -> JSON? {
        let fitting = try address.scope.documents(.creationTemplate, in: db).filter { template in
            let occasions = template.value["appliedFor"]?.arrayValue ?? []
            return occasions.contains(.string(occasion.rawValue))
                && (template.name == "ROOT" || address.name == template.name
                    || address.name.hasPrefix(template.name.hasSuffix("/") ? template.name : template.name + "/"))
        }
        return fitting.max { left, right in
            (left.name == "ROOT" ? 0 : left.name.count) < (right.name == "ROOT" ? 0 : right.name.count)
        }?.value
    }

    /// Makes a repository as its template says, or with AWS's defaults where there is none.
    @discardableResult
    static func makeRepository(
        _ address: RepositoryAddress,
        for occasion: Occasion,
        at now: Timestamp,
        in db: Database
    ) throws -> Repository {
        var repository = Repository(address, created: now.milliseconds)
        if let template = try find(address, for: occasion, in: db) { try repository.take(template) }
        if repository.lifecyclePolicy != nil { repository.lifecycleEvaluated = now.milliseconds }
        try repository.insert(db)
        return repository
    }
}

extension Repository {
    fileprivate mutating func take(_ template: JSON) throws {
        try mutability(TagMutability(template["imageTagMutability"], template["imageTagMutabilityExclusionFilters"]))
        if let encryption = template["encryptionConfiguration"] {
            encryptionType = encryption["encryptionType"]?.stringValue ?? encryptionType
            kmsKey = encryption["kmsKey"]?.stringValue
        }
        tags = Repository.Tag.list(template["resourceTags"])
        policy = template["repositoryPolicy"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
        lifecyclePolicy = template["lifecyclePolicy"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
    }
}
