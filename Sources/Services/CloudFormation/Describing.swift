import AWSProtocol
import GRDB
import JSON
import Store

/// Answers about stacks.
extension CloudFormationService {
    func describeStacks(_ request: AWSRequest) async throws -> AWSResponse {
        let caller = request.caller
        if let name = request.string("StackName") {
            let stack = try await stack(name, caller)
            return AWSResponse(["Stacks": [Self.shape(stack)]])
        }
        let stacks = try await stacks(of: caller).filter { $0.status != "DELETE_COMPLETE" }
        return try .page("Stacks", stacks.map(Self.shape), for: request)
    }

    func listStacks(_ request: AWSRequest) async throws -> AWSResponse {
        let wanted = request.strings("StackStatusFilter")
        let stacks = try await stacks(of: request.caller).filter { wanted.isEmpty || wanted.contains($0.status) }
        let summaries = stacks.map { stack in
            JSON.compact([
                "StackId": .string(stack.id),
                "StackName": .string(stack.name),
                "TemplateDescription": stack.target.description.map { .string($0) },
                "CreationTime": stack.created.moment,
                "LastUpdatedTime": stack.updated?.moment,
                "DeletionTime": stack.deleted?.moment,
                "StackStatus": .string(stack.status),
                "StackStatusReason": stack.reason.map { .string($0) },
                "DriftInformation": ["StackDriftStatus": "NOT_CHECKED"],
            ])
        }
        return try .page("StackSummaries", summaries, for: request)
    }

    private func stacks(of caller: Caller) async throws -> [Stack] {
        try await store.read { db in
            try Stack.filter(Column("account") == caller.account && Column("region") == caller.region)
                .order(Column("created").desc).fetchAll(db)
        }
    }

    private static func shape(_ stack: Stack) -> JSON {
        let parameters = stack.target.parameters.sorted { $0.key < $1.key }.map { key, value -> JSON in
            let shown = stack.target.secrets.contains(key) ? "****" : value
            return ["ParameterKey": .string(key), "ParameterValue": .string(shown)]
        }
        let outputs = stack.outputs.sorted { $0.key < $1.key }.map { output in
            JSON.compact([
                "OutputKey": .string(output.key),
                "OutputValue": .string(output.value),
                "Description": output.description.map { .string($0) },
                "ExportName": output.export.map { .string($0) },
            ])
        }
        return .compact([
            "StackId": .string(stack.id),
            "StackName": .string(stack.name),
            "ChangeSetId": stack.changeSetID.map { .string($0) },
            "Description": stack.target.description.map { .string($0) },
            "Parameters": parameters.isEmpty ? nil : .array(parameters),
            "CreationTime": stack.created.moment,
            "LastUpdatedTime": stack.updated?.moment,
            "DeletionTime": stack.deleted?.moment,
            "RollbackConfiguration": [:],
            "StackStatus": .string(stack.status),
            "StackStatusReason": stack.reason.map { .string($0) },
            "DisableRollback": .bool(stack.onFailure == "DO_NOTHING"),
            "NotificationARNs": [],
            "Capabilities": stack.capabilities.isEmpty ? nil : .array(stack.capabilities.map { .string($0) }),
            "Outputs": outputs.isEmpty ? nil : .array(outputs),
            "RoleARN": stack.role.map { .string($0) },
            "Tags": .array(stack.target.tags.map { ["Key": .string($0.key), "Value": .string($0.value)] }),
            "EnableTerminationProtection": .bool(stack.isProtected),
            "DriftInformation": ["StackDriftStatus": "NOT_CHECKED"],
        ])
    }

    /// The latest first.
    func describeStackEvents(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("StackName")
        let stack = try await stack(name, request.caller, missing: .validation("Stack [\(name)] does not exist"))
        let events = try await store.read { db in
            try StackEvent.filter(Column("stackID") == stack.id).order(Column("id").desc).fetchAll(db)
        }
        let shapes = events.map { event in
            JSON.compact([
                "StackId": .string(stack.id),
                "EventId": .string(event.eventID),
                "StackName": .string(stack.name),
                "LogicalResourceId": .string(event.logicalID),
                "PhysicalResourceId": .string(event.physicalID ?? ""),
                "ResourceType": .string(event.type),
                "Timestamp": event.moment.moment,
                "ResourceStatus": .string(event.status),
                "ResourceStatusReason": event.reason.map { .string($0) },
                "ResourceProperties": event.properties.map { .string($0) },
            ])
        }
        return try .page("StackEvents", shapes, for: request)
    }

    // MARK: - Resources

    private func resources(_ stack: Stack) async throws -> [StackResource] {
        try await store.read { db in try StackResource.all(of: stack.id, in: db) }.filter { !$0.isObsolete }
    }

