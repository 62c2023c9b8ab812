import AWSProtocol
import GRDB
import JSON

extension SageMakerService {
    /// A model's document as it is served, whatever becomes later of the packages that its containers name.
    static func servable(_ model: ResourceRecord, in db: Database) throws -> JSON.Object {
        let owner = Caller(account: model.account, region: model.region)
        var document = model.document
        if let container = document["PrimaryContainer"] {
            let resolved = try containers(container, owner, in: db)
            document["PrimaryContainer"] = resolved.count == 1 ? resolved[0] : nil
            if resolved.count > 1 { document["Containers"] = .array(resolved) }
        } else if let list = document["Containers"]?.arrayValue {
            document["Containers"] = .array(try list.flatMap { try containers($0, owner, in: db) })
        }
        return document
    }

    /// A container definition, or those of the model package that it names.
    /// - Throws: `ValidationException` where the package may not be deployed.
    static func containers(_ definition: JSON, _ caller: Caller, in db: Database) throws -> [JSON] {
        guard let name = definition["ModelPackageName"]?.stringValue else { return [definition] }
        let package = try requireModelPackage(name, caller, in: db)
        if let approval = package.document["ModelApprovalStatus"]?.stringValue, approval != "Approved" {
            throw AWSError(
                "ValidationException",
                "The model package \(package.arn) cannot be deployed: its approval status is \(approval). Approve it "
                    + "with UpdateModelPackage."
            )
        }
        guard let containers = package.document["InferenceSpecification"]?["Containers"]?.arrayValue,
            !containers.isEmpty
        else {
            throw AWSError(
                "ValidationException",
                "The model package \(package.arn) has no InferenceSpecification and cannot be deployed."
            )
        }
        return containers.map { container in
            var container = container
            var environment = container["Environment"]?.objectValue ?? [:]
            environment.merge(definition["Environment"]?.objectValue ?? [:])
            if !environment.isEmpty { container["Environment"] = .object(environment) }
            for member in ["ContainerHostname", "Mode"] {
                if let value = definition[member] { container[member] = value }
            }
            return container
        }
    }
}
