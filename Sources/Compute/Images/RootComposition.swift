/// Puts unpacked layers one above the other into one directory: an image's root.
///
/// Files are names of the layers' files, so that images which share layers share their bytes; nobody writes to them.
struct RootComposition {
    private let root: RootPath

    init(_ root: String) throws(ContainerError) {
        self.root = RootPath(root: root)
        try FileTree.makeDirectory(root)
    }

    /// Adds the next layer.
    func add(_ tree: String, _ changes: LayerChanges) throws(ContainerError) {
        for path in changes.opaque {
            guard let place = root.resolve(path, followingLast: true) else { continue }
            for name in directoryEntries(place) { try FileTree.remove("\(place)/\(name)") }
        }
        for path in changes.removed { if let place = root.resolve(path) { try FileTree.remove(place) } }
        try merge(tree, "", into: root.root, changes)
        for link in changes.links {
            guard let source = root.resolve(link.target), let place = root.resolve(link.path),
                FileTree.kind(of: source) == .file
            else {
                throw ContainerError(
                    .unsupported,
                    "The layer's link \(link.path) leads to \(link.target), which is not there"
                )
            }
            try FileTree.remove(place)
            try FileTree.makeHardLink(place, to: source)
        }
    }

    /// Makes what every container finds, so that it can be mounted over.
    func finish() throws(ContainerError) {
        for name in ["dev", "proc", "sys", "etc"] { try makeMissing(name, mode: 0o755) }
        try makeMissing("tmp", mode: 0o1777)
    }

    private func makeMissing(_ name: String, mode: UInt32) throws(ContainerError) {
        guard let place = root.resolve(name), FileTree.kind(of: place) == .missing else { return }
        try FileTree.makeDirectory(place, mode: mode)
    }

    private func merge(
        _ source: String,
        _ path: String,
        into target: String,
        _ changes: LayerChanges
    ) throws(ContainerError) {
        if !changes.implied.contains(path) { try FileTree.copyAttributes(of: source, to: target) }
        for name in directoryEntries(source) {
            let from = "\(source)/\(name)"
            let inner = path.isEmpty ? name : "\(path)/\(name)"
            if FileTree.kind(of: from) == .directory {
                let place = try directory("\(target)/\(name)", isImplied: changes.implied.contains(inner))
                try merge(from, inner, into: place, changes)
            } else {
                try FileTree.remove("\(target)/\(name)")
                try FileTree.makeHardLink("\(target)/\(name)", to: from)
            }
        }
    }

    /// A directory of the root to merge into. One that the layer does not name may be a link to a directory below.
    private func directory(_ place: String, isImplied: Bool) throws(ContainerError) -> String {
        switch FileTree.kind(of: place) {
        case .directory: return place
        case .link where isImplied:
            let path = String(place.dropFirst(root.root.count))
            if let target = root.resolve(path, followingLast: true), FileTree.kind(of: target) == .directory {
                return target
            }
        case .missing, .file, .link: break
        }
        try FileTree.remove(place)
        try FileTree.makeDirectory(place)
        return place
    }
}
