import AWSProtocol
import Archive
import Compute

/// Brings what a job's program leaves behind to S3.
actor JobOutputs {
    /// How often a directory in Continuous mode is looked through. A file is taken once it has stayed as it is for that
    /// long, so that what is being written is not.
    private static let interval = Duration.seconds(1)

    private let plan: JobPlan
    private let directory: JobDirectory
    private let transfer: S3Transfer
    private let clock: any WallClock
    private var uploaded: [S3Location: JobDirectory.File] = [:]

    init(plan: JobPlan, directory: JobDirectory, transfer: S3Transfer, clock: any WallClock) {
        self.plan = plan
        self.directory = directory
        self.transfer = transfer
        self.clock = clock
    }

    nonisolated var hasContinuous: Bool {
        plan.outputs.contains { if case .directory(_, _, true) = $0 { true } else { false } }
    }

    /// Uploads files of Continuous outputs as they become ready, until the task is cancelled.
    func uploadContinuously() async {
        var seen: [S3Location: JobDirectory.File] = [:]
        while true {
            do { try await clock.sleep(until: clock.now() + Self.interval) } catch { return }
            for case .directory(let path, let location, true) in plan.outputs {
                guard let root = try? directory.path(path), let files = try? JobDirectory.files(below: root) else {
                    continue
                }
                for file in files {
                    let target = location.appending(file.path)
                    // What fails is tried again at the end, where a failure is the job's.
                    if seen[target] == file { try? await upload(file, in: root, to: target) }
                    seen[target] = file
                }
            }
        }
    }

    /// Uploads everything.
    /// - Parameter isComplete: Whether the program succeeded; where not, an archive of nothing is left out.
    /// - Returns: The address of the model, where one was uploaded.
    func upload(isComplete: Bool) async throws -> String? {
        var model: String?
        do {
            for output in plan.outputs {
                switch output {
                case .directory(let path, let location, _):
                    let root = try directory.path(path)
                    for file in try JobDirectory.files(below: root) {
                        try await upload(file, in: root, to: location.appending(file.path))
                    }
                    if path == "/opt/ml/model" { model = location.uri + "/" }
                case .archive(let path, let location, let isRequired):
                    let isWanted = isRequired && isComplete
                    guard try await archive(path, to: location, isRequired: isWanted) else { continue }
                    if isRequired { model = location.uri }
                }
            }
        } catch let error as AWSError {
            throw JobFailure.client("Failed to upload output: \(error.message)")
        }
        return model
    }

    private func upload(_ file: JobDirectory.File, in root: String, to target: S3Location) async throws {
        guard uploaded[target] != file else { return }
        try await transfer.upload("\(root)/\(file.path)", size: file.size, to: target)
        uploaded[target] = file
    }

    private func archive(_ path: String, to location: S3Location, isRequired: Bool) async throws -> Bool {
        let source = try directory.path(path)
        guard try isRequired || !JobDirectory.files(below: source).isEmpty else { return false }
        let name = location.key.split(separator: "/").last ?? "archive"
        let file = "\(directory.root)/.\(name)"
        try await transfer.host.runBlocking { try TarGzip.create(directory: source, to: file) }
        let size = try JobDirectory.size(of: file)
        try await transfer.upload(file, size: size, to: location)
        return true
    }
}
