public import AWSProtocol
import Logging

/// The registry that `docker`, `podman`, `skopeo` and every other client of the OCI distribution specification 1.1 talk
/// to, over ECR's repositories.
public struct RegistryEndpoint: HTTPEndpoint {
    let ecr: ECRService

    /// Whether the path is the registry's. A signed request is for an AWS service, and an object's key may begin with
    /// `v2/` where the bucket is in the host's name.
    public func serves(_ head: HTTPRequestHead) -> Bool {
        guard head.path == "/v2" || head.path.hasPrefix("/v2/") else { return false }
        if head.headers["authorization"]?.hasPrefix("AWS") ?? false { return false }
        let host = head.headers["host"]?.lowercased() ?? ""
        return !host.split(separator: ".").contains { $0 == "s3" || $0.hasPrefix("s3-") }
    }

    public func answer(_ head: HTTPRequestHead, _ body: Body, stranger: Caller?) async -> HTTPAnswer {
        var answer: HTTPAnswer
        do {
            answer = try await respond(head, body, stranger: stranger)
        } catch let error as RegistryError {
            answer = error.answer
        } catch let error as AWSError {
            answer = RegistryError(error).answer
        } catch {
            ecr.logger.error("A registry request failed", metadata: ["path": "\(head.path)", "error": "\(error)"])
            answer = RegistryError("UNKNOWN", "The yard failed to process the request: \(error)", status: 500).answer
        }
        answer.headers.append("Docker-Distribution-Api-Version", "registry/2.0")
        return answer
    }

    private func respond(_ head: HTTPRequestHead, _ body: Body, stranger: Caller?) async throws -> HTTPAnswer {
        guard let route = RegistryRoute(path: head.decodedPath) else { throw RegistryError.notFound }
        if case .download(let sealed) = route { return try await download(sealed, head) }
        let caller = try await caller(head, stranger: stranger)
        switch route {
        case .base: return HTTPAnswer(status: 200, headers: ["Content-Type": "application/json"], body: Body("{}"))
        case .catalog: return try await catalog(head, of: caller)
        case .blob(let name, let digest): return try await blob(digest, try target(name, caller), head)
        case .uploads(let name): return try await beginUpload(try target(name, caller), head, body)
        case .upload(let name, let id): return try await upload(id, try target(name, caller), head, body)
        case .manifest(let name, let reference):
            return try await manifest(reference, try target(name, caller), head, body)
        case .tags(let name): return try await tags(try target(name, caller), head)
        case .referrers(let name, let digest): return try await referrers(digest, try target(name, caller), head)
        case .download: throw RegistryError.notFound
        }
    }

    /// A repository as a request names it.
    struct Target: Sendable {
        /// As it stands in the path; `Location` headers repeat it.
        var path: String
        var repository: RepositoryAddress
    }

    private func target(_ path: String, _ caller: Caller) throws -> Target {
        var repository = RepositoryAddress(account: caller.account, region: caller.region, name: path)
        if let slash = path.firstIndex(of: "/"), let host = RegistryHost(path[..<slash]) {
            let name = String(path[path.index(after: slash)...])
            repository = RepositoryAddress(account: host.account, region: host.region, name: name)
        }
        guard RepositoryName.isValid(repository.name) else { throw RegistryError.invalidName(repository.name) }
        return Target(path: path, repository: repository)
    }
}

/// A digest in a request.
/// - Throws: `DIGEST_INVALID`.
func requiredDigest(_ text: String) throws(RegistryError) -> Digest {
    guard let digest = Digest(text) else { throw .invalidDigest(text) }
    return digest
}
