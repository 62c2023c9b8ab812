import AWSProtocol
import GRDB
import JSON
import Logging
import Store

/// Brings one stack to its target, step by step; each step is in the store before the next begins.
///
/// What is to be done follows from the stack's status and from what its resources' records say, so an operation that was
/// cut off goes on where it was when it is run again.
struct StackOperation {
    /// A resource could not be brought to its state; its record says why.
    struct Failure: Error {
        var logicalIDs: [String]
        var reason: String?
    }

    let service: CloudFormationService
    var stack: Stack

    init(_ service: CloudFormationService, _ stack: Stack) {
        self.service = service
        self.stack = stack
    }

    func run() async {
        var operation = self
        do {
            try await operation.proceed()
        } catch is CancellationError {
            return
        } catch {
            service.logger.error("stack operation stopped", metadata: ["stack": "\(stack.id)", "error": "\(error)"])
        }
    }

    private mutating func proceed() async throws {
        switch stack.status {
        case "CREATE_IN_PROGRESS": try await create()
        case "ROLLBACK_IN_PROGRESS": try await rollBackCreation()
        case "UPDATE_IN_PROGRESS": try await update()
        case "UPDATE_ROLLBACK_IN_PROGRESS": try await rollBackUpdate()
        case "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": try await cleanUp(then: "UPDATE_COMPLETE")
        case "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS": try await cleanUp(then: "UPDATE_ROLLBACK_COMPLETE")
        case "DELETE_IN_PROGRESS": try await delete()
        default: break
        }
    }

    // MARK: - Whole stacks

    private mutating func create() async throws {
        do {
            stack.outputs = try await apply(stack.target)
            try await set("CREATE_COMPLETE")
        } catch let failure as Failure {
            let failed = failure.reason ?? "The following resource(s) failed to create: \(failure.list)."
            switch stack.onFailure {
            case "DO_NOTHING":
                try await set("CREATE_FAILED", failed)
            case "DELETE":
                try await set("DELETE_IN_PROGRESS", "\(failed) Delete requested by user.")
                try await delete()
            default:
                try await set("ROLLBACK_IN_PROGRESS", "\(failed) Rollback requested by user.")
                try await rollBackCreation()
            }
        }
    }

    private mutating func rollBackCreation() async throws {
        do {
            try await removeAll()
            try await set("ROLLBACK_COMPLETE")
        } catch let failure as Failure {
            try await set("ROLLBACK_FAILED", "The following resource(s) failed to delete: \(failure.list).")
        }
    }

