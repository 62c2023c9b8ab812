/// A mount plan as a shell script for a mount namespace of its own; ends by running its arguments.
struct MountScript: Hashable {
    let text: String

    /// - Throws: `ProcessStartError` where the root would have to be covered, which only bubblewrap can.
    init(_ plan: MountPlan, directory: String?) throws(ProcessStartError) {
        guard !plan.coversRoot else {
            throw ProcessStartError(
                command: "mount",
                reason: "a mount directly below / that does not exist on the host needs bubblewrap (bwrap)"
            )
        }
        var lines = ["set -e", "mkdir_for() { [ -d \"$1\" ] && mkdir -p \"$2\" || : > \"$2\"; }"]
        var held: [(directory: String, descriptor: Int)] = []
        for step in plan.steps {
            switch step {
            case .cover(let path):
                let descriptor = 3 + held.count
                lines.append("exec \(descriptor)<\(quoted(path)); mount -t tmpfs -o mode=755 tmpfs \(quoted(path))")
                held.append((path, descriptor))
            case .link(let path, let destination):
                lines.append("ln -s \(quoted(destination)) \(quoted(path))")
            case .bind(let source, let target, let isReadOnly):
                let source = quoted(Self.reachable(source, held))
                lines.append("[ -e \(quoted(target)) ] || mkdir_for \(source) \(quoted(target))")
                lines.append("mount --no-canonicalize --rbind \(source) \(quoted(target))")
                if isReadOnly { lines.append("mount -o remount,bind,ro \(quoted(target))") }
            }
        }
        lines += held.map { "exec \($0.descriptor)<&-" }
        if let directory { lines.append("cd \(quoted(directory))") }
        text = (lines + ["exec \"$@\""]).joined(separator: "\n")
    }

    /// A covered directory stays reachable through the descriptor that was opened before.
    private static func reachable(_ path: String, _ held: [(directory: String, descriptor: Int)]) -> String {
        guard let cover = held.last(where: { path.isPath(under: $0.directory) }) else { return path }
        return "/proc/self/fd/\(cover.descriptor)" + path.dropFirst(cover.directory.count)
    }
}

/// A text as one word of a POSIX shell.
func quoted(_ text: String) -> String {
    "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
}
