import AWSProtocol
import GRDB
import JSON
import Store

/// What a registry has: repositories, tags, referrers.
extension RegistryEndpoint {
    /// `GET /v2/_catalog`
    func catalog(_ head: HTTPRequestHead, of caller: Caller) async throws -> HTTPAnswer {
        guard head.method == "GET" else { throw RegistryError.methodNotAllowed }
        let (last, count) = try page(head, limit: 1000)
        let names = try await ecr.store.read { db in
            try String.fetchAll(
                db,
                sql: """
                    SELECT name FROM ecr_repositories WHERE account = ? AND region = ? AND name > ? ORDER BY name LIMIT ?
                    """,
                arguments: [caller.account, caller.region, last, count + 1]
            )
        }
        return list("repositories", names, count, at: "/v2/_catalog")
    }

    /// `GET /v2/NAME/tags/list`
    func tags(_ target: Target, _ head: HTTPRequestHead) async throws -> HTTPAnswer {
        guard head.method == "GET" else { throw RegistryError.methodNotAllowed }
        let (last, count) = try page(head, limit: 1000)
        let tags = try await ecr.store.read { db in
            try target.repository.require(in: db)
            return try String.fetchAll(
                db,
                sql: """
                    SELECT tag FROM ecr_tags WHERE account = ? AND region = ? AND repository = ? AND tag > ?
                    ORDER BY tag LIMIT ?
                    """,
                arguments: target.repository.arguments + [last, count + 1]
            )
        }
        return list("tags", tags, count, at: "/v2/\(target.path)/tags/list", name: target.path)
    }

    /// The page asked for: what comes after `last`, at most `n` of it.
    private func page(_ head: HTTPRequestHead, limit: Int) throws -> (last: String, count: Int) {
        let last = head.queryValue("last") ?? ""
        guard let text = head.queryValue("n") else { return (last, limit) }
        guard let count = Int(text), count >= 0 else {
            throw RegistryError("PAGINATION_NUMBER_INVALID", "n must be a number of results", status: 400)
        }
        return (last, min(count, limit))
    }

    private func list(
        _ member: String,
        _ found: [String],
        _ count: Int,
        at path: String,
        name: String? = nil
    ) -> HTTPAnswer {
        let page = found.prefix(count)
        let body = JSON.compact([
            "name": name.map { .string($0) }, member: .array(page.map { .string($0) }),
        ])
        var answer = HTTPAnswer(
            status: 200,
            headers: ["Content-Type": "application/json"],
            body: Body(body.serialized())
        )
        if found.count > count, let last = page.last {
            answer.headers["Link"] = "<\(path)?n=\(count)&last=\(last)>; rel=\"next\""
        }
        return answer
    }

    /// `GET /v2/NAME/referrers/DIGEST`
    func referrers(_ text: String, _ target: Target, _ head: HTTPRequestHead) async throws -> HTTPAnswer {
        guard head.method == "GET" else { throw RegistryError.methodNotAllowed }
        let digest = try requiredDigest(text)
        let wanted = head.queryValue("artifactType")
        let images = try await ecr.store.read { db in
            try target.repository.require(in: db)
            return try target.repository.referrers(of: digest.description, in: db)
        }
        let manifests = images.filter { wanted == nil || $0.artifactType == wanted }.map { image in
            JSON.compact([
                "mediaType": .string(image.mediaType), "digest": .string(image.digest),
                "size": .integer(image.manifest.utf8.count),
                "artifactType": image.artifactType.map { .string($0) }, "annotations": image.annotations,
            ])
        }
        let index: JSON = [
            "schemaVersion": 2, "mediaType": .string(Manifest.MediaType.index), "manifests": .array(manifests),
        ]
        var answer = HTTPAnswer(
            status: 200,
            headers: ["Content-Type": Manifest.MediaType.index],
            body: Body(index.serialized())
        )
        if wanted != nil { answer.headers["OCI-Filters-Applied"] = "artifactType" }
        return answer
    }
}
