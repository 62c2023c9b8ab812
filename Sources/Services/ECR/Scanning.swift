import AWSProtocol
import GRDB
import JSON
import Store

/// Scans for vulnerabilities. The yard has no vulnerability database, so that a scan that is asked for ends as FAILED with
/// the reason, as ECR's do that cannot read an image: nothing is passed that was not looked at.
extension ECRService {
    private static let failed: JSON = [
        "status": "FAILED",
        "description": "The yard has no vulnerability database. Scan the image with a scanner of your own, or on AWS.",
    ]

    func startImageScan(_ request: AWSRequest) async throws -> AWSResponse {
        let id = ImageID(request["imageId"] ?? .null)
        let name = try request.requiredString("repositoryName")
        let now = clock.now()
        let (repository, image) = try await store.write { db in
            let repository = try self.repository(name, request, in: db)
            let image = try self.requiredImage(id, of: repository, in: db).image
            guard !image.isIndex else {
                throw AWSError(
                    "UnsupportedImageTypeException",
                    "The image type \(image.mediaType) is not supported for scanning"
                )
            }
            if let scan = try repository.address.scan(of: image.digest, in: db),
                now - scan.updated < .seconds(24 * 3600)
            {
                throw AWSError(
                    "LimitExceededException",
                    "The scan quota per image has been exceeded. Wait and try again."
                )
            }
            try repository.address.noteScan(of: image.digest, at: now, in: db)
            return (repository, image)
        }
        return answer(
            repository,
            [
                "imageId": ImageID(digest: image.digest, tag: id.tag).json,
                "imageScanStatus": ["status": "IN_PROGRESS"],
            ]
        )
    }

    func describeImageScanFindings(_ request: AWSRequest) async throws -> AWSResponse {
        let id = ImageID(request["imageId"] ?? .null)
        let name = try request.requiredString("repositoryName")
        let (repository, image, scan) = try await store.read { db in
            let repository = try self.repository(name, request, in: db)
            let image = try self.requiredImage(id, of: repository, in: db).image
            return (repository, image, try repository.address.scan(of: image.digest, in: db))
        }
        guard scan != nil else {
            throw AWSError(
                "ScanNotFoundException",
                "Image scan does not exist for the image with '\(id)' in the repository with name '\(name)' in the registry "
                    + "with id '\(repository.account)'"
            )
        }
        return answer(
            repository,
            ["imageId": ImageID(digest: image.digest, tag: id.tag).json, "imageScanStatus": Self.failed]
        )
    }

    /// The image that a request names.
    /// - Throws: `ImageNotFoundException`.
    func requiredImage(_ id: ImageID, of repository: Repository, in db: Database) throws -> TaggedImage {
        guard let image = try repository.address.image(id, in: db) else {
            throw AWSError.imageNotFound(id, repository.name, in: repository.account)
        }
        return image
    }

    // MARK: Configuration

    private static let defaults: JSON = ["scanType": "BASIC", "rules": []]

    func putRegistryScanningConfiguration(_ request: AWSRequest) async throws -> AWSResponse {
        let scope = RegistryScope(request)
        let configuration: JSON = [
            "scanType": request["scanType"] ?? "BASIC", "rules": request["rules"] ?? [],
        ]
        let now = clock.now()
        try await store.write { db in try scope.put(.scanning, "", configuration, at: now, in: db) }
        return AWSResponse(["registryScanningConfiguration": configuration])
    }

    func getRegistryScanningConfiguration(_ request: AWSRequest) async throws -> AWSResponse {
        let scope = RegistryScope(request)
        let configuration = try await store.read { db in try scope.document(.scanning, in: db)?.value }
        return AWSResponse([
            "registryId": .string(scope.account), "scanningConfiguration": configuration ?? Self.defaults,
        ])
    }

    func batchGetRepositoryScanningConfiguration(_ request: AWSRequest) async throws -> AWSResponse {
        let scope = RegistryScope(request)
        let names = request.strings("repositoryNames")
        return try await store.read { db in
            let rules = ScanningRules(try scope.document(.scanning, in: db)?.value ?? Self.defaults)
            var configurations: [JSON] = []
            var failures: [JSON] = []
            for name in names {
                let address = RepositoryAddress(account: scope.account, region: scope.region, name: name)
                if let repository = try Repository.fetchOne(db, key: address.key) {
                    configurations.append(rules.described(repository))
                } else {
                    failures.append([
                        "repositoryName": .string(name), "failureCode": "REPOSITORY_NOT_FOUND",
                        "failureReason": "REPOSITORY_NOT_FOUND",
                    ])
                }
            }
            return AWSResponse(["scanningConfigurations": .array(configurations), "failures": .array(failures)])
        }
    }
}

/// A registry's rules about which repositories are scanned when.
struct ScanningRules {
    private let rules: [JSON]

    init(_ configuration: JSON) { rules = configuration["rules"]?.arrayValue ?? [] }

    /// The rule for that repository and those of its filters that match.
    private func match(_ name: String) -> (frequency: String, filters: [JSON])? {
        for rule in rules {
            let filters = (rule["repositoryFilters"]?.arrayValue ?? []).filter {
                WildcardPattern($0["filter"]?.stringValue ?? "").matches(name)
            }
            if !filters.isEmpty { return (rule["scanFrequency"]?.stringValue ?? "MANUAL", filters) }
        }
        return nil
    }

    func scansOnPush(_ repository: Repository) -> Bool {
        match(repository.name)?.frequency == "SCAN_ON_PUSH" || repository.scanOnPush
    }

    fileprivate func described(_ repository: Repository) -> JSON {
        let match = match(repository.name)
        return [
            "repositoryArn": .string(repository.arn),
            "repositoryName": .string(repository.name),
            "scanOnPush": .bool(repository.scanOnPush),
            "scanFrequency": .string(match?.frequency ?? (repository.scanOnPush ? "SCAN_ON_PUSH" : "MANUAL")),
            "appliedScanFilters": .array(match?.filters ?? []),
        ]
    }
}

extension RepositoryAddress {
    func scan(of digest: String, in db: Database) throws -> RegistryDocument? {
        try scope.document(.imageScan, "\(name)@\(digest)", in: db)
    }

    func noteScan(of digest: String, at now: Timestamp, in db: Database) throws {
        try scope.put(.imageScan, "\(name)@\(digest)", .null, at: now, in: db)
    }
}
