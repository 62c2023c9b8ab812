import AWSProtocol
import GRDB
import JSON
import Store

/// A setting of an account's registry.
/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutAccountSetting.html>
enum AccountSetting: String, CaseIterable {
    case basicScanTypeVersion = "BASIC_SCAN_TYPE_VERSION"
    case registryPolicyScope = "REGISTRY_POLICY_SCOPE"
    /// Whether pushes may mount layers of other repositories.
    case blobMounting = "BLOB_MOUNTING"

    /// What may be set, the default first.
    var values: [String] {
        switch self {
        case .basicScanTypeVersion: ["AWS_NATIVE", "CLAIR"]
        case .registryPolicyScope: ["V1", "V2"]
        case .blobMounting: ["ENABLED", "DISABLED"]
        }
    }
}

extension ECRService {
    func getAccountSetting(_ request: AWSRequest) async throws -> AWSResponse {
        let setting = try accountSetting(request)
        let scope = RegistryScope(request)
        let value = try await store.read { db in try scope.accountSetting(setting, in: db) }
        return AWSResponse(["name": .string(setting.rawValue), "value": .string(value)])
    }

    func putAccountSetting(_ request: AWSRequest) async throws -> AWSResponse {
        let setting = try accountSetting(request)
        let value = try request.requiredString("value")
        guard setting.values.contains(value) else {
            throw AWSError.invalidParameter(
                "Invalid parameter at 'value' failed to satisfy constraint: 'must be one of "
                    + "\(setting.values.joined(separator: ", "))'"
            )
        }
        let scope = RegistryScope(request)
        let now = clock.now()
        try await store.write { db in
            try scope.put(.accountSetting, setting.rawValue, .string(value), at: now, in: db)
        }
        return AWSResponse(["name": .string(setting.rawValue), "value": .string(value)])
    }

    private func accountSetting(_ request: AWSRequest) throws(AWSError) -> AccountSetting {
        guard let setting = AccountSetting(rawValue: try request.requiredString("name")) else {
            let names = AccountSetting.allCases.map(\.rawValue).joined(separator: ", ")
            throw .invalidParameter(
                "Invalid parameter at 'name' failed to satisfy constraint: 'must be one of \(names)'"
            )
        }
        return setting
    }
}

extension RegistryScope {
    func accountSetting(_ setting: AccountSetting, in db: Database) throws -> String {
        try document(.accountSetting, setting.rawValue, in: db)?.value.stringValue ?? setting.values[0]
    }
}
