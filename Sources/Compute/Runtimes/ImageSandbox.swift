/// How a program is put into an unpacked image on this machine.
struct ImageSandbox: Sendable, Hashable {
    /// Where the program's own changes to the image's files go.
    enum Layering: Sendable, Hashable {
        /// An overlay file system over the image's root, made in a mount namespace by that `unshare`.
        case overlay(unshare: String, mapsRoot: Bool)
        /// The root is read-only; `/tmp`, `/run`, `/var/tmp` and the home directory are in memory.
        case memory
    }

    let bwrap: String
    let layering: Layering
    /// util-linux's `setpriv`.
    var setpriv: String?

    /// What is to be made of one program.
    struct Run: Sendable {
        /// The image's root, in the yard's work directory.
        var root: String
        /// A directory of the run's own beside `images`, with `upper`, `work`, `merged`.
        var directory: String
        var user: ImageUser
        var command: [String]
        var workingDirectory: String
        var hostName: String
        var mounts: [Mount]
        var isRootReadOnly: Bool
        var hasNetwork: Bool
        /// What hands connections on between the machine's network and the program's own; nil where the program has none.
        var relay: [String]?
        var scratch: Int?
    }

    /// Whether a program can have a network of its own that can be reached.
    var canHaveNetwork: Bool { if case .overlay = layering { true } else { false } }

    /// The whole command.
    func command(_ run: Run) -> [String] {
        let ending = setpriv.map { [$0, "--pdeathsig", "KILL", "--"] } ?? []
        guard case .overlay(let unshare, let mapsRoot) = layering, !run.isRootReadOnly else {
            return ending + bubblewrapped(run, root: readOnlyRoot(run))
        }
        let key = run.root.split(separator: "/").suffix(3).joined(separator: "/")
        let options = "lowerdir=../../images/\(key),upperdir=upper,workdir=work"
        let mount = "cd \"$1\" && mount -t overlay overlay -o \"$2\" merged && shift 2"
        let script = mount + (run.relay.map(Self.starting) ?? "") + " && exec \"$@\""
        return ending + [unshare, "--mount"] + (run.relay == nil ? [] : ["--net"])
            + (mapsRoot ? ["--map-root-user"] : [])
            + ["--", "/bin/sh", "-c", script, "sh", run.directory, options]
            + bubblewrapped(run, root: writableRoot(run))
    }

    /// Starts the relay beside the program, and waits until it hands connections on.
    private static func starting(_ relay: [String]) -> String {
        let command = relay.map(quoted).joined(separator: " ")
        let ready = NetworkRelay.readyFile
        return
            " && { \(command) & while [ ! -e \(ready) ] && kill -0 $! 2>/dev/null; do sleep 0.01; done; [ -e \(ready) ]; }"
    }

    private func writableRoot(_ run: Run) -> [String] {
        let image = RootPath(root: run.root)
        var arguments = ["--bind", "\(run.directory)/merged", "/"]
        arguments += system(run)
        for mount in Self.ordered(run.mounts) {
            let target = Self.target(mount.target, in: image)
            arguments += [mount.isReadOnly ? "--ro-bind" : "--bind", mount.source, target]
        }
        return arguments + ["--dir", Self.target(run.workingDirectory, in: image)]
    }

    /// The root as it is. Places to mount at that it does not have are made by covering the directory above them.
    private func readOnlyRoot(_ run: Run) -> [String] {
        let image = RootPath(root: run.root)
        let mounts = run.mounts.map { mount in
            var mount = mount
            mount.target = Self.target(mount.target, in: image)
            return mount
        }
        let plan = MountPlan(mounts, host: ImageDirectories(image: image))
        var arguments = plan.coversRoot ? [] : ["--ro-bind", run.root, "/"]
        var isSystemDone = false
        for step in plan.steps {
            switch step {
            case .cover(let path): arguments += ["--tmpfs", path]
            case .link(let path, let destination): arguments += ["--symlink", destination, path]
            case .bind(let source, let target, let isReadOnly):
                let isMount = mounts.contains { $0.source == source && $0.target == target }
                if isMount, !isSystemDone {
                    arguments += system(run)
                    isSystemDone = true
                }
                if isMount {
                    arguments += [isReadOnly ? "--ro-bind" : "--bind", source, target]
                } else {
                    arguments += ["--ro-bind", run.root + source, target]
                }
            }
        }
        return arguments + (isSystemDone ? [] : system(run))
    }

    /// What every program finds, whatever the image has.
    private func system(_ run: Run) -> [String] {
        var arguments = ["--dev", "/dev", "--proc", "/proc", "--ro-bind-try", "/sys", "/sys"]
        if let scratch = run.scratch {
            arguments += ["--perms", "1777", "--size", String(scratch), "--tmpfs", "/tmp"]
        } else if run.isRootReadOnly || layering == .memory {
            arguments += ["--perms", "1777", "--tmpfs", "/tmp"]
        }
        if layering == .memory, !run.isRootReadOnly {
            let image = RootPath(root: run.root)
            for directory in ["/run", "/var/tmp", run.user.home] where directory != "/" {
                let target = Self.target(directory, in: image)
                if FileTree.kind(of: run.root + target) == .directory { arguments += ["--tmpfs", target] }
            }
        }
        return arguments
    }

    private func bubblewrapped(_ run: Run, root: [String]) -> [String] {
        var arguments = [bwrap, "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--hostname", run.hostName]
        if !run.hasNetwork { arguments.append("--unshare-net") }
        if run.user.user != 0 {
            arguments += ["--unshare-user", "--uid", String(run.user.user), "--gid", String(run.user.group)]
        } else {
            arguments += ["--cap-drop", "ALL"] + Self.capabilities.flatMap { ["--cap-add", $0] }
        }
        arguments += root
        return arguments + ["--chdir", run.workingDirectory, "--die-with-parent", "--"] + run.command
    }

    /// What Docker leaves to root in a container, but for device files.
    private static let capabilities = [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_NET_RAW", "CAP_SETGID", "CAP_SETUID",
        "CAP_SETFCAP", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL",
    ]

    private static func ordered(_ mounts: [Mount]) -> [Mount] {
        mounts.sorted { $0.target.utf8.count < $1.target.utf8.count }
    }

    /// A path in the image with its links followed, so that nothing is mounted through one.
    private static func target(_ path: String, in image: RootPath) -> String {
        guard let resolved = image.resolve(path, followingLast: true) else { return path }
        let target = String(resolved.dropFirst(image.root.count))
        return target.isEmpty ? "/" : target
    }
}

/// An image's directories, as far as a mount plan asks about them.
private struct ImageDirectories: HostDirectories {
    let image: RootPath

    func isPresent(_ path: String) -> Bool { RealHostDirectories().isPresent(image.root + path) }

    func entries(of directory: String) -> [String] { directoryEntries(image.root + directory) }

    func linkDestination(of path: String) -> String? { RealHostDirectories().linkDestination(of: image.root + path) }
}
