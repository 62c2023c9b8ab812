import Foundation

@testable import LinearLearner

/// A training job over texts.
struct Training {
    var lines: [String] = []
    var model: TrainedModel?

    /// - Parameter data: The text of each channel.
    init(
        _ hyperparameters: [String: String],
        _ data: [String: String],
        contentType: String? = "text/csv",
        plan: MemoryPlan = MemoryPlan(),
        checkpointDirectory: String? = nil,
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) throws {
        let directory = NSTemporaryDirectory() + "/training-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        var channels: [String: TrainingChannel] = [:]
        for (name, text) in data {
            let path = "\(directory)/\(name).csv"
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
            let file = TrainingChannel.File(path: path, name: "/opt/ml/input/data/\(name)/data.csv")
            channels[name] = TrainingChannel(contentType: contentType, files: [file])
        }
        var lines: [String] = []
        model = try LinearLearner.train(
            hyperparameters,
            channels,
            checkpointDirectory,
            plan,
            { lines.append($0) },
            isCancelled,
            { 1_584_909_801 }
        )
        self.lines = lines
    }

    /// What went wrong, as SageMaker shows it.
    static func failure(
        _ hyperparameters: [String: String],
        _ data: [String: String],
        contentType: String? = "text/csv",
        plan: MemoryPlan = MemoryPlan()
    ) throws -> String? {
        do {
            _ = try Training(hyperparameters, data, contentType: contentType, plan: plan)
            return nil
        } catch let error as AlgorithmError {
            return error.description
        }
    }
}

extension Training {
    /// The last value of a metric.
    func metric(_ name: String) -> Double { model?.metrics.first { $0.name == name }?.value ?? .nan }
}

extension MemoryPlan {
    /// Reads even the smallest data in many chunks, and anew in each pass.
    static let tiny = MemoryPlan(residentLimit: 4000, sampleLimit: 20_000, chunkSize: 4000)
}

/// Rows of a plane with noise, or of the classes it is cut into.
enum Sample {
    static func rows(_ count: Int, seed: UInt64, label: (Double, inout SplitMix64) -> String) -> String {
        var random = SplitMix64(state: seed)
        return (0..<count).map { _ in
            let (x, y) = (Double(random.nextUnit()) * 10, Double(random.nextUnit()) * 1000)
            let height = 3 * x - 0.02 * y + 100
            return "\(label(height, &random)),\(x),\(y)\n"
        }.joined()
    }

    static func regression(_ count: Int, seed: UInt64 = 1) -> String {
        rows(count, seed: seed) { height, random in "\(height + Double(random.nextUnit()) - 0.5)" }
    }

    static func binary(_ count: Int, seed: UInt64 = 1) -> String {
        rows(count, seed: seed) { height, random in height + Double(random.nextUnit()) * 4 > 107 ? "1" : "0" }
    }

    static func multiclass(_ count: Int, seed: UInt64 = 1) -> String {
        rows(count, seed: seed) { height, _ in height < 100 ? "0" : height < 110 ? "1" : "2" }
    }
}
