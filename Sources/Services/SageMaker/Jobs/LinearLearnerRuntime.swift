import AWSProtocol
import Compute
import JSON
import LinearLearner
import NIOCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Runs AWS's algorithm `linear-learner` in this process, under the same contract that the image keeps: it reads
/// `/opt/ml/input`, writes `/opt/ml/model/model_algo-1`, and on failure `/opt/ml/output/failure`.
struct LinearLearnerRuntime: JobRuntime {
    func start(
        _ container: JobContainer,
        output: @escaping @Sendable (ByteBuffer) async -> Void
    ) async throws -> any JobProgram {
        await BuiltInProgram.start("linear-learner", container, output: output) { log, isCancelled in
            Self.train(container, log: log, isCancelled: isCancelled)
        }
    }

    private static func train(
        _ container: JobContainer,
        log: (String) -> Void,
        isCancelled: @escaping @Sendable () -> Bool
    ) -> JobExit {
        do {
            let model = try LinearLearner.train(
                hyperparameters: try hyperparameters(container.directory),
                channels: try channels(container),
                checkpointDirectory: try checkpointDirectory(container.directory),
                log: log,
                isCancelled: isCancelled,
                now: { container.clock.now().seconds }
            )
            try write(model.archive, to: "/opt/ml/model/model_algo-1", container.directory)
            return JobExit(code: 0)
        } catch let error as AlgorithmError {
            guard error.kind != .cancelled else { return JobExit(code: 143) }
            log(error.description)
            return fail(error.message, isClientError: error.kind == .client, container.directory)
        } catch {
            log("\(error)")
            return fail("\(error)", isClientError: false, container.directory)
        }
    }

    /// 1 and 2 are AWS's algorithms' exit codes for their own failure and for the customer's.
    private static func fail(_ message: String, isClientError: Bool, _ directory: JobDirectory) -> JobExit {
        // Without the file the failure is still told, by the exit code.
        try? write(Array(message.utf8), to: "/opt/ml/output/failure", directory)
        return JobExit(code: isClientError ? 2 : 1, isClientError: isClientError)
    }

    private static func write(_ bytes: [UInt8], to path: String, _ directory: JobDirectory) throws {
        let writer = try FileWriter(path: directory.path(path))
        defer { writer.close() }
        try writer.write(ByteBuffer(bytes: bytes))
    }

    /// Where the job has room for checkpoints: nil where it does not ask for them.
    private static func checkpointDirectory(_ directory: JobDirectory) throws -> String? {
        let path = try directory.path("/opt/ml/checkpoints")
        return FileManager.default.fileExists(atPath: path) ? path : nil
    }

    private static func hyperparameters(_ directory: JobDirectory) throws -> [String: String] {
        let path = "/opt/ml/input/config/hyperparameters.json"
        let text = try directory.text(path, limit: 1 << 20) ?? "{}"
        var hyperparameters = Optional(try JSON(parsing: text)).stringMap
        hyperparameters[TuningContract.objectiveHyperparameter] = nil
        return hyperparameters
    }

    private static func channels(_ container: JobContainer) throws -> [String: TrainingChannel] {
        let directory = container.directory
        let text = try directory.text("/opt/ml/input/config/inputdataconfig.json", limit: 1 << 20) ?? "{}"
        var channels: [String: TrainingChannel] = [:]
        for (name, configuration) in try JSON(parsing: text).objectValue ?? [:] {
            let path = "/opt/ml/input/data/\(name)"
            let root = try directory.path(path)
            let files = try JobDirectory.files(below: root).map {
                TrainingChannel.File(path: "\(root)/\($0.path)", name: "\(path)/\($0.path)")
            }
            let contentType = configuration["ContentType"]?.stringValue ?? recordIO(files)
            channels[name] = TrainingChannel(contentType: contentType, files: files)
        }
        return channels
    }

    /// AWS's algorithms take data of no stated type for RecordIO, which the SDK relies on; here they are looked at, so that
    /// CSV need not be stated either.
    private static func recordIO(_ files: [TrainingChannel.File]) -> String? {
        let magic: [UInt8] = [0x0A, 0x23, 0xD7, 0xCE]
        guard let first = files.first, JobDirectory.beginning(of: first.path, count: magic.count) == magic else {
            return nil
        }
        return "application/x-recordio-protobuf"
    }
}