    private mutating func update() async throws {
        do {
            stack.outputs = try await apply(stack.target)
            try await set("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
            try await cleanUp(then: "UPDATE_COMPLETE")
        } catch let failure as Failure {
            let failed = failure.reason ?? "The following resource(s) failed to update: \(failure.list)."
            if stack.onFailure == "DO_NOTHING" { return try await set("UPDATE_FAILED", failed) }
            try await set("UPDATE_ROLLBACK_IN_PROGRESS", failed)
            try await rollBackUpdate()
        }
    }

    private mutating func rollBackUpdate() async throws {
        guard let former = stack.former else { return try await set("UPDATE_ROLLBACK_FAILED") }
        do {
            stack.outputs = try await apply(former)
            stack.target = former
            try await set("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
            try await cleanUp(then: "UPDATE_ROLLBACK_COMPLETE")
        } catch let failure as Failure {
            try await set("UPDATE_ROLLBACK_FAILED", "The following resource(s) failed to update: \(failure.list).")
        }
    }

    /// Removes what the target has no more and what was replaced. What cannot be removed is left, as on AWS.
    private mutating func cleanUp(then status: String) async throws {
        let template = try Template(JSON(parsing: stack.target.processed))
        let kept = Set(try await evaluation(of: template, stack.target).activeResources.map(\.logicalID))
        for resource in try await resources().reversed() where resource.isObsolete || !kept.contains(resource.logicalID)
        {
            try Task.checkCancellation()
            _ = try await remove(resource, keepsRecord: false)
        }
        stack.former = nil
        try await set(status)
    }

    private mutating func delete() async throws {
        do {
            try await removeAll()
            stack.deleted = service.clock.now().milliseconds
            stack.outputs = []
            try await set("DELETE_COMPLETE")
        } catch let failure as Failure {
            try await set("DELETE_FAILED", "The following resource(s) failed to delete: \(failure.list). ")
        }
    }

    private func removeAll() async throws {
        var failed: [String] = []
        for resource in try await resources().reversed() {
            try Task.checkCancellation()
            if try await !remove(resource, keepsRecord: true) { failed.append(resource.logicalID) }
        }
        guard failed.isEmpty else { throw Failure(logicalIDs: failed) }
    }

    /// Journals the stack's new status.
    mutating func set(_ status: String, _ reason: String? = nil) async throws {
        let now = service.clock.now().milliseconds
        stack.status = status
        stack.reason = reason
        if status.hasPrefix("UPDATE") { stack.updated = now }
        let stack = stack
        try await service.store.write { [events = service.store.events] db in
            try stack.update(db)
            try events.record(StackEvent.of(stack, at: now, reason: reason), in: db)
        }
    }

    // MARK: - The template

    /// Makes and changes resources until each is as the target says; answers the outputs.
    private func apply(_ target: StackTarget) async throws -> [Stack.Output] {
        do {
            let template = try Template(JSON(parsing: target.processed))
            var evaluation = try await evaluation(of: template, target)
            var records: [String: StackResource] = [:]
            var obsolete: [StackResource] = []
            for record in try await resources() {
                if record.isObsolete { obsolete.append(record) } else { records[record.logicalID] = record }
            }
            for resource in try DependencyGraph(evaluation).order {
                try Task.checkCancellation()
                let step = ResourceStep(
                    operation: self,
                    resource: resource,
                    record: records[resource.logicalID],
                    replaced: obsolete.filter { $0.logicalID == resource.logicalID },
                    context: context(target)
                )
                evaluation.resources[resource.logicalID] = try await step.run(evaluation)
            }
            return try outputs(evaluation)
        } catch let error as AWSError {
            throw Failure(logicalIDs: [], reason: error.message)
        }
    }

    private func outputs(_ evaluation: Evaluation) throws -> [Stack.Output] {
        try evaluation.template.outputs.filter { evaluation.isActive($0.condition) }.map { output in
            let export = try output.exportName.map { try evaluation.text($0, for: "Export") }
            if let export, evaluation.exports[export] != nil {
                throw Failure(
                    logicalIDs: [],
                    reason: "Export with name \(export) is already exported by another stack."
                )
            }
            return Stack.Output(
                key: output.key,
                value: try evaluation.text(output.value, for: "Output"),
                description: output.description,
                export: export
            )
        }
    }

    private func evaluation(of template: Template, _ target: StackTarget) async throws -> Evaluation {
        try await service.evaluation(of: template, target, stack: stack)
    }

    private func context(_ target: StackTarget) -> ResourceContext {
        ResourceContext(
            aws: service.aws,
            caller: stack.caller,
            stackName: stack.name,
            stackID: stack.id,
            tags: target.tags.map { ($0.key, $0.value) }
        )
    }

    /// The records of what stands, or may stand.
    private func resources() async throws -> [StackResource] {
        let id = stack.id
        return try await service.store.read { db in try StackResource.all(of: id, in: db) }
            .filter { $0.status != "DELETE_COMPLETE" && $0.status != "DELETE_SKIPPED" }
    }

    /// Removes a resource unless its policy keeps it; false where that fails.
    private func remove(_ record: StackResource, keepsRecord: Bool) async throws -> Bool {
        var record = record
        let policy = record.isObsolete ? record.replacePolicy : record.deletionPolicy
        let isKept = policy == "Retain" || policy == "RetainExceptOnCreate" && stack.status == "DELETE_IN_PROGRESS"
        if record.physicalID == nil || isKept {
            try await journal(&record, isKept ? "DELETE_SKIPPED" : "DELETE_COMPLETE", keepsRecord: keepsRecord)
            return true
        }
        try await journal(&record, "DELETE_IN_PROGRESS")
        if let error = await deletionError(record.deployed, of: record.type) {
            try await journal(&record, "DELETE_FAILED", ResourceStep.reason(error))
            return false
        }
        try await journal(&record, "DELETE_COMPLETE", keepsRecord: keepsRecord)
        return true
    }

    /// Removes a resource; answers why that failed.
    private func deletionError(_ resource: DeployedResource, of typeName: String) async -> AWSError? {
        guard let type = ResourceTypes.all[typeName] else { return nil }
        do throws(AWSError) {
            try await type.delete(resource, context(stack.target))
            return nil
        } catch {
            return error
        }
    }

    /// Writes the resource's new status and its event.
    func journal(
        _ record: inout StackResource,
        _ status: String,
        _ reason: String? = nil,
        keepsRecord: Bool = true
    ) async throws {
        record.status = status
        record.reason = reason
        record.updated = service.clock.now().milliseconds
        let changed = record
        record = try await service.store.write { [events = service.store.events] db in
            var changed = changed
            if keepsRecord { try changed.save(db) } else { try changed.delete(db) }
            try events.record(StackEvent.of(changed), in: db)
            return changed
        }
    }
}

extension StackOperation.Failure {
    var list: String { "[\(logicalIDs.joined(separator: ", "))]" }
}
