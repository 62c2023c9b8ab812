import AWSProtocol
import GRDB
import JSON

/// A page of a bucket's keys in the order of their UTF-8 bytes, those with a common prefix rolled up.
///
/// Reads the index from place to place: after a common prefix it goes on behind all keys that have it, so the cost is
/// that of what is answered and not of what the bucket holds.
struct Listing {
    enum Entry {
        case object(ObjectRecord)
        case commonPrefix(String)
    }

    var prefix: String
    var delimiter: String?
    var limit: Int

    private(set) var entries: [Entry] = []
    private(set) var isTruncated = false
    /// Where the next page goes on: the last key or common prefix answered.
    private(set) var last: String?

    init(prefix: String, delimiter: String?, limit: Int) {
        self.prefix = prefix
        self.delimiter = delimiter.flatMap { $0.isEmpty ? nil : $0 }
        self.limit = limit
    }

    /// Reads the page.
    /// - Parameter marker: Keys up to and including this one are left out, as are those with this common prefix.
    mutating func read(_ bucket: String, after marker: String?, in db: Database) throws {
        guard limit > 0 else { return }
        var place = Place(key: prefix, isIncluded: true)
        if let marker, !marker.isOrderedBefore(prefix) {
            place = Place(key: marker, isIncluded: false)
            if let delimiter, marker.hasBytePrefix(prefix),
                commonPrefix(of: marker, delimiter)?.isSameBytes(marker) == true
            {
                guard let next = marker.endOfPrefix else { return }
                place = Place(key: next, isIncluded: true)
            }
        }
        while let next = try scan(bucket, from: place, in: db) { place = next }
    }

    private struct Place {
        var key: String
        var isIncluded: Bool
    }

    /// Takes up entries from a place on.
    /// - Returns: where to go on after a common prefix; nil where the page is full or the bucket at its end.
    private mutating func scan(_ bucket: String, from place: Place, in db: Database) throws -> Place? {
        let statement = try db.cachedStatement(
            sql: """
                SELECT \(ObjectRecord.summaryColumns) FROM s3_objects
                WHERE bucket = ? AND latest = 1 AND marker = 0 AND key \(place.isIncluded ? ">=" : ">") ?
                    AND key < ?
                ORDER BY key LIMIT ?
                """
        )
        let end = prefix.keysEnd
        let arguments: StatementArguments = [bucket, place.key, end, limit - entries.count + 1]
        let rows = try Row.fetchCursor(statement, arguments: arguments)
        while let row = try rows.next() {
            guard entries.count < limit else {
                isTruncated = true
                return nil
            }
            if let delimiter, let common = commonPrefix(of: row[2], delimiter) {
                entries.append(.commonPrefix(common))
                last = common
                return common.endOfPrefix.map { Place(key: $0, isIncluded: true) }
            }
            let object = try ObjectRecord(row, hasContent: false)
            entries.append(.object(object))
            last = object.key
        }
        return nil
    }

    /// The key up to and with the first delimiter after the prefix.
    private func commonPrefix(of key: String, _ delimiter: String) -> String? {
        KeyPrefix.common(of: key, prefix: prefix, delimiter: delimiter)
    }
}

enum KeyPrefix {
    /// The key up to and with the first delimiter after the prefix; nil where there is none.
    static func common(of key: String, prefix: String, delimiter: String) -> String? {
        let wanted = Array(delimiter.utf8)
        let bytes = Array(key.utf8)
        var start = prefix.utf8.count
        while start + wanted.count <= bytes.count {
            if bytes[start..<(start + wanted.count)].elementsEqual(wanted) {
                return String(decoding: bytes[..<(start + wanted.count)], as: UTF8.self)
            }
            start += 1
        }
        return nil
    }
}

extension String {
    /// Swift's own equality takes canonically equivalent keys for one.
    func isSameBytes(_ other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}

/// What the list operations have in common: their limits, and keys encoded on request.
struct ListingRequest: Sendable {
    /// As asked for, at most 1,000.
    var limit: Int
    private var isEncoded: Bool

    /// - Throws: `InvalidArgument`.
    init(_ request: AWSRequest, limit member: String) throws(AWSError) {
        let asked = request.integer(member) ?? 1000
        guard (0...Int(Int32.max)).contains(asked) else {
            let name = member.prefix(1).lowercased() + member.dropFirst()
            let message = "Argument \(name) must be an integer between 0 and 2147483647"
            throw .invalidArgument(message, String(name), "\(asked)")
        }
        limit = min(asked, 1000)
        if let encoding = request.string("EncodingType"), encoding != "url" {
            throw .invalidArgument("Invalid Encoding Method specified in Request", "encoding-type", encoding)
        }
        isEncoded = request.string("EncodingType") != nil
    }

    func encoded(_ key: String?) -> JSON? {
        key.map { .string(isEncoded ? KeyEncoding.encode($0) : $0) }
    }

    var encodingType: JSON? { JSON.string("url").if(isEncoded) }

    func commonPrefixes(_ entries: [Listing.Entry]) -> JSON? {
        let prefixes = entries.compactMap { entry -> JSON? in
            guard case .commonPrefix(let prefix) = entry else { return nil }
            return .compact(["Prefix": encoded(prefix)])
        }
        return prefixes.isEmpty ? nil : .array(prefixes)
    }

    func contents(_ entries: [Listing.Entry], withOwner: Bool) -> JSON? {
        let contents = entries.compactMap { entry -> JSON? in
            guard case .object(let object) = entry else { return nil }
            return .object(summary(object, withOwner: withOwner))
        }
        return contents.isEmpty ? nil : .array(contents)
    }

    func summary(_ object: ObjectRecord, withOwner: Bool) -> JSON.Object {
        .compact([
            "Key": encoded(object.key),
            "LastModified": object.lastModified,
            "ETag": object.quotedETag,
            "ChecksumAlgorithm": object.checksumAlgorithm.map { [.string($0.rawValue)] },
            "ChecksumType": object.checksumAlgorithm.map { _ in object.attributes["ChecksumType"] ?? "FULL_OBJECT" },
            "Size": .integer(object.size),
            "StorageClass": .string(object.storageClass),
            "Owner": Owner.json(object.account).if(withOwner),
        ])
    }
}
