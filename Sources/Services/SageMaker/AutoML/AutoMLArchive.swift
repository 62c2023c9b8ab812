import Archive
import JSON
import LinearLearner
import TabularSteps

/// The `model.tar.gz` of an AutoML job's own containers: `automl.json`, the schema, and where the container is the whole
/// model beside it `model_algo-1`, linear-learner's artefact.
struct AutoMLArchive: Sendable {
    static let schemaFile = "automl.json"
    static let modelFile = "model_algo-1"

    var schema: TabularSchema
    var model: LinearModel?

    init(_ schema: TabularSchema, _ model: LinearModel? = nil) {
        self.schema = schema
        self.model = model
    }

    /// - Throws: `ServingFailure` where the bytes are no such archive.
    init(tarGzip bytes: [UInt8]) throws(ServingFailure) {
        var files: [String: [UInt8]] = [:]
        do {
            let reader = try TarReader(bytes: bytes, isCompressed: true)
            while let entry = try reader.next() {
                guard entry.kind == .file, let name = entry.path.split(separator: "/").last else { continue }
                files[String(name)] = try reader.contents(limit: 1 << 30)
            }
            guard let schema = files[Self.schemaFile] else {
                throw ServingFailure("there is no \(Self.schemaFile): it is not a model of an AutoML job of Trainyard")
            }
            self.schema = try TabularSchema(json: JSON(parsing: schema))
            model = try files[Self.modelFile].map { try LinearModel(archive: $0) }
        } catch let failure as ServingFailure {
            throw failure
        } catch {
            throw ServingFailure("\(error)")
        }
    }

    func tarGzip() throws -> [UInt8] {
        var files = [(path: Self.schemaFile, contents: schema.json.serializedBytes())]
        if let model { files.append((Self.modelFile, try model.archive())) }
        return try TarGzip.archive(files)
    }
}
