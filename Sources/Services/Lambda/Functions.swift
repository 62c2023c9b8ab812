import AWSProtocol
import Compute
import GRDB
import JSON
import Store

/// Functions: create, describe, list, update, delete.
extension LambdaService {
    func createFunction(_ request: AWSRequest) async throws -> AWSResponse {
        let reference = try FunctionReference(request.requiredString("FunctionName"), caller: request.caller).qualified(
            nil
        )
        let code = request["Code"]?.objectValue ?? [:]
        var configuration = try FunctionConfiguration(creating: request, name: reference.name)
        guard try await read(reference, { try $0.existingFunction() }) == nil else { throw Self.exists(reference) }
        let package = try await receive(code, isImage: configuration.isImage, request.caller)
        configuration.setCode(package)
        configuration.touch(at: clock.now())
        let members = configuration.members
        let tags = request["Tags"]?.objectValue ?? [:]
        let publishes = request.bool("Publish") ?? false
        let now = clock.now()
        do {
            let created = try await change(reference) { rows in
                guard try rows.existingFunction() == nil else { throw Self.exists(reference) }
                try rows.save(FunctionRecord(lastVersion: 0, reservedConcurrency: nil, tags: tags))
                let latest = VersionRecord(number: 0, configuration: members, code: package.code.stored)
                try rows.save(latest)
                return publishes ? try rows.publish(latest, description: nil, at: now) : latest
            }
            let answered = publishes ? reference.qualified(created.name) : reference
            return AWSResponse(created.output(answered), status: 201)
        } catch {
            await packages.discard(package)
            throw error
        }
    }

    private static func exists(_ reference: FunctionReference) -> AWSError {
        .conflict("Function already exist: \(reference.name)")
    }

    private func receive(_ code: JSON.Object, isImage: Bool, _ caller: Caller) async throws -> ReceivedCode {
        if isImage { try await images.receive(code) } else { try await packages.receive(code, caller) }
    }

    /// - Throws: `InvalidParameterValueException` where a package is given for an image, or the other way round.
    private func checkKind(_ code: JSON.Object, isImage: Bool) throws(AWSError) {
        let givesImage = code["ImageUri"] != nil
        let givesPackage = code["ZipFile"] != nil || code["S3Bucket"] != nil || code["S3Key"] != nil
        if isImage, givesPackage || !givesImage {
            throw .invalidParameter("Please provide ImageUri when updating a function with packageType Image.")
        }
        if !isImage, givesImage {
            throw .invalidParameter("Please don't provide ImageUri when updating a function with packageType Zip.")
        }
    }

    func getFunction(_ request: AWSRequest) async throws -> AWSResponse {
        let reference = try reference(request)
        let (version, function) = try await read(reference) { rows in
            (try rows.resolve().version, try rows.function())
        }
        return .output([
            "Configuration": .object(version.output(reference)),
            "Code": code(version),
            "Tags": function.tags.isEmpty ? nil : .object(function.tags),
            "Concurrency": function.reservedConcurrency.map { ["ReservedConcurrentExecutions": .integer($0)] },
        ])
    }

    /// Where AWS gives a presigned URL of its own bucket, the yard names the file on this machine.
    private func code(_ version: VersionRecord) -> JSON {
        switch FunctionCode(stored: version.code) {
        case .package(let blob):
            ["RepositoryType": "S3", "Location": .string("file://\(store.blobs.path(of: blob))")]
        case .image(let image):
            [
                "RepositoryType": "ECR", "ImageUri": .string(image.uri),
                "ResolvedImageUri": .string(image.resolvedURI),
            ]
        }
    }

    func getFunctionConfiguration(_ request: AWSRequest) async throws -> AWSResponse {
        let reference = try reference(request)
        let version = try await read(reference) { try $0.resolve().version }
        return AWSResponse(version.output(reference))
    }

