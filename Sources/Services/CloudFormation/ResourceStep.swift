import AWSProtocol
import GRDB
import JSON
import Logging
import Store

/// Brings one resource to what the template says: makes it, changes it, replaces it, or leaves it.
struct ResourceStep {
    let operation: StackOperation
    let resource: Template.Resource
    /// The resource as it stands.
    let record: StackResource?
    /// Former ones that this operation has replaced.
    let replaced: [StackResource]
    let context: ResourceContext

    /// - Throws: `StackOperation.Failure` after journalling it.
    func run(_ evaluation: Evaluation) async throws -> ResourceValue {
        guard let type = ResourceTypes.all[resource.type] else {
            throw AWSError.validation("Template format error: Unrecognized resource types: [\(resource.type)]")
        }
        let properties: JSON.Object
        do {
            properties = try evaluation.resolve(resource.properties)?.objectValue ?? [:]
            if let problem = type.problem(with: properties, in: resource.logicalID) {
                throw AWSError.validation(problem)
            }
        } catch let error as AWSError {
            var failed = record ?? fresh([:])
            try await operation.journal(&failed, record == nil ? "CREATE_FAILED" : "UPDATE_FAILED", error.message)
            throw StackOperation.Failure(logicalIDs: [resource.logicalID])
        }
        let deployed = try await bring(type, to: properties)
        return ResourceValue(reference: deployed.physicalID, attributes: deployed.attributes)
    }

    private func bring(_ type: any ResourceType, to properties: JSON.Object) async throws -> DeployedResource {
        guard let record else { return try await create(type, properties, isReplacement: false) }
        let former = record.deployed
        if let kept = replaced.first(where: { $0.type == resource.type && $0.deployed.properties == properties }) {
            return try await restore(kept, insteadOf: record)
        }
        if record.status.hasPrefix("CREATE_"), record.status != "CREATE_COMPLETE" {
            return try await createAgain(type, properties, after: record)
        }
        if record.type == resource.type, former.properties == properties, !record.status.hasSuffix("FAILED") {
            return former
        }
        let isReplaced =
            record.type != resource.type
            || type.replacing.contains { former.properties[$0] != properties[$0] }
        return isReplaced
            ? try await replace(record, type, properties)
            : try await update(record, type, properties)
    }

    // MARK: - Ways

    private func create(
        _ type: any ResourceType,
        _ properties: JSON.Object,
        isReplacement: Bool
    ) async throws -> DeployedResource {
        var record = fresh(properties)
        let verb = isReplacement ? "UPDATE" : "CREATE"
        let given = type.nameProperty.flatMap { properties[$0]?.templateText }
        let name = given ?? type.generatedName(stack: operation.stack.name, logicalID: resource.logicalID)
        record.physicalID = name
        try await operation.journal(&record, "CREATE_IN_PROGRESS")
        do {
            let request = ResourceRequest(
                logicalID: resource.logicalID,
                name: name,
                properties: properties,
                context: context
            )
            let deployed = try await type.create(request)
            record.physicalID = deployed.physicalID
            record.attributes = JSON.object(deployed.attributes).serialized()
            try await operation.journal(&record, "\(verb)_COMPLETE")
            return deployed
        } catch let error as AWSError {
            // Only what was really made is removed by a rollback: the name may be another's.
            if !context.progress.hasMade { record.physicalID = nil }
            try await operation.journal(&record, "CREATE_FAILED", Self.reason(error))
            throw StackOperation.Failure(logicalIDs: [resource.logicalID])
        }
    }

    /// The making was cut off or had failed: what it may have left under a generated name is removed first.
    private func createAgain(
        _ type: any ResourceType,
        _ properties: JSON.Object,
        after record: StackResource
    ) async throws -> DeployedResource {
        let isNamed = type.nameProperty.map { properties[$0] != nil } ?? false
        if !isNamed, record.physicalID != nil {
            do {
                try await type.delete(record.deployed, context)
            } catch {
                operation.service.logger.debug("nothing left to remove", metadata: ["error": "\(error)"])
            }
        }
        try await operation.service.store.write { db in _ = try record.delete(db) }
        return try await create(type, properties, isReplacement: false)
    }

    private func update(
        _ record: StackResource,
        _ type: any ResourceType,
        _ properties: JSON.Object
    ) async throws -> DeployedResource {
        var record = record
        try await operation.journal(&record, "UPDATE_IN_PROGRESS")
        do {
            let former = record.deployed
            let name = type.nameProperty.flatMap { properties[$0]?.templateText } ?? former.physicalID
            let request = ResourceRequest(
                logicalID: resource.logicalID,
                name: name,
                properties: properties,
                context: context
            )
            let deployed = try await type.update(request, from: former)
            record.properties = JSON.object(deployed.properties).serialized()
            record.attributes = JSON.object(deployed.attributes).serialized()
            record.deletionPolicy = resource.deletionPolicy
            record.replacePolicy = resource.updateReplacePolicy
            try await operation.journal(&record, "UPDATE_COMPLETE")
            return deployed
        } catch let error as AWSError {
            try await operation.journal(&record, "UPDATE_FAILED", Self.reason(error))
            throw StackOperation.Failure(logicalIDs: [resource.logicalID])
        }
    }

    private func replace(
        _ record: StackResource,
        _ type: any ResourceType,
        _ properties: JSON.Object
    ) async throws -> DeployedResource {
        var old = record
        old.isObsolete = true
        try await operation.journal(
            &old,
            "UPDATE_IN_PROGRESS",
            "Requested update requires the creation of a new physical resource; hence creating one."
        )
        return try await create(type, properties, isReplacement: true)
    }

    /// A rollback finds the replaced resource still standing.
    private func restore(_ kept: StackResource, insteadOf record: StackResource) async throws -> DeployedResource {
        var old = kept
        var new = record
        old.isObsolete = false
        new.isObsolete = true
        try await operation.journal(&new, new.status)
        try await operation.journal(&old, "UPDATE_COMPLETE")
        return old.deployed
    }

    private func fresh(_ properties: JSON.Object) -> StackResource {
        StackResource(
            stackID: operation.stack.id,
            logicalID: resource.logicalID,
            type: resource.type,
            status: "CREATE_IN_PROGRESS",
            updated: 0,
            properties: JSON.object(properties).serialized(),
            attributes: "{}",
            deletionPolicy: resource.deletionPolicy,
            replacePolicy: resource.updateReplacePolicy
        )
    }

    /// The service's error in the frame that CloudFormation gives it.
    static func reason(_ error: AWSError) -> String {
        let code =
            switch error.status {
            case 404: "NotFound"
            case 409: "AlreadyExists"
            case 403: "AccessDenied"
            case 500...: "GeneralServiceException"
            default: "InvalidRequest"
            }
        return "Resource handler returned message: \"\(error.message) (Service error: \(error.code), Status Code: "
            + "\(error.status))\" (RequestToken: \(RandomText.uuid()), HandlerErrorCode: \(code))"
    }
}
