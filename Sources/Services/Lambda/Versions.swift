import AWSProtocol
import GRDB
import JSON

/// Published versions: what `$LATEST` was at a moment.
extension LambdaService {
    func publishVersion(_ request: AWSRequest) async throws -> AWSResponse {
        let reference = try reference(request).qualified(nil)
        let now = clock.now()
        let published = try await change(reference) { rows in
            _ = try rows.function()
            let latest = try rows.version(0)
            try FunctionConfiguration(updating: latest.configuration).checkRevision(request)
            if let wanted = request["CodeSha256"], wanted != latest.configuration["CodeSha256"] {
                throw AWSError.invalidParameter(
                    "CodeSHA256 (\(wanted.stringValue ?? "")) is different from current CodeSHA256 in $LATEST "
                        + "(\(latest.configuration["CodeSha256"]?.stringValue ?? "")). Please try again with the "
                        + "CodeSHA256 in $LATEST."
                )
            }
            return try rows.publish(latest, description: request.string("Description"), at: now)
        }
        return AWSResponse(published.output(reference.qualified(published.name)), status: 201)
    }

    func listVersionsByFunction(_ request: AWSRequest) async throws -> AWSResponse {
        let reference = try reference(request).qualified(nil)
        let versions = try await read(reference) { rows in
            _ = try rows.function()
            return try rows.versions()
        }
        return try page(versions.map { .object($0.output(reference.qualified($0.name))) }, "Versions", request)
    }
}

extension FunctionRows {
    /// Makes a version of `$LATEST`, or answers the last one where nothing has changed since.
    func publish(_ latest: VersionRecord, description: String?, at moment: Timestamp) throws -> VersionRecord {
        var function = try function()
        if function.lastVersion > 0, let last = try? version(function.lastVersion),
            Self.content(last.configuration) == Self.content(latest.configuration)
        {
            return last
        }
        function.lastVersion += 1
        var configuration = FunctionConfiguration(updating: latest.configuration)
        configuration.touch(at: moment)
        var published = VersionRecord(
            number: function.lastVersion,
            configuration: configuration.members,
            code: latest.code
        )
        published.configuration["Version"] = .string(published.name)
        if let description { published.configuration["Description"] = .string(description) }
        try save(function)
        try save(published)
        return published
    }

    /// - Throws: `ResourceConflictException` where an alias points to the version.
    func refuseUsedVersion(_ number: Int) throws {
        let text = String(number)
        let users = try documents("lambda_aliases", "alias").filter { _, alias in
            alias["FunctionVersion"]?.stringValue == text
                || alias["RoutingConfig"]?["AdditionalVersionWeights"]?[text] != nil
        }
        guard users.isEmpty else {
            throw AWSError.conflict(
                "Version \(number) is currently in use by alias(es): \(users.map(\.key).joined(separator: ", "))"
            )
        }
    }

    /// What makes a version differ from another.
    private static func content(_ configuration: JSON.Object) -> JSON.Object {
        var content = configuration
        for name in ["Version", "LastModified", "RevisionId", "Description"] { content.removeValue(forKey: name) }
        return content
    }
}
