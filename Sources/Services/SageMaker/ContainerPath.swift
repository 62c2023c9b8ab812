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
