internal import Subprocess

/// How processes get a private view of the file system on this machine.
public struct Isolation: Sendable, Hashable {
    public enum Method: String, Sendable, Hashable {
        /// bubblewrap: mounts, and where the system allows it a process namespace that ends with the program.
        case bubblewrap
        /// `unshare` and `mount` of util-linux. An ordinary user's program believes it is root there.
        case mountNamespace = "mount namespace"
        /// No private mounts: paths in arguments and in the environment name the host's directories instead. A program
        /// that has a mount's target written in its code does not find it.
        case plainDirectory = "plain directory"
    }

    public var method: Method
    /// `bwrap` or `unshare`.
    var program = ""
    var hasProcessNamespace = false
    /// An ordinary user mounts only as root of a user namespace.
    var mapsRoot = false
    /// util-linux's `setpriv`, which asks the kernel to end the process when the yard ends.
    var setpriv: String?

    /// No private mounts.
    public static let plainDirectory = Isolation(method: .plainDirectory)

    /// Whether a monitor stands between the yard and the program.
    var hasMonitor: Bool { method == .bubblewrap }

    /// What a process without mounts runs with.
    var withoutMounts: Isolation { Isolation(method: .plainDirectory, setpriv: setpriv) }

    /// How the program ended: a monitor reports a signal as a shell does, by 128 and its number.
    func exit(_ status: TerminationStatus) -> ProcessExit {
        switch status {
        case .exited(let code) where hasMonitor && (129...159).contains(code): .signaled(code - 128)
        case .exited(let code): .exited(code)
        case .signaled(let number): .signaled(number)
        }
    }
}

/// What is started in the end.
struct IsolationPlan: Hashable {
    var command: [String]
    var environment: [String: String]
    var workingDirectory: String?
}

extension Isolation {
    /// The specification's command inside what isolates it.
    func plan(_ specification: ProcessSpecification) throws(ProcessStartError) -> IsolationPlan {
        var plan = IsolationPlan(
            command: specification.command,
            environment: specification.environment,
            workingDirectory: specification.workingDirectory
        )
        switch method {
        case _ where specification.needsNoIsolation:
            plan.command = endingWithYard(plan.command)
        case .bubblewrap:
            plan.command = bubblewrapped(specification)
            plan.workingDirectory = nil
        case .mountNamespace:
            plan.command = try unshared(specification)
            plan.workingDirectory = nil
        case .plainDirectory:
            let mounts = specification.mounts
            plan.command = endingWithYard(plan.command.map { $0.rewritingPaths(by: mounts) })
            plan.environment = plan.environment.mapValues { $0.rewritingPaths(by: mounts) }
            plan.workingDirectory = plan.workingDirectory?.rebased(by: mounts)
        }
        if !plan.command[0].contains("/") {
            let path = specification.environment["PATH"] ?? ""
            plan.command[0] = ProcessLookup.find(plan.command[0], path: path) ?? plan.command[0]
        }
        return plan
    }

    private func endingWithYard(_ command: [String]) -> [String] {
        guard let setpriv else { return command }
        return [setpriv, "--pdeathsig", "KILL", "--"] + command
    }

    private func bubblewrapped(_ specification: ProcessSpecification) -> [String] {
        let plan = MountPlan(specification.mounts)
        var command = [program]
        if hasProcessNamespace { command.append("--unshare-pid") }
        if !specification.hasNetwork { command.append("--unshare-net") }
        if !plan.coversRoot { command += ["--dev-bind", "/", "/"] }
        for step in plan.steps {
            switch step {
            case .cover(let path): command += ["--tmpfs", path]
            case .link(let path, let destination): command += ["--symlink", destination, path]
            case .bind(let source, let target, let isReadOnly):
                command += [isReadOnly ? "--ro-bind" : source == target ? "--dev-bind-try" : "--bind", source, target]
            }
        }
        if let scratch = specification.scratch {
            command += ["--perms", "1777", "--size", String(scratch), "--tmpfs", "/tmp"]
        }
        if hasProcessNamespace { command += ["--proc", "/proc"] }
        if let directory = specification.workingDirectory { command += ["--chdir", directory] }
        return command + ["--die-with-parent", "--"] + specification.command
    }

    private func unshared(_ specification: ProcessSpecification) throws(ProcessStartError) -> [String] {
        let script = try MountScript(MountPlan(specification.mounts), directory: specification.workingDirectory)
        let network = specification.hasNetwork ? [] : ["--net"]
        let namespace = [program, "--mount"] + network + (mapsRoot ? ["--map-root-user"] : []) + ["--"]
        return namespace + endingWithYard(["/bin/sh", "-c", script.text, "sh"] + specification.command)
    }
}

extension ProcessSpecification {
    /// Whether the process can run beside all others.
    var needsNoIsolation: Bool { mounts.isEmpty && hasNetwork && scratch == nil }
}
