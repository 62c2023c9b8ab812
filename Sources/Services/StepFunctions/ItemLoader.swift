import AWSProtocol
import Archive
import JSON
import NIOCore
import StatesLanguage

/// Fetches a distributed Map's items from S3.
struct ItemLoader: Sendable {
    /// AWS's limit on the size of an object of items.
    private static let maximumSize = 10 << 30

    var aws: any AWSCaller
    var caller: Caller

    /// - Throws: `MapRunFailure` where they cannot be read.
    func items(_ reader: ItemReader) async throws -> [JSON] {
        let limit = try reader.limit()
        guard let bucket = reader.arguments["Bucket"]?.stringValue else {
            throw Self.failure("The ItemReader names no Bucket.")
        }
        if reader.resource == .listObjectsV2 {
            guard reader.isFlattened else { return try await list(reader.arguments, limit: limit) }
            let objects = try await list(reader.arguments, limit: .max)
            let keys = objects.compactMap { $0["Key"]?.stringValue }.filter { !$0.hasSuffix("/") }
            return try await flattened(keys.map { (bucket, $0) }, reader, limit: limit)
        }
        guard let key = reader.arguments["Key"]?.stringValue else { throw Self.failure("The ItemReader names no Key.") }
        let bytes = try await object(bucket, key, reader.arguments["VersionId"])
        if reader.isAthenaManifest {
            let text = String(decoding: bytes, as: UTF8.self)
            return try await flattened(try Self.addresses(in: text), reader, limit: limit)
        }
        if case .manifest = reader.format { return try await inventory(bytes, limit: limit) }
        return try reader.items(in: String(decoding: bytes, as: UTF8.self))
    }

    // MARK: Listings

    private func list(_ arguments: JSON, limit: Int) async throws -> [JSON] {
        var input = arguments.objectValue ?? [:]
        var items: [JSON] = []
        repeat {
            let page: JSON
            do {
                page = try await aws.call("s3:ListObjectsV2", .object(input), as: caller)
            } catch {
                throw Self.failure("Failed to list the objects: \(error.code): \(error.message)")
            }
            for object in page["Contents"]?.arrayValue ?? [] where items.count < limit {
                items.append(Self.item(object))
            }
            input["ContinuationToken"] = page["NextContinuationToken"]
        } while items.count < limit && input["ContinuationToken"] != nil
        return items
    }

    private static func item(_ object: JSON) -> JSON {
        .compact([
            "Etag": object["ETag"], "Key": object["Key"],
            "LastModified": object["LastModified"]?.doubleValue.map { .integer(Int($0)) },
            "Size": object["Size"], "StorageClass": object["StorageClass"],
        ])
    }

    // MARK: Several objects

    /// The items of all the objects, one after another.
    private func flattened(
        _ objects: [(bucket: String, key: String)],
        _ reader: ItemReader,
        limit: Int
    ) async throws -> [JSON] {
        var items: [JSON] = []
        for object in objects where items.count < limit {
            var bytes = try await self.object(object.bucket, object.key, nil)
            if object.key.hasSuffix(".gz") { bytes = try unpacked(bytes, object.key) }
            let one = reader.limited(to: limit == .max ? .max : limit - items.count)
            items += try one.items(in: String(decoding: bytes, as: UTF8.self))
        }
        return items
    }

    /// The lines `s3://bucket/key` of the manifest that Athena's UNLOAD leaves.
    private static func addresses(in manifest: String) throws -> [(bucket: String, key: String)] {
        try manifest.split(whereSeparator: \.isNewline).map { line in
            let address = line.filter { $0 != "\"" && !$0.isWhitespace }
            let parts = address.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
            guard address.hasPrefix("s3://"), parts.count == 3, let slash = parts[2].firstIndex(of: "/") else {
                throw failure("The manifest's line '\(line)' is no address of an object in S3.")
            }
            return (String(parts[2][..<slash]), String(parts[2][parts[2].index(after: slash)...]))
        }
    }

    // MARK: Inventories

    /// The rows of the files that an S3 inventory's manifest names.
    private func inventory(_ manifest: [UInt8], limit: Int) async throws -> [JSON] {
        let document: JSON
        do {
            document = try JSON(parsing: String(decoding: manifest, as: UTF8.self))
        } catch {
            throw Self.failure("The manifest is not valid JSON: \(error)")
        }
        guard document["fileFormat"] == "CSV", let schema = document["fileSchema"]?.stringValue,
            let bucket = document["destinationBucket"]?.stringValue?.split(separator: ":").last
        else { throw Self.failure("The manifest is not that of an S3 inventory in CSV.") }
        let names = schema.split(separator: ",").map { $0.trimmingPrefix { $0 == " " } }.map(String.init)
        var items: [JSON] = []
        for file in document["files"]?.arrayValue ?? [] where items.count < limit {
            let key = file["key"]?.stringValue ?? ""
            var bytes = try await object(String(bucket), key, nil)
            if key.hasSuffix(".gz") { bytes = try unpacked(bytes, key) }
            let rows = ItemReader(
                resource: .getObject,
                arguments: [:],
                format: .csv(CSVFormat(headers: names)),
                maxItems: limit == .max ? 0 : limit - items.count
            )
            items += try rows.items(in: String(decoding: bytes, as: UTF8.self))
        }
        return items
    }

    private func unpacked(_ bytes: [UInt8], _ key: String) throws -> [UInt8] {
        do {
            return try Gzip.decompress(bytes, limit: Self.maximumSize)
        } catch {
            throw Self.failure("\(key) cannot be unpacked: \(error)")
        }
    }

    // MARK: Objects

    private func object(_ bucket: String, _ key: String, _ version: JSON?) async throws -> [UInt8] {
        do {
            let response = try await aws.send(
                AWSRequest(
                    "s3:GetObject",
                    .compact(["Bucket": .string(bucket), "Key": .string(key), "VersionId": version]),
                    caller: caller
                )
            )
            guard let buffer = try await response.body?.collect(upTo: Self.maximumSize) else { return [] }
            return Array(buffer.readableBytesView)
        } catch let error as AWSError {
            throw Self.failure("Failed to read s3://\(bucket)/\(key): \(error.code): \(error.message)")
        }
    }

    private static func failure(_ cause: String) -> MapRunFailure {
        MapRunFailure(error: StatesError.itemReaderFailed, cause: cause)
    }
}
