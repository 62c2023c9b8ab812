import AWSProtocol
import GRDB
import JSON
import Store

/// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAttributes.html
extension S3Service {
    func getObjectAttributes(_ request: AWSRequest) async throws -> AWSResponse {
        try ObjectDescription.refuseUnserved(request)
        let wanted = Set(request.strings("ObjectAttributes"))
        let known: Set = ["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"]
        guard !wanted.isEmpty, wanted.isSubset(of: known) else {
            throw AWSError.invalidArgument(
                "Invalid attribute name specified.",
                "x-amz-object-attributes",
                wanted.subtracting(known).sorted().first
            )
        }
        let (bucket, object, parts) = try await store.read { db in
            let (bucket, object) = try Self.readableObject(request, method: "GET", in: db)
            return (bucket, object, try object.parts(in: db))
        }
        // A checksum of checksums stands here without the number of parts that GetObject adds to it.
        let checksums = object.checksums.mapValues { value in
            .string(String((value.stringValue ?? "").prefix { $0 != "-" }))
        }
        var output: JSON.Object = .compact([
            "LastModified": object.lastModified,
            "VersionId": object.answeredVersion(in: bucket),
            "ETag": JSON.string(object.etag).if(wanted.contains("ETag")),
            "Checksum": JSON.object(checksums).if(wanted.contains("Checksum") && !checksums.isEmpty),
            "StorageClass": JSON.string(object.storageClass).if(wanted.contains("StorageClass")),
            "ObjectSize": JSON.integer(object.size).if(wanted.contains("ObjectSize")),
        ])
        if wanted.contains("ObjectParts"), !parts.isEmpty {
            output["ObjectParts"] = try Self.describe(parts, of: object, request)
        }
        return AWSResponse(output)
    }

    /// The parts one by one are told only where their checksums are part of the object's.
    private static func describe(
        _ parts: [PartRecord],
        of object: ObjectRecord,
        _ request: AWSRequest
    ) throws(AWSError) -> JSON {
        guard object.attributes["ChecksumType"] == "COMPOSITE" else {
            return ["TotalPartsCount": .integer(parts.count)]
        }
        let limit = try ListingRequest(request, limit: "MaxParts").limit
        let marker = request["PartNumberMarker"].flatMap { $0.intValue ?? $0.stringValue.flatMap { Int($0) } } ?? 0
        let numbered = parts.enumerated().map { (number: $0.offset + 1, part: $0.element) }
        let page = numbered.drop { $0.number <= marker }.prefix(limit)
        return .compact([
            "TotalPartsCount": .integer(parts.count),
            "PartNumberMarker": .integer(marker),
            "NextPartNumberMarker": .integer(page.last?.number ?? marker),
            "MaxParts": .integer(limit),
            "IsTruncated": .bool((page.last?.number ?? parts.count) < parts.count),
            "Parts": .array(
                page.map { entry in
                    let members: JSON.Object = [
                        "PartNumber": .integer(entry.number), "Size": .integer(entry.part.size),
                    ]
                    return .object(members.merging(entry.part.checksum))
                }
            ),
        ])
    }
}
