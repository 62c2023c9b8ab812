import AWSProtocol
import GRDB
import JSON
import Store

/// Images that say something about another: signatures, lists of contents, attestations.
extension ECRService {
    func listImageReferrers(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("repositoryName")
        let subject = request["subjectId"]?["imageDigest"]?.stringValue ?? ""
        let types = request["filter"]?["artifactTypes"]?.arrayValue?.compactMap(\.stringValue) ?? []
        let status = request["filter"]?["artifactStatus"]?.stringValue ?? "ACTIVE"
        let images = try await store.read { db in
            try self.repository(name, request, in: db).address.referrers(of: subject, in: db)
        }
        let referrers = images.filter { image in
            (types.isEmpty || types.contains(image.artifactType ?? ""))
                && (status == "ANY" || status == image.status.rawValue)
        }.map { image in
            JSON.compact([
                "digest": .string(image.digest), "mediaType": .string(image.mediaType),
                "artifactType": image.artifactType.map { .string($0) },
                "size": .integer(image.manifest.utf8.count), "annotations": image.annotations,
                "artifactStatus": .string(image.status.rawValue),
            ])
        }
        let page = try Page(referrers, for: request)
        return .output(["referrers": .array(page.items), "nextToken": page.next])
    }
}

extension RepositoryAddress {
    /// The images that say something about the one of that digest, which itself need not be there.
    func referrers(of digest: String, in db: Database) throws -> [Image] {
        try Image.filter(Column("account") == account && Column("region") == region)
            .filter(Column("repository") == name && Column("subject") == digest)
            .order(Column("pushed"), Column("digest")).fetchAll(db)
    }
}

extension Image {
    var annotations: JSON? { (try? JSON(parsing: manifest))?["annotations"] }
}
