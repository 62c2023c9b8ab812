/// A place in S3: an object, or the beginning of the keys of several.
struct S3Location: Sendable, Hashable {
    var bucket: String
    var key: String

    init(bucket: String, key: String) {
        self.bucket = bucket
        self.key = key
    }

    /// Parses `s3://bucket/key`; nil where the text is not of that form.
    init?(_ uri: String) {
        guard uri.hasPrefix("s3://") else { return nil }
        let parts = uri.dropFirst(5).split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let bucket = parts.first, !bucket.isEmpty else { return nil }
        self.init(bucket: String(bucket), key: parts.count > 1 ? String(parts[1]) : "")
    }

    var uri: String { "s3://\(bucket)/\(key)" }

    /// The place `path` below this one: exactly one slash between them, however this one ends.
    func appending(_ path: String) -> S3Location {
        var prefix = Substring(key)
        while prefix.hasSuffix("/") { prefix = prefix.dropLast() }
        return S3Location(bucket: bucket, key: prefix.isEmpty ? path : "\(prefix)/\(path)")
    }

    /// The place as a directory: only what lies below it, not what else begins with its name.
    var asDirectory: S3Location {
        key.isEmpty || key.hasSuffix("/") ? self : S3Location(bucket: bucket, key: key + "/")
    }

    /// Where the object `key`, which begins with this location's key, lies below the local directory of the input.
    ///
    /// An object named by the location in full keeps its last component; what lies below it as a directory keeps the
    /// path from there; where the location ends within a name, paths begin at that name's directory.
    func relativePath(of key: String) -> String {
        if key == self.key { return key.split(separator: "/").last.map(String.init) ?? key }
        if self.key.isEmpty || self.key.hasSuffix("/") { return String(key.dropFirst(self.key.count)) }
        if key.hasPrefix(self.key + "/") { return String(key.dropFirst(self.key.count + 1)) }
        guard let slash = self.key.lastIndex(of: "/") else { return key }
        return String(key.dropFirst(self.key.distance(from: self.key.startIndex, to: slash) + 1))
    }
}

/// A path as a program in a container sees it.
enum ContainerPath {
    /// Where SageMaker's contract has everything.
    static let root = "/opt/ml"

    /// The path without `.`, `..` and doubled slashes; nil where it is not absolute or climbs above the root.
    static func normalized(_ path: String) -> String? {
        guard path.hasPrefix("/"), let components = components(path) else { return nil }
        return "/" + components.joined(separator: "/")
    }

    /// A relative path's components; nil where `..` would lead out of the directory it is relative to.
    static func components(_ path: String) -> [Substring]? {
        var components: [Substring] = []
        for component in path.split(separator: "/") where component != "." {
            if component == ".." {
                guard components.popLast() != nil else { return nil }
            } else {
                components.append(component)
            }
        }
        return components
    }

    /// The part below `/opt/ml`; nil where the path lies elsewhere.
    static func belowRoot(_ path: String) -> String? {
        guard let path = normalized(path) else { return nil }
        if path == root { return "" }
        return path.hasPrefix(root + "/") ? String(path.dropFirst(root.count + 1)) : nil
    }
}
