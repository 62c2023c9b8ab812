internal import Subprocess
internal import SystemPackage

#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif

extension ImageSandbox {
    /// Tries what there is, best first. Nil where bubblewrap is missing or may do nothing here.
    static func probe(isolation: Isolation, path: String, workDirectory: String) async -> ImageSandbox? {
        guard isolation.method == .bubblewrap, isolation.hasProcessNamespace else { return nil }
        let layering = await overlay(path: path, workDirectory: workDirectory) ?? .memory
        return ImageSandbox(bwrap: isolation.program, layering: layering, setpriv: isolation.setpriv)
    }

    private static func overlay(path: String, workDirectory: String) async -> Layering? {
        guard let unshare = ProcessLookup.find("unshare", path: path) else { return nil }
        let place = "\(workDirectory)/overlay-\(UUID().uuidString)"
        let names = ["lower", "upper", "work", "merged"]
        guard (try? names.forEach { try FileTree.makeDirectories("\(place)/\($0)") }) != nil else { return nil }
        defer {
            _ = try? FileTree.setMode(0o700, of: "\(place)/work/work")
            _ = try? FileTree.remove(place)
        }
        let script = "cd \"$1\" && mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work merged"
        for options in [[], ["--map-root-user"]] {
            let arguments =
                ["--mount"] + options + ["--", "/bin/sh", "-c", script + " && : > merged/file", "sh", place]
            let result = try? await Subprocess.run(
                .path(FilePath(unshare)),
                arguments: Arguments(arguments),
                input: .none,
                output: .discarded,
                error: .discarded
            )
            if result?.terminationStatus.isSuccess == true {
                return .overlay(unshare: unshare, mapsRoot: !options.isEmpty)
            }
        }
        return nil
    }
}