    func listFunctions(_ request: AWSRequest) async throws -> AWSResponse {
        let (account, region) = (request.caller.account, request.caller.region)
        let all = request.string("FunctionVersion") == "ALL"
        let outputs = try await store.read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT name, version, configuration, code FROM lambda_versions
                    WHERE account = ? AND region = ? \(all ? "" : "AND version = 0") ORDER BY name, version
                    """,
                arguments: [account, region]
            ).map { row in
                let version = try FunctionRows.version(row)
                let reference = FunctionReference(
                    account: account,
                    region: region,
                    name: row["name"],
                    qualifier: all ? version.name : nil
                )
                return JSON.object(version.output(reference))
            }
        }
        return try page(outputs, "Functions", request)
    }

    func updateFunctionCode(_ request: AWSRequest) async throws -> AWSResponse {
        let reference = try reference(request).qualified(nil)
        let before = try await read(reference) { rows in
            _ = try rows.function()
            return try rows.version(0)
        }
        let current = FunctionConfiguration(updating: before.configuration)
        try current.checkRevision(request)
        try checkKind(request.input, isImage: current.isImage)
        let package = try await receive(request.input, isImage: current.isImage, request.caller)
        let architectures = request["Architectures"]
        let isDry = request.bool("DryRun") ?? false
        let publishes = request.bool("Publish") ?? false
        let now = clock.now()
        let replace: @Sendable (FunctionRows) throws -> (VersionRecord, String) = { rows in
            var latest = try rows.version(0)
            var configuration = FunctionConfiguration(updating: latest.configuration)
            try configuration.checkRevision(request)
            let replaced = latest.code
            configuration.setCode(package)
            configuration.touch(at: now)
            latest.configuration = configuration.members
            if let architectures { latest.configuration["Architectures"] = architectures }
            latest.code = package.code.stored
            guard !isDry else { return (latest, package.code.stored) }
            try rows.save(latest)
            return (publishes ? try rows.publish(latest, description: nil, at: now) : latest, replaced)
        }
        let (updated, replaced): (VersionRecord, String)
        do {
            (updated, replaced) = try await change(reference, replace)
        } catch {
            await packages.discard(package)
            throw error
        }
        await pool.retire(reference)
        try await packages.release([replaced])
        return AWSResponse(updated.output(publishes ? reference.qualified(updated.name) : reference))
    }

    func updateFunctionConfiguration(_ request: AWSRequest) async throws -> AWSResponse {
        let reference = try reference(request).qualified(nil)
        let now = clock.now()
        let updated = try await change(reference) { rows in
            _ = try rows.function()
            var latest = try rows.version(0)
            var configuration = FunctionConfiguration(updating: latest.configuration)
            try configuration.checkRevision(request)
            try configuration.apply(request)
            configuration.touch(at: now)
            latest.configuration = configuration.members
            try rows.save(latest)
            return latest
        }
        await pool.retire(reference)
        return AWSResponse(updated.output(reference))
    }

    /// Deletes the function, or one published version.
    func deleteFunction(_ request: AWSRequest) async throws -> AWSResponse {
        let reference = try reference(request)
        let codes = try await change(reference) { rows in
            _ = try rows.function()
            guard let qualifier = reference.qualifier else {
                let codes = try rows.versions().map(\.code)
                try rows.deleteEverything()
                return Set(codes)
            }
            guard qualifier != "$LATEST" else {
                throw AWSError.invalidParameter("$LATEST version cannot be deleted without deleting the function.")
            }
            guard let number = Int(qualifier) else {
                throw AWSError.invalidParameter(
                    "Deletion of aliases is not currently supported. Please use DeleteAlias API."
                )
            }
            let version = try rows.version(number)
            try rows.refuseUsedVersion(number)
            try rows.deleteVersion(number)
            return [version.code]
        }
        await pool.retire(reference)
        try await packages.release(codes)
        return AWSResponse(["StatusCode": 204], status: 204)
    }

    func reference(_ request: AWSRequest) throws(AWSError) -> FunctionReference {
        try FunctionReference(
            request.requiredString("FunctionName"),
            qualifier: request.string("Qualifier"),
            caller: request.caller
        )
    }

    /// A page of a list: `Marker` is where it begins, `MaxItems` at most 50 as on AWS.
    func page(_ items: [JSON], _ member: String, _ request: AWSRequest) throws(AWSError) -> AWSResponse {
        var start = 0
        if let marker = request.string("Marker"), !marker.isEmpty {
            guard let offset = Int(marker), offset >= 0 else { throw .invalidParameter("The marker is invalid.") }
            start = min(offset, items.count)
        }
        let end = min(items.count, start + min(50, request.integer("MaxItems") ?? 50))
        return .output([
            member: .array(Array(items[start..<end])),
            "NextMarker": end < items.count ? .string(String(end)) : nil,
        ])
    }
}
