import Archive
import JSON

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Where training stands after an epoch, in a file that a later job of the same kind goes on from.
struct CheckpointStore {
    struct State {
        /// How many epochs are done.
        var epoch: Int
        /// Of each model all that its training depends on.
        var models: [[Double]]
    }

    private static let fileName = "linear-learner.checkpoint"

    private let directory: String
    /// A checkpoint of other hyperparameters or data is not gone on from.
    private let fingerprint: String

    init(directory: String, _ provided: [String: String], _ channels: [String: TrainingChannel]) {
        self.directory = directory
        // More epochs than before is what one resumes for.
        let parameters = provided.filter { $0.key != "epochs" }.sorted { $0.key < $1.key }
        let files = channels.sorted { $0.key < $1.key }.map { name, channel in
            "\(name):" + channel.files.map { "\($0.name)=\(Self.size($0.path))" }.joined(separator: ",")
        }
        fingerprint =
            parameters.map { "\($0.key)=\($0.value)" }.joined(separator: ";") + "|" + files.joined(separator: "|")
    }

    private static func size(_ path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : -1
    }

    private var path: String { "\(directory)/\(Self.fileName)" }

    /// Nil where there is none that fits.
    func load() -> State? {
        guard let zip = try? ZipReader(path: path),
            let text = try? zip.contents(of: "state.json", limit: 1 << 24),
            let state = try? JSON(parsing: text), state["fingerprint"]?.stringValue == fingerprint,
            let epoch = state["epoch"]?.intValue, let counts = state["counts"]?.arrayValue?.compactMap(\.intValue),
            let bytes = try? zip.contents(of: "models"), bytes.count == 8 * counts.reduce(0, +)
        else { return nil }
        var models: [[Double]] = []
        var offset = 0
        bytes.withUnsafeBytes { bytes in
            for count in counts {
                models.append(
                    (0..<count).map { index in
                        let bits = bytes.loadUnaligned(fromByteOffset: offset + 8 * index, as: UInt64.self)
                        return Double(bitPattern: UInt64(littleEndian: bits))
                    }
                )
                offset += 8 * count
            }
        }
        return State(epoch: epoch, models: models)
    }

    /// Writes the whole file or none.
    /// - Throws: `AlgorithmError` where it cannot be written.
    func save(epoch: Int, _ models: [[Double]]) throws(AlgorithmError) {
        let state: JSON = [
            "fingerprint": .string(fingerprint), "epoch": .integer(epoch),
            "counts": .array(models.map { .integer($0.count) }),
        ]
        var bytes: [UInt8] = []
        bytes.reserveCapacity(models.reduce(0) { $0 + 8 * $1.count })
        for model in models {
            for value in model { withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 } }
        }
        let temporary = path + ".part"
        do {
            var zip = try ZipWriter(path: temporary)
            try zip.addFile("state.json", state.serializedBytes(), method: .stored)
            try zip.addFile("models", bytes, method: .stored)
            _ = try zip.finish()
        } catch {
            throw AlgorithmError(.algorithm, "Cannot write the checkpoint \(temporary): \(error)")
        }
        guard rename(temporary, path) == 0 else {
            throw AlgorithmError(.algorithm, "Cannot write the checkpoint \(path): \(String(cString: strerror(errno)))")
        }
    }
}
