import AWSProtocol
import Archive
import Compute

/// Brings what a job's program leaves behind to S3.
actor JobOutputs {
    /// How often a directory in Continuous mode is looked through. A file's content is taken once it has stayed as it is
    /// for that long, so that what is being written is not.
    private static let interval = Duration.seconds(1)

    private let plan: JobPlan
    /// One of each host.
    private let directories: [JobDirectory]
    private let transfer: S3Transfer
    private let clock: any WallClock
    /// What is in S3, by the path on this machine.
    private var uploaded: [String: JobDirectory.File] = [:]

    init(plan: JobPlan, directories: [JobDirectory], transfer: S3Transfer, clock: any WallClock) {
        self.plan = plan
        self.directories = directories
        self.transfer = transfer
        self.clock = clock
    }

    nonisolated var hasContinuous: Bool {
        plan.outputs.contains { if case .directory(_, _, true) = $0 { true } else { false } }
    }

    /// What lies in Continuous outputs now came from S3, as a checkpoint does.
    func noteRestored() throws {
        for case .directory(let path, _, true) in plan.outputs {
            for directory in directories {
                let root = try directory.path(path)
                for file in try JobDirectory.files(below: root) { uploaded["\(root)/\(file.path)"] = file }
            }
        }
    }

    /// Uploads files of Continuous outputs as they become ready, until the task is cancelled.
    func uploadContinuously() async {
        var watched: [(files: SettledFiles, root: String, location: S3Location)] = []
        for (number, output) in plan.outputs.enumerated() {
            guard case .directory(let path, let location, true) = output else { continue }
            for directory in directories {
                guard let root = try? directory.path(path) else { continue }
                let files = SettledFiles(below: root, holding: "\(directory.root)/.continuous-\(number)")
                watched.append((files, root, location))
            }
        }
        while !Task.isCancelled {
            do { try await clock.sleep(until: clock.now() + Self.interval) } catch { break }
            for index in watched.indices {
                let (root, location) = (watched[index].root, watched[index].location)
                for settled in (try? watched[index].files.look()) ?? [] {
                    // What fails is tried again at the end, where a failure is the job's.
                    let target = location.appending(settled.file.path)
                    try? await upload(settled.file, in: root, from: settled.source, to: target)
                }
                try? watched[index].files.hold()
            }
        }
        for index in watched.indices { watched[index].files.releaseAll() }
    }

    /// Uploads what is left of Continuous outputs: the end of a job that failed.
    func uploadRest() async throws {
        for case .directory(let path, let location, true) in plan.outputs { try await uploadFiles(path, to: location) }
    }

    /// Uploads everything, the archives of several hosts' directories as one.
    /// - Parameter isComplete: Whether the program succeeded; where not, an archive of nothing is left out.
    /// - Returns: The address of the model, where one was uploaded.
    func upload(isComplete: Bool) async throws -> String? {
        var model: String?
        do {
            for output in plan.outputs {
                switch output {
                case .directory(let path, let location, _):
                    try await uploadFiles(path, to: location)
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

    private func uploadFiles(_ path: String, to location: S3Location) async throws {
        for directory in directories {
            let root = try directory.path(path)
            for file in try JobDirectory.files(below: root) {
                try await upload(file, in: root, to: location.appending(file.path))
            }
        }
    }

    /// - Parameter source: Where the file's content is, if not in its place.
    private func upload(
        _ file: JobDirectory.File,
        in root: String,
        from source: String? = nil,
        to target: S3Location
    ) async throws {
        let place = "\(root)/\(file.path)"
        guard uploaded[place] != file else { return }
        try await transfer.upload(source ?? place, size: file.size, to: target)
        uploaded[place] = file
    }

    private func archive(_ path: String, to location: S3Location, isRequired: Bool) async throws -> Bool {
        guard let directory = directories.first else { return false }
        let others = directories.dropFirst()
        try await transfer.host.runBlocking { for other in others { try directory.gather(path, from: other) } }
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