    private static func shape(_ resource: StackResource, timestamp: String) -> JSON.Object {
        .compact([
            "LogicalResourceId": .string(resource.logicalID),
            "PhysicalResourceId": resource.physicalID.map { .string($0) },
            "ResourceType": .string(resource.type),
            timestamp: resource.updated.moment,
            "ResourceStatus": .string(resource.status),
            "ResourceStatusReason": resource.reason.map { .string($0) },
            "DriftInformation": ["StackResourceDriftStatus": "NOT_CHECKED"],
        ])
    }

    func listStackResources(_ request: AWSRequest) async throws -> AWSResponse {
        let stack = try await stack(try request.requiredString("StackName"), request.caller)
        let shapes = try await resources(stack).map { JSON.object(Self.shape($0, timestamp: "LastUpdatedTimestamp")) }
        return try .page("StackResourceSummaries", shapes, for: request)
    }

    func describeStackResources(_ request: AWSRequest) async throws -> AWSResponse {
        let wanted = request.string("LogicalResourceId")
        guard let name = request.string("StackName") else { return try await describeByPhysicalID(request) }
        let stack = try await stack(name, request.caller)
        let resources = try await resources(stack).filter { wanted == nil || $0.logicalID == wanted }
        return AWSResponse(["StackResources": .array(resources.map { Self.described($0, in: stack) })])
    }

    private func describeByPhysicalID(_ request: AWSRequest) async throws -> AWSResponse {
        let id = try request.requiredString("PhysicalResourceId")
        for stack in try await stacks(of: request.caller) where stack.status != "DELETE_COMPLETE" {
            let resources = try await resources(stack)
            guard resources.contains(where: { $0.physicalID == id }) else { continue }
            return AWSResponse(["StackResources": .array(resources.map { Self.described($0, in: stack) })])
        }
        throw AWSError.validation("Stack for \(id) does not exist")
    }

    private static func described(_ resource: StackResource, in stack: Stack) -> JSON {
        let names: JSON.Object = ["StackId": .string(stack.id), "StackName": .string(stack.name)]
        return .object(names.merging(shape(resource, timestamp: "Timestamp")))
    }

    func describeStackResource(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("StackName")
        let id = try request.requiredString("LogicalResourceId")
        let stack = try await stack(name, request.caller, missing: .validation("Stack '\(name)' does not exist"))
        guard let resource = try await resources(stack).first(where: { $0.logicalID == id }) else {
            throw AWSError.validation("Resource \(id) does not exist for stack \(name)")
        }
        let names: JSON.Object = ["StackId": .string(stack.id), "StackName": .string(stack.name)]
        let detail = names.merging(Self.shape(resource, timestamp: "LastUpdatedTimestamp"))
        return AWSResponse(["StackResourceDetail": .object(detail)])
    }

    // MARK: - Exports

    struct Export {
        var stackID: String
        var name: String
        var value: String
    }

    func exports(of caller: Caller) async throws -> [Export] {
        try await store.read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT s.id, json_extract(o.value, '$.export'), json_extract(o.value, '$.value')
                    FROM cloudformation_stacks s, json_each(s.outputs) o
                    WHERE s.account = ? AND s.region = ? AND s.status <> 'DELETE_COMPLETE'
                        AND json_extract(o.value, '$.export') IS NOT NULL
                    ORDER BY 2
                    """,
                arguments: [caller.account, caller.region]
            ).map { Export(stackID: $0[0], name: $0[1], value: $0[2]) }
        }
    }

    func listExports(_ request: AWSRequest) async throws -> AWSResponse {
        let exports = try await exports(of: request.caller).map { export -> JSON in
            [
                "ExportingStackId": .string(export.stackID), "Name": .string(export.name),
                "Value": .string(export.value),
            ]
        }
        return try .page("Exports", exports, for: request)
    }
}

extension Int {
    /// Milliseconds since 1970 as a member of an answer.
    var moment: JSON { Timestamp(milliseconds: self).json }
}

extension AWSResponse {
    /// One page of a list, from the request's `NextToken`, of at most 100.
    static func page(_ member: String, _ items: [JSON], for request: AWSRequest) throws(AWSError) -> AWSResponse {
        var start = 0
        if let token = request.string("NextToken") {
            guard let place = Int(token), items.indices.contains(place) else {
                throw .validation("NextToken is invalid")
            }
            start = place
        }
        let end = Swift.min(items.count, start + 100)
        return .output([
            member: .array(Array(items[start..<end])),
            "NextToken": end < items.count ? .string(String(end)) : nil,
        ])
    }
}
