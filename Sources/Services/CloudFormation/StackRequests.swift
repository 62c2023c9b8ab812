import AWSProtocol
import GRDB
import JSON
import Store

/// What asks for a stack to be made, changed or removed.
extension CloudFormationService {
    func createStack(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try Self.newName(request)
        let target = try await target(request, former: nil)
        let disablesRollback = request.bool("DisableRollback") ?? false
        if disablesRollback, request.string("OnFailure") != nil {
            throw AWSError.validation("You can specify either DisableRollback or OnFailure, but not both.")
        }
        var stack = fresh(name, request, target, status: "CREATE_IN_PROGRESS")
        stack.onFailure = disablesRollback ? "DO_NOTHING" : request.string("OnFailure") ?? "ROLLBACK"
        stack.isProtected = request.bool("EnableTerminationProtection") ?? false
        let created = stack
        try await store.write { [events = store.events] db in
            guard try Stack.find(name, of: request.caller, in: db) == nil else {
                throw AWSError.alreadyExists("Stack [\(name)] already exists")
            }
            try created.insert(db)
            try events.record(StackEvent.of(created, at: created.created, reason: "User Initiated"), in: db)
        }
        await runBriefly(stack)
        return AWSResponse(["StackId": .string(stack.id)])
    }

    func updateStack(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("StackName")
        let former = try await stack(name, request.caller, missing: .validation("Stack [\(name)] does not exist"))
        let target = try await target(request, former: former)
        guard
            target.processed != former.target.processed || target.parameters != former.target.parameters
                || target.tags != former.target.tags
        else { throw AWSError.validation("No updates are to be performed.") }
        let stack = try await beginUpdate(
            former.id,
            to: target,
            capabilities: request.strings("Capabilities"),
            onFailure: request.bool("DisableRollback") == true ? "DO_NOTHING" : "ROLLBACK",
            changeSetID: nil
        )
        await runBriefly(stack)
        return AWSResponse(["StackId": .string(stack.id)])
    }

    /// Journals that the stack is to become `target`.
    /// - Throws: `ValidationError` where it is in no state to be changed.
    func beginUpdate(
        _ id: String,
        to target: StackTarget,
        capabilities: [String],
        onFailure: String,
        changeSetID: String?
    ) async throws -> Stack {
        let now = clock.now().milliseconds
        return try await store.write { [events = store.events] db in
            guard var stack = try Stack.fetchOne(db, key: id) else { throw AWSError.noSuchStack(id) }
            let isUpdatable =
                stack.status.hasSuffix("_COMPLETE") && stack.status != "ROLLBACK_COMPLETE"
                || ["UPDATE_FAILED", "CREATE_FAILED"].contains(stack.status)
            guard isUpdatable, stack.status != "DELETE_COMPLETE" else {
                throw AWSError.validation("Stack:\(stack.id) is in \(stack.status) state and can not be updated.")
            }
            stack.former = stack.target
            stack.target = target
            stack.capabilities = capabilities
            stack.onFailure = onFailure
            stack.changeSetID = changeSetID
            stack.status = "UPDATE_IN_PROGRESS"
            stack.reason = "User Initiated"
            stack.updated = now
            try stack.update(db)
            try events.record(StackEvent.of(stack, at: now, reason: "User Initiated"), in: db)
            return stack
        }
    }

    /// A stack that is not there is as good as deleted.
    func deleteStack(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("StackName")
        let retained = request.strings("RetainResources")
        let now = clock.now().milliseconds
        let stack = try await store.write { [events = store.events] db -> Stack? in
            guard var stack = try Stack.find(name, of: request.caller, in: db), stack.status != "DELETE_COMPLETE" else {
                return nil
            }
            guard !stack.isProtected else {
                throw AWSError.validation("Stack [\(name)] cannot be deleted while TerminationProtection is enabled")
            }
            for var resource in try StackResource.all(of: stack.id, in: db) where retained.contains(resource.logicalID)
            {
                resource.deletionPolicy = "Retain"
                try resource.update(db)
            }
            try ChangeSet.filter(Column("stackID") == stack.id).deleteAll(db)
            stack.status = "DELETE_IN_PROGRESS"
            stack.reason = "User Initiated"
            try stack.update(db)
            try events.record(StackEvent.of(stack, at: now, reason: "User Initiated"), in: db)
            return stack
        }
        if let stack { await runBriefly(stack) }
        return AWSResponse()
    }

    func continueUpdateRollback(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("StackName")
        let now = clock.now().milliseconds
        let stack = try await store.write { [events = store.events] db in
            guard var stack = try Stack.find(name, of: request.caller, in: db) else { throw AWSError.noSuchStack(name) }
            guard stack.status == "UPDATE_ROLLBACK_FAILED" else {
                throw AWSError.validation(
                    "Stack:\(stack.id) is in \(stack.status) state and can not continue update rollback."
                )
            }
            stack.status = "UPDATE_ROLLBACK_IN_PROGRESS"
            try stack.update(db)
            try events.record(StackEvent.of(stack, at: now, reason: "User Initiated"), in: db)
            return stack
        }
        await runBriefly(stack)
        return AWSResponse()
    }

    func updateTerminationProtection(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("StackName")
        let isProtected = request.bool("EnableTerminationProtection") ?? false
        let id = try await store.write { db in
            guard var stack = try Stack.find(name, of: request.caller, in: db) else { throw AWSError.noSuchStack(name) }
            stack.isProtected = isProtected
            try stack.update(db)
            return stack.id
        }
        return AWSResponse(["StackId": .string(id)])
    }

    /// The name of a stack that is to be made.
    /// - Throws: `ValidationError` where no stack may be called that.
    static func newName(_ request: AWSRequest) throws -> String {
        let name = try request.requiredString("StackName")
        let isName =
            name.utf8.count <= 128 && name.first?.isLetter ?? false
            && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
        guard isName else {
            throw AWSError.validation(
                "1 validation error detected: Value '\(name)' at 'stackName' failed to satisfy constraint: Member must "
                    + "satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
            )
        }
        return name
    }

    /// A new stack's record.
    func fresh(_ name: String, _ request: AWSRequest, _ target: StackTarget, status: String) -> Stack {
        let caller = request.caller
        return Stack(
            id: ARN("cloudformation", "stack/\(name)/\(RandomText.uuid())", of: caller).description,
            account: caller.account,
            region: caller.region,
            name: name,
            status: status,
            reason: "User Initiated",
            created: clock.now().milliseconds,
            target: target,
            capabilities: request.strings("Capabilities"),
            onFailure: "ROLLBACK",
            role: request.string("RoleARN")
        )
    }

    func stack(_ name: String, _ caller: Caller, missing: AWSError? = nil) async throws -> Stack {
        let found = try await store.read { db in try Stack.find(name, of: caller, in: db) }
        guard let found else { throw missing ?? .noSuchStack(name) }
        return found
    }
}
