import AWSProtocol
import GRDB
import JSON

/// Aliases: names that point to a version, or share calls out between two.
extension LambdaService {
    func createAlias(_ request: AWSRequest) async throws -> AWSResponse {
        let reference = try aliasReference(request)
        let alias = try await change(reference) { rows in
            _ = try rows.function()
            guard try rows.alias() == nil else { throw AWSError.conflict("Alias already exists: \(reference.arn)") }
            var alias: JSON.Object = [
                "Name": .string(reference.qualifier ?? ""),
                "Description": request["Description"] ?? "",
            ]
            try rows.set(&alias, request)
            return alias
        }
        return AWSResponse(output(alias, reference), status: 201)
    }

    func getAlias(_ request: AWSRequest) async throws -> AWSResponse {
        let reference = try aliasReference(request)
        let alias = try await read(reference) { try $0.requiredAlias() }
        return AWSResponse(output(alias, reference))
    }

    func updateAlias(_ request: AWSRequest) async throws -> AWSResponse {
        let reference = try aliasReference(request)
        let alias = try await change(reference) { rows in
            var alias = try rows.requiredAlias()
            if let wanted = request["RevisionId"], wanted != alias["RevisionId"] { throw AWSError.staleRevision }
            if let description = request["Description"] { alias["Description"] = description }
            try rows.set(&alias, request)
            return alias
        }
        return AWSResponse(output(alias, reference))
    }

    /// Also answers where there is no such alias, as AWS does.
    func deleteAlias(_ request: AWSRequest) async throws -> AWSResponse {
        let reference = try aliasReference(request)
        try await change(reference) { rows in
            _ = try rows.function()
            try rows.delete("lambda_aliases", "alias", reference.qualifier ?? "")
        }
        return AWSResponse(status: 204)
    }

    func listAliases(_ request: AWSRequest) async throws -> AWSResponse {
        let reference = try reference(request).qualified(nil)
        let aliases = try await read(reference) { rows in
            _ = try rows.function()
            return try rows.documents("lambda_aliases", "alias")
        }
        let version = request["FunctionVersion"]
        let outputs = aliases.filter { version == nil || $0.document["FunctionVersion"] == version }.map {
            name,
            alias in
            JSON.object(output(alias, reference.qualified(name)))
        }
        return try page(outputs, "Aliases", request)
    }

    private func aliasReference(_ request: AWSRequest) throws(AWSError) -> FunctionReference {
        try FunctionReference(request.requiredString("FunctionName"), caller: request.caller)
            .qualified(request.requiredString("Name"))
    }

    private func output(_ alias: JSON.Object, _ reference: FunctionReference) -> JSON.Object {
        (["AliasArn": .string(reference.arn)] as JSON.Object).merging(alias)
    }
}

extension FunctionRows {
    fileprivate func alias() throws -> JSON.Object? {
        try document("lambda_aliases", "alias", reference.qualifier ?? "")
    }

    fileprivate func requiredAlias() throws -> JSON.Object {
        _ = try function()
        guard let alias = try alias() else { throw AWSError.aliasNotFound(reference) }
        return alias
    }

    /// Takes over where the alias points to, and saves it as a new revision.
    fileprivate func set(_ alias: inout JSON.Object, _ request: AWSRequest) throws {
        if let version = request["FunctionVersion"] { alias["FunctionVersion"] = version }
        if let routing = request["RoutingConfig"] {
            let weights = routing["AdditionalVersionWeights"]?.objectValue ?? [:]
            alias["RoutingConfig"] = weights.isEmpty ? nil : routing
        }
        try check(alias)
        alias["RevisionId"] = .string(RandomText.uuid())
        try save(alias, "lambda_aliases", "alias", reference.qualifier ?? "")
    }

    private func check(_ alias: JSON.Object) throws {
        let primary = alias["FunctionVersion"]?.stringValue ?? ""
        let weights = alias["RoutingConfig"]?["AdditionalVersionWeights"]?.objectValue ?? [:]
        for name in [primary] + weights.keys {
            let number = name == "$LATEST" ? 0 : Int(name) ?? -1
            _ = try FunctionRows(reference.qualified(name), in: db).version(number)
        }
        guard weights.isEmpty || primary != "$LATEST" && weights["$LATEST"] == nil else {
            throw AWSError.invalidParameter("$LATEST is not supported for an alias pointing to more than 1 version")
        }
        guard weights[primary] == nil else {
            throw AWSError.invalidParameter(
                "Invalid function version \(primary). Function version \(primary) is already included in routing "
                    + "configuration."
            )
        }
    }
}
