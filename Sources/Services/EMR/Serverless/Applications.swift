import AWSProtocol
import GRDB
import JSON
import Store

extension EMRServerlessService {
    static let pageSize = 50

    var applicationOperations: [String: OperationHandler] {
        [
            "CreateApplication": createApplication,
            "GetApplication": getApplication,
            "ListApplications": listApplications,
            "UpdateApplication": updateApplication,
            "StartApplication": startApplication,
            "StopApplication": stopApplication,
            "DeleteApplication": deleteApplication,
        ]
    }

    /// `CreateApplication`
    func createApplication(_ request: AWSRequest) async throws -> AWSResponse {
        let token = try request.requiredString("clientToken")
        let now = clock.now().milliseconds
        var document = request.input
        for member in ["clientToken", "tags"] { _ = document.removeValue(forKey: member) }
        let made = ServerlessApplication(
            id: EMRServerlessService.id(),
            account: request.caller.account,
            region: request.caller.region,
            token: token,
            created: now,
            updated: now,
            request: JSON.object(document).serialized(),
            tags: request.tags
        )
        let application = try await store.write { [events = store.events] db in
            let same = ServerlessApplication.filter(
                Column("account") == made.account && Column("region") == made.region && Column("token") == token
            )
            if let known = try same.fetchOne(db) { return known }
            var made = made
            try made.insert(db)
            try events.tell(made, after: nil, in: db)
            return made
        }
        return .output([
            "applicationId": .string(application.id), "name": application.document["name"],
            "arn": .string(application.arn),
        ])
    }

    /// `GetApplication`
    func getApplication(_ request: AWSRequest) async throws -> AWSResponse {
        let id = try request.requiredString("applicationId")
        let found = try await store.read { [caller = request.caller] db in
            try ServerlessApplication.require(id, of: caller, in: db)
        }
        return AWSResponse(["application": found.description])
    }

    /// `ListApplications`
    func listApplications(_ request: AWSRequest) async throws -> AWSResponse {
        let states = request.strings("states")
        let (limit, marker) = (
            request.integer("maxResults") ?? Self.pageSize, request.string("nextToken").flatMap(Int64.init)
        )
        let found = try await store.read { [caller = request.caller] db in
            var query = ServerlessApplication.filter(
                Column("account") == caller.account && Column("region") == caller.region
            )
            if !states.isEmpty { query = query.filter(states.contains(Column("state"))) }
            if let marker { query = query.filter(Column("number") < marker) }
            return try query.order(Column("number").desc).limit(limit + 1).fetchAll(db)
        }
        let page = found.prefix(limit)
        return .output([
            "applications": .array(page.map(\.summary)),
            "nextToken": found.count > page.count ? page.last?.number.map { .string(String($0)) } : nil,
        ])
    }

    /// `UpdateApplication`
    func updateApplication(_ request: AWSRequest) async throws -> AWSResponse {
        var members = request.input
        for member in ["applicationId", "clientToken"] { _ = members.removeValue(forKey: member) }
        let changed = try await change(request) { [members] application in
            guard application.state == .created || application.state == .stopped else {
                throw AWSError.refused(
                    "Application must be in one of the following states to be updated: [CREATED, STOPPED]"
                )
            }
            application.request = JSON.object((application.document.objectValue ?? [:]).merging(members)).serialized()
        }
        return AWSResponse(["application": changed.description])
    }

    /// `StartApplication`
    func startApplication(_ request: AWSRequest) async throws -> AWSResponse {
        try await change(request) { application in
            guard application.state != .terminated else {
                throw AWSError.refused("Application \(application.id) is TERMINATED and cannot be started.")
            }
            application.state = .started
        }
        return AWSResponse()
    }

    /// `StopApplication`
    func stopApplication(_ request: AWSRequest) async throws -> AWSResponse {
        try await change(request) { application in
            if application.state == .started { application.state = .stopped }
        }
        return AWSResponse()
    }

    /// `DeleteApplication`
    func deleteApplication(_ request: AWSRequest) async throws -> AWSResponse {
        try await change(request) { application in
            guard application.state != .started else {
                throw AWSError.refused(
                    "Application must be in one of the following states to be deleted: [CREATED, STOPPED]"
                )
            }
            application.state = .terminated
        }
        return AWSResponse()
    }

    @discardableResult
    private func change(
        _ request: AWSRequest,
        _ body: @escaping @Sendable (inout ServerlessApplication) throws -> Void
    ) async throws -> ServerlessApplication {
        let id = try request.requiredString("applicationId")
        let now = clock.now().milliseconds
        return try await store.write { [caller = request.caller, events = store.events] db in
            var application = try ServerlessApplication.require(id, of: caller, in: db)
            let former = application.state
            try body(&application)
            application.updated = now
            try application.update(db)
            try events.tell(application, after: former, in: db)
            return application
        }
    }

    /// Sixteen letters and digits, as those of AWS.
    static func id() -> String { "00" + RandomText.string(14, from: "abcdefghijklmnopqrstuvwxyz0123456789") }
}

extension AWSRequest {
    /// The tags of a `TagMap` member.
    var tags: [String: String] {
        var tags: [String: String] = [:]
        for (key, value) in self["tags"]?.objectValue ?? [:] { tags[key] = value.stringValue ?? "" }
        return tags
    }
}

extension ServerlessApplication {
    /// As `GetApplication` gives it.
    fileprivate var description: JSON {
        let document = document
        var members = document.objectValue ?? [:]
        members.merge(
            .compact([
                "applicationId": .string(id), "arn": .string(arn), "state": .string(state.rawValue), "stateDetails": "",
                "createdAt": Timestamp(milliseconds: created).json, "updatedAt": Timestamp(milliseconds: updated).json,
                "tags": .object(JSON.Object(tags.map { ($0.key, .string($0.value)) })),
                "architecture": document["architecture"] ?? "X86_64",
                "autoStartConfiguration": document["autoStartConfiguration"] ?? ["enabled": true],
                "autoStopConfiguration": document["autoStopConfiguration"]
                    ?? ["enabled": true, "idleTimeoutMinutes": 15],
            ])
        )
        return .object(members)
    }

    fileprivate var summary: JSON {
        let document = document
        return .compact([
            "id": .string(id), "name": document["name"], "arn": .string(arn), "releaseLabel": document["releaseLabel"],
            "type": document["type"], "state": .string(state.rawValue), "stateDetails": "",
            "createdAt": Timestamp(milliseconds: created).json, "updatedAt": Timestamp(milliseconds: updated).json,
            "architecture": document["architecture"] ?? "X86_64",
        ])
    }
}
