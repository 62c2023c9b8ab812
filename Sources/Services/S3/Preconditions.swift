import AWSProtocol
import JSON

/// `If-Match` and `If-None-Match` of a request that writes a key.
///
/// https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
struct WritePreconditions: Sendable {
    private var match: String?
    private var mustBeAbsent: Bool
    private var key: String

    /// - Throws: `NotImplemented` for an `If-None-Match` other than `*`.
    init(_ request: AWSRequest) throws(AWSError) {
        match = request.string("IfMatch")
        mustBeAbsent = request.string("IfNoneMatch") != nil
        key = request.string("Key") ?? ""
        guard !mustBeAbsent || request.string("IfNoneMatch") == "*" else {
            throw .headerNotImplemented("If-None-Match")
        }
    }

    /// - Parameter current: The key's current version.
    /// - Throws: `PreconditionFailed`, or `NoSuchKey` where there is nothing to match.
    func check(_ current: ObjectRecord?) throws(AWSError) {
        let existing = current?.isDeleteMarker == true ? nil : current
        if mustBeAbsent, existing != nil { throw .preconditionFailed("If-None-Match") }
        guard let match else { return }
        guard let existing else { throw .noSuchKey(key) }
        guard EntityTags.matches(match, existing.etag) else { throw .preconditionFailed("If-Match") }
    }
}

/// The conditions of a request that reads an object, or copies it.
///
/// https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-reads.html
struct ReadPreconditions: Sendable {
    var match: String?
    var noneMatch: String?
    /// Seconds since 1970.
    var modifiedSince: Int?
    var unmodifiedSince: Int?
    /// Prefixes the headers' names in errors: `x-amz-copy-source-` for copies.
    var prefix = ""

    enum Outcome {
        case proceed
        case notModified
    }

    init(_ request: AWSRequest, prefix: String = "", header: String = "") {
        match = request.string("\(prefix)IfMatch")
        noneMatch = request.string("\(prefix)IfNoneMatch")
        modifiedSince = request["\(prefix)IfModifiedSince"]?.doubleValue.flatMap { Int(exactly: $0.rounded(.down)) }
        unmodifiedSince = request["\(prefix)IfUnmodifiedSince"]?.doubleValue.flatMap { Int(exactly: $0.rounded(.down)) }
        self.prefix = header
    }

    /// An entity tag decides before a date: a matching `If-Match` outweighs `If-Unmodified-Since`, and a differing
    /// `If-None-Match` outweighs `If-Modified-Since`.
    /// - Throws: `PreconditionFailed`.
    func check(_ object: ObjectRecord) throws(AWSError) -> Outcome {
        let modified = object.modified.milliseconds / 1000
        if let match {
            guard EntityTags.matches(match, object.etag) else { throw .preconditionFailed("\(prefix)If-Match") }
        } else if let unmodifiedSince, modified > unmodifiedSince {
            throw .preconditionFailed("\(prefix)If-Unmodified-Since")
        }
        if let noneMatch {
            if EntityTags.matches(noneMatch, object.etag) { return .notModified }
        } else if let modifiedSince, modified <= modifiedSince {
            return .notModified
        }
        return .proceed
    }
}

enum EntityTags {
    /// Whether a header's list of entity tags (quoted or not, weak or not, or `*`) names the tag.
    static func matches(_ header: String, _ etag: String) -> Bool {
        header.split(separator: ",").contains { item in
            var tag = item.trimmed[...]
            if tag == "*" { return true }
            if tag.hasPrefix("W/") { tag = tag.dropFirst(2) }
            return unquoted(String(tag)) == etag
        }
    }

    /// The tag without its quotes; S3 also takes those of which one is missing.
    static func unquoted(_ tag: String) -> String {
        var tag = tag[...]
        if tag.hasPrefix("\"") { tag.removeFirst() }
        if tag.hasSuffix("\"") { tag.removeLast() }
        return String(tag)
    }
}
