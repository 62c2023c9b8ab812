import AWSProtocol
import GRDB
import JSON
import Store

extension CloudFormationService {
    private static let noChanges =
        "The submitted information didn't contain changes. Submit different information to create a change set."

    /// Computes the set at once: when this returns it can be executed.
    func createChangeSet(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("ChangeSetName")
        let stackName = try request.requiredString("StackName")
        let type = request.string("ChangeSetType") ?? "UPDATE"
        let former = try await store.read { db in try Stack.find(stackName, of: request.caller, in: db) }
        if former == nil, type == "CREATE" { _ = try Self.newName(request) }
        let isNew = former == nil || former?.status == "REVIEW_IN_PROGRESS"
        switch type {
        case "CREATE" where !isNew:
            throw AWSError.validation(
                "Stack [\(stackName)] already exists and cannot be created again with the changeSet [\(name)]."
            )
        case "UPDATE" where isNew:
            throw AWSError.validation("Stack [\(stackName)] does not exist")
        case "IMPORT":
            throw AWSError.validation("Trainyard does not import resources: ChangeSetType is CREATE or UPDATE.")
        default: break
        }
        let target = try await target(request, former: isNew ? nil : former)
        let stack = former ?? fresh(stackName, request, target, status: "REVIEW_IN_PROGRESS")
        let changes = try await changes(of: stack, to: target, isNew: isNew)
        let isSame = changes.isEmpty && target.tags == stack.target.tags && target.processed == stack.target.processed
        let isEmpty = !isNew && (isSame || changes.isEmpty && !Self.changesOutputs(stack.target, target))
        let set = ChangeSet(
            id: ARN("cloudformation", "changeSet/\(name)/\(RandomText.uuid())", of: request.caller).description,
            stackID: stack.id,
            name: name,
            type: type,
            created: clock.now().milliseconds,
            status: isEmpty ? "FAILED" : "CREATE_COMPLETE",
            reason: isEmpty ? Self.noChanges : nil,
            executionStatus: isEmpty ? "UNAVAILABLE" : "AVAILABLE",
            description: request.string("Description"),
            target: target,
            capabilities: request.strings("Capabilities"),
            changes: JSON.array(changes).serialized(),
            onFailure: request.string("OnStackFailure") ?? "ROLLBACK"
        )
        try await store.write { [events = store.events] db in
            if former == nil {
                try stack.insert(db)
                try events.record(StackEvent.of(stack, at: stack.created, reason: "User Initiated"), in: db)
            }
            let taken = try ChangeSet.filter(Column("stackID") == stack.id && Column("name") == name).fetchCount(db) > 0
            guard !taken else {
                throw AWSError.alreadyExists(
                    "ChangeSet \(name) cannot be created due to a mismatch with existing attribute ChangeSetName"
                )
            }
            try set.insert(db)
        }
        return AWSResponse(["Id": .string(set.id), "StackId": .string(stack.id)])
    }

    private static func changesOutputs(_ former: StackTarget, _ target: StackTarget) -> Bool {
        let before = (try? JSON(parsing: former.processed))?["Outputs"]
        let after = (try? JSON(parsing: target.processed))?["Outputs"]
        return before != after || former.parameters != target.parameters && after != nil
    }

    func describeChangeSet(_ request: AWSRequest) async throws -> AWSResponse {
        let (set, stack) = try await changeSet(try request.requiredString("ChangeSetName"), request)
        let parameters = set.target.parameters.sorted { $0.key < $1.key }.map { key, value -> JSON in
            let shown = set.target.secrets.contains(key) ? "****" : value
            return ["ParameterKey": .string(key), "ParameterValue": .string(shown)]
        }
        var members = Self.summary(set, stack)
        members.merge(
            .compact([
                "Parameters": parameters.isEmpty ? nil : .array(parameters),
                "NotificationARNs": [],
                "RollbackConfiguration": [:],
                "Capabilities": .array(set.capabilities.map { .string($0) }),
                "Tags": .array(set.target.tags.map { ["Key": .string($0.key), "Value": .string($0.value)] }),
                "Changes": try JSON(parsing: set.changes),
            ])
        )
        return AWSResponse(members)
    }

