internal import Archive
internal import JSON

/// What a layer does to those below it, beyond the files it brings.
struct LayerChanges: Sendable, Hashable {
    /// Paths that are not there any more.
    var removed: [String] = []
    /// Directories that keep nothing of what was in them.
    var opaque: [String] = []
    /// Directories that the layer does not name, but has files in: below them may be a link in the directory's place.
    var implied: Set<String> = []
    /// Second names of files that a layer below brings.
    var links: [Link] = []

    struct Link: Sendable, Hashable {
        var path: String
        var target: String
    }

    init() {}

    init(_ document: JSON) {
        func strings(_ name: String) -> [String] { document[name]?.arrayValue?.compactMap(\.stringValue) ?? [] }
        removed = strings("removed")
        opaque = strings("opaque")
        implied = Set(strings("implied"))
        links = (document["links"]?.arrayValue ?? []).map {
            Link(path: $0["path"]?.stringValue ?? "", target: $0["target"]?.stringValue ?? "")
        }
    }

    var json: JSON {
        [
            "removed": .array(removed.map { .string($0) }),
            "opaque": .array(opaque.map { .string($0) }),
            "implied": .array(implied.sorted().map { .string($0) }),
            "links": .array(links.map { ["path": .string($0.path), "target": .string($0.target)] }),
        ]
    }
}

/// Unpacks a layer's archive into a directory of its own, in which no path leads out whatever the archive says.
/// <https://github.com/opencontainers/image-spec/blob/main/layer.md>
struct LayerUnpacking {
    private let root: RootPath
    private var changes = LayerChanges()
    /// The host's directories of paths that are known to be directories.
    private var directories: [String: String]

    /// - Parameter archive: A tar archive, gzipped or plain.
    static func unpack(_ archive: String, to tree: String) throws -> LayerChanges {
        let reader = try TarReader(path: archive, isCompressed: try isGzipped(archive))
        try FileTree.makeDirectory(tree)
        var unpacking = LayerUnpacking(root: RootPath(root: tree), directories: ["": tree])
        while let entry = try reader.next() { try unpacking.add(entry, from: reader) }
        return unpacking.changes
    }

    private init(root: RootPath, directories: [String: String]) {
        self.root = root
        self.directories = directories
    }

    private static func isGzipped(_ archive: String) throws -> Bool {
        let start = try FileBeginning.read(archive, count: 4)
        guard start != [0x28, 0xB5, 0x2F, 0xFD] else {
            throw ContainerError(
                .unsupported,
                "A layer is compressed with zstd, which Trainyard does not read; build the image with gzip layers"
            )
        }
        return start.starts(with: [0x1F, 0x8B])
    }

    private mutating func add(_ entry: TarReader.Entry, from reader: TarReader) throws {
        let components = entry.path.split(separator: "/").filter { $0 != "." }.map(String.init)
        guard !components.contains("..") else {
            throw ContainerError(.unsupported, "The layer's entry \(entry.path) leads out of the image")
        }
        let parent = components.dropLast().joined(separator: "/")
        guard let name = components.last else {
            try setAttributes(entry, of: root.root)
            return
        }
        if name.hasPrefix(".wh.") { return addWhiteout(name, in: parent) }
        let path = components.joined(separator: "/")
        let place = "\(try directory(parent))/\(name)"
        switch entry.kind {
        case .directory: try addDirectory(path, at: place, entry)
        case .file:
            try FileTree.remove(place)
            try reader.writeContents(toNewFileAt: place)
            try setAttributes(entry, of: place)
            FileTree.setModified(entry.modified, of: place)
        case .symlink(let target):
            try FileTree.remove(place)
            try FileTree.makeLink(place, target: target)
            try FileTree.setOwner(entry.owner, entry.group, of: place)
        case .hardLink(let target): try addHardLink(path, at: place, to: target)
        case .other: break
        }
    }

    private mutating func addWhiteout(_ name: String, in parent: String) {
        let hidden = name.dropFirst(".wh.".count)
        if hidden == ".wh..opq" {
            changes.opaque.append(parent)
        } else if !hidden.hasPrefix(".wh.") {
            changes.removed.append(parent.isEmpty ? String(hidden) : "\(parent)/\(hidden)")
        }
    }

    private mutating func addDirectory(_ path: String, at place: String, _ entry: TarReader.Entry) throws {
        if FileTree.kind(of: place) != .directory { try FileTree.remove(place) }
        try FileTree.makeDirectory(place)
        try setAttributes(entry, of: place)
        changes.implied.remove(path)
        directories[path] = place
    }

    private mutating func addHardLink(_ path: String, at place: String, to target: String) throws {
        guard let source = root.resolve(target), FileTree.kind(of: source) == .file else {
            changes.links.append(LayerChanges.Link(path: path, target: target))
            return
        }
        guard source != place else { return }
        try FileTree.remove(place)
        try FileTree.makeHardLink(place, to: source)
    }

    /// A change of owner takes the bits away that run a program as its owner.
    private func setAttributes(_ entry: TarReader.Entry, of place: String) throws {
        try FileTree.setOwner(entry.owner, entry.group, of: place)
        try FileTree.setMode(entry.mode, of: place)
    }

    /// The host's directory for a path in the layer; made where there is none.
    private mutating func directory(_ path: String) throws -> String {
        if let known = directories[path] { return known }
        let slash = path.lastIndex(of: "/")
        let parent = try directory(slash.map { String(path[..<$0]) } ?? "")
        var place = "\(parent)/\(slash.map { String(path[path.index(after: $0)...]) } ?? path)"
        switch FileTree.kind(of: place) {
        case .directory: break
        case .link:
            guard let target = root.resolve(path, followingLast: true), FileTree.kind(of: target) != .link else {
                throw ContainerError(.unsupported, "The layer's link \(path) goes in a circle")
            }
            place = try directory(String(target.dropFirst(root.root.count + 1)))
        case .file, .missing:
            try FileTree.remove(place)
            try FileTree.makeDirectory(place)
            changes.implied.insert(String(place.dropFirst(root.root.count + 1)))
        }
        directories[path] = place
        return place
    }
}
