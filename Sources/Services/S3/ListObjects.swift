import AWSProtocol
import GRDB
import JSON
import Store

/// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
/// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjects.html
extension S3Service {
    func listObjectsV2(_ request: AWSRequest) async throws -> AWSResponse {
        let form = try ListingRequest(request, limit: "MaxKeys")
        let token = request.string("ContinuationToken").flatMap { $0.isEmpty ? nil : $0 }
        let after = try token.map { try ContinuationToken.decode($0) } ?? request.string("StartAfter")
        let (bucket, listing) = try await list(request, form, after: after)
        let delimiter = request.string("Delimiter").flatMap { $0.isEmpty ? nil : $0 }
        return .output([
            "Name": .string(bucket.name),
            "Prefix": form.encoded(request.string("Prefix") ?? ""),
            "Delimiter": form.encoded(delimiter),
            "MaxKeys": .integer(form.limit),
            "EncodingType": form.encodingType,
            "KeyCount": .integer(listing.entries.count),
            "IsTruncated": .bool(listing.isTruncated),
            "ContinuationToken": token.map { .string($0) },
            "NextContinuationToken": listing.isTruncated
                ? listing.last.map { .string(ContinuationToken.encode($0)) } : nil,
            "StartAfter": form.encoded(request.string("StartAfter")),
            "Contents": form.contents(listing.entries, withOwner: request.bool("FetchOwner") ?? false),
            "CommonPrefixes": form.commonPrefixes(listing.entries),
        ])
    }

    func listObjects(_ request: AWSRequest) async throws -> AWSResponse {
        let form = try ListingRequest(request, limit: "MaxKeys")
        let marker = request.string("Marker").flatMap { $0.isEmpty ? nil : $0 }
        let (bucket, listing) = try await list(request, form, after: marker)
        let delimiter = request.string("Delimiter").flatMap { $0.isEmpty ? nil : $0 }
        return .output([
            "Name": .string(bucket.name),
            "Prefix": form.encoded(request.string("Prefix") ?? ""),
            "Marker": form.encoded(marker ?? ""),
            "Delimiter": form.encoded(delimiter),
            "MaxKeys": .integer(form.limit),
            "EncodingType": form.encodingType,
            "IsTruncated": .bool(listing.isTruncated),
            // Without a delimiter the last key serves, and S3 says no marker.
            "NextMarker": listing.isTruncated && delimiter != nil ? form.encoded(listing.last) : nil,
            "Contents": form.contents(listing.entries, withOwner: true),
            "CommonPrefixes": form.commonPrefixes(listing.entries),
        ])
    }

    private func list(
        _ request: AWSRequest,
        _ form: ListingRequest,
        after marker: String?
    ) async throws -> (BucketRecord, Listing) {
        let prefix = request.string("Prefix") ?? ""
        let delimiter = request.string("Delimiter")
        return try await store.read { db in
            let bucket = try BucketRecord.authorized(request, "s3:ListBucket", in: db)
            var listing = Listing(prefix: prefix, delimiter: delimiter, limit: form.limit)
            try listing.read(bucket.name, after: marker, in: db)
            return (bucket, listing)
        }
    }
}

/// Where a listing goes on, in a form that means nothing to clients.
enum ContinuationToken {
    private static let mark = "1"

    static func encode(_ place: String) -> String { Base64.encode((mark + place).utf8) }

    /// - Throws: `InvalidArgument` where the token is none of ours.
    static func decode(_ token: String) throws(AWSError) -> String {
        guard let bytes = Base64.decode(token), let text = String(validating: bytes, as: UTF8.self),
            text.hasPrefix(mark)
        else {
            throw .invalidArgument("The continuation token provided is incorrect", "continuation-token", token)
        }
        return String(text.dropFirst(mark.count))
    }
}