    func listChangeSets(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("StackName")
        let stack = try await stack(name, request.caller, missing: .validation("Stack [\(name)] does not exist"))
        let sets = try await store.read { db in
            try ChangeSet.filter(Column("stackID") == stack.id).order(Column("created").desc).fetchAll(db)
        }
        return try .page("Summaries", sets.map { .object(Self.summary($0, stack)) }, for: request)
    }

    private static func summary(_ set: ChangeSet, _ stack: Stack) -> JSON.Object {
        .compact([
            "StackId": .string(stack.id),
            "StackName": .string(stack.name),
            "ChangeSetId": .string(set.id),
            "ChangeSetName": .string(set.name),
            "Description": set.description.map { .string($0) },
            "CreationTime": set.created.moment,
            "ExecutionStatus": .string(set.executionStatus),
            "Status": .string(set.status),
            "StatusReason": set.reason.map { .string($0) },
        ])
    }

    func executeChangeSet(_ request: AWSRequest) async throws -> AWSResponse {
        let (set, stack) = try await changeSet(try request.requiredString("ChangeSetName"), request)
        guard set.executionStatus == "AVAILABLE" else {
            throw AWSError(
                "InvalidChangeSetStatus",
                "ChangeSet [\(set.id)] cannot be executed in its current execution status of [\(set.executionStatus)]"
            )
        }
        let onFailure = request.bool("DisableRollback") == true ? "DO_NOTHING" : set.onFailure
        let begun =
            set.type == "CREATE"
            ? try await beginCreation(of: stack, by: set, onFailure: onFailure)
            : try await beginUpdate(
                stack.id,
                to: set.target,
                capabilities: set.capabilities,
                onFailure: onFailure,
                changeSetID: set.id
            )
        try await store.write { db in
            var executed = set
            executed.executionStatus = "EXECUTE_COMPLETE"
            try executed.update(db)
            // The others were computed against a stack that is no more.
            try ChangeSet.filter(Column("stackID") == stack.id && Column("id") != set.id).deleteAll(db)
        }
        await runBriefly(begun)
        return AWSResponse()
    }

    private func beginCreation(of stack: Stack, by set: ChangeSet, onFailure: String) async throws -> Stack {
        let now = clock.now().milliseconds
        return try await store.write { [events = store.events] db in
            guard var stack = try Stack.fetchOne(db, key: stack.id), stack.status == "REVIEW_IN_PROGRESS" else {
                throw AWSError.validation("Stack:\(stack.id) is in \(stack.status) state and can not be created.")
            }
            stack.target = set.target
            stack.capabilities = set.capabilities
            stack.onFailure = onFailure
            stack.changeSetID = set.id
            stack.status = "CREATE_IN_PROGRESS"
            stack.reason = "User Initiated"
            try stack.update(db)
            try events.record(StackEvent.of(stack, at: now, reason: "User Initiated"), in: db)
            return stack
        }
    }

    func deleteChangeSet(_ request: AWSRequest) async throws -> AWSResponse {
        let (set, _) = try await changeSet(try request.requiredString("ChangeSetName"), request)
        try await store.write { db in _ = try set.delete(db) }
        return AWSResponse()
    }

    /// The set of that name or id, and its stack.
    func changeSet(_ name: String, _ request: AWSRequest) async throws -> (ChangeSet, Stack) {
        let stackName = request.string("StackName")
        return try await store.read { db in
            if name.hasPrefix("arn:") {
                guard let set = try ChangeSet.fetchOne(db, key: name),
                    let stack = try Stack.find(set.stackID, of: request.caller, in: db)
                else { throw AWSError.noSuchChangeSet(name) }
                return (set, stack)
            }
            guard let stackName else {
                throw AWSError.validation("StackName must be specified if ChangeSetName is not specified as an ARN.")
            }
            guard let stack = try Stack.find(stackName, of: request.caller, in: db) else {
                throw AWSError.validation("Stack [\(stackName)] does not exist")
            }
            guard let set = try ChangeSet.filter(Column("stackID") == stack.id && Column("name") == name).fetchOne(db)
            else { throw AWSError.noSuchChangeSet(name) }
            return (set, stack)
        }
    }
}
