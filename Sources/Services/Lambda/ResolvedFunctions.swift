import AWSProtocol
import GRDB
import JSON
import Synchronization

/// A function as it is to be run: the version that a reference means.
struct ResolvedFunction: Sendable {
    /// With the caller's qualifier.
    var reference: FunctionReference
    var version: VersionRecord
    var reservedConcurrency: Int?
    /// Where an alias sends a part of its calls to.
    var routing: [(version: VersionRecord, weight: Double)] = []

    var runtime: String { version.configuration["Runtime"]?.stringValue ?? "" }
    var handler: String { version.configuration["Handler"]?.stringValue ?? "" }
    var role: String { version.configuration["Role"]?.stringValue ?? "" }
    var code: FunctionCode { FunctionCode(stored: version.code) }
    var codeSHA256: String { version.configuration["CodeSha256"]?.stringValue ?? "" }
    var revisionID: String { version.configuration["RevisionId"]?.stringValue ?? "" }
    /// In megabytes.
    var memorySize: Int { version.configuration["MemorySize"]?.intValue ?? 128 }
    /// The size of `/tmp` in bytes.
    var scratchSize: Int { (version.configuration["EphemeralStorage"]?["Size"]?.intValue ?? 512) << 20 }
    /// In seconds.
    var timeout: Int { version.configuration["Timeout"]?.intValue ?? 3 }
    var logGroup: String {
        version.configuration["LoggingConfig"]?["LogGroup"]?.stringValue ?? "/aws/lambda/\(reference.name)"
    }
    var variables: [String: String] {
        let variables = version.configuration["Environment"]?["Variables"]?.objectValue ?? [:]
        return Dictionary(uniqueKeysWithValues: variables.map { ($0.key, $0.value.stringValue ?? "") })
    }
    var caller: Caller {
        Caller(account: reference.account, region: reference.region, principal: "lambda.amazonaws.com")
    }
}

extension FunctionRows {
    /// The version that the reference's qualifier means.
    /// - Throws: `ResourceNotFoundException`.
    func resolve() throws -> ResolvedFunction {
        let function = try function()
        let alias = try aliasConfiguration()
        let number = try versionNumber(alias?["FunctionVersion"]?.stringValue ?? reference.qualifier ?? "$LATEST")
        var resolved = ResolvedFunction(
            reference: reference,
            version: try version(number),
            reservedConcurrency: function.reservedConcurrency
        )
        for (other, weight) in alias?["RoutingConfig"]?["AdditionalVersionWeights"]?.objectValue ?? [:] {
            resolved.routing.append((try version(try versionNumber(other)), weight.doubleValue ?? 0))
        }
        return resolved
    }

    /// The alias's document where the qualifier is an alias.
    private func aliasConfiguration() throws -> JSON.Object? {
        guard let qualifier = reference.qualifier, qualifier != "$LATEST", Int(qualifier) == nil else { return nil }
        guard let alias = try document("lambda_aliases", "alias", qualifier) else {
            throw AWSError.functionNotFound(reference)
        }
        return alias
    }

    func versionNumber(_ text: String) throws -> Int {
        if text == "$LATEST" { return 0 }
        guard let number = Int(text), number > 0 else { throw AWSError.functionNotFound(reference) }
        return number
    }
}

/// What references have been resolved to since the last change of any function: calls of a warm function need no query.
final class ResolvedFunctions: Sendable {
    private struct State {
        var functions: [FunctionReference: ResolvedFunction] = [:]
        var generation = 0
    }

    private let state = Mutex(State())

    func forget() {
        state.withLock { state in
            state.functions = [:]
            state.generation += 1
        }
    }

    /// What the reference means, by `resolve` where it is not known.
    func function(
        _ reference: FunctionReference,
        resolve: () async throws -> ResolvedFunction
    ) async throws -> ResolvedFunction {
        let (known, generation) = state.withLock { ($0.functions[reference], $0.generation) }
        if let known { return known }
        let function = try await resolve()
        state.withLock { state in
            if state.generation == generation { state.functions[reference] = function }
        }
        return function
    }
}
