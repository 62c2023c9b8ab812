/// A place in S3: an object, or the beginning of the keys of several.
public struct S3Location: Sendable, Hashable {
    public var bucket: String
    public var key: String

    public init(bucket: String, key: String) {
        self.bucket = bucket
        self.key = key
    }

    /// Parses `s3://bucket/key`; nil where the text is not of that form.
    public init?(_ uri: String) {
        guard uri.hasPrefix("s3://") else { return nil }
        let parts = uri.dropFirst(5).split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let bucket = parts.first, !bucket.isEmpty else { return nil }
        self.init(bucket: String(bucket), key: parts.count > 1 ? String(parts[1]) : "")
    }

    public var uri: String { "s3://\(bucket)/\(key)" }

    /// The place `path` below this one: exactly one slash between them, however this one ends.
    public func appending(_ path: String) -> S3Location {
        var prefix = Substring(key)
        while prefix.hasSuffix("/") { prefix = prefix.dropLast() }
        return S3Location(bucket: bucket, key: prefix.isEmpty ? path : "\(prefix)/\(path)")
    }

    /// The place as a directory: only what lies below it, not what else begins with its name.
    public var asDirectory: S3Location {
        key.isEmpty || key.hasSuffix("/") ? self : S3Location(bucket: bucket, key: key + "/")
    }

    /// Where the object `key`, which begins with this location's key, lies below the local directory of the input.
    ///
    /// An object named by the location in full keeps its last component; what lies below it as a directory keeps the
    /// path from there; where the location ends within a name, paths begin at that name's directory.
    public func relativePath(of key: String) -> String {
        if key == self.key { return key.split(separator: "/").last.map(String.init) ?? key }
        if self.key.isEmpty || self.key.hasSuffix("/") { return String(key.dropFirst(self.key.count)) }
        if key.hasPrefix(self.key + "/") { return String(key.dropFirst(self.key.count + 1)) }
        guard let slash = self.key.lastIndex(of: "/") else { return key }
        return String(key.dropFirst(self.key.distance(from: self.key.startIndex, to: slash) + 1))
    }
}
