import AWSProtocol
import Compute
import JSON
import LinearLearner
import NIOCore
import TabularSteps

/// What AutoML jobs put before, behind or around linear-learner, serving in this process: rows as they stand in the user's
/// file go in, the user's own labels come out.
struct AutoMLContainer: ModelContainer {
    enum Work: Sendable {
        /// Raw rows to features.
        case features
        /// linear-learner's answers to labels.
        case labels
        /// Raw rows to labels or numbers.
        case whole(LinearModel)
    }

    let name: String
    let host: ComputeHost
    private let schema: TabularSchema
    private let work: Work
    private let writer: CandidateAnswer

    /// - Throws: `ServingFailure` where the definition and the archive do not go together.
    init(_ definition: ContainerDefinition, _ archive: AutoMLArchive, host: ComputeHost) throws(ServingFailure) {
        name = definition.name
        self.host = host
        schema = archive.schema
        let environment = definition.environment
        switch environment["AUTOML_TRANSFORM_MODE"] {
        case "feature-transform"?: work = .features
        case "inverse-label-transform"?: work = .labels
        case nil:
            guard let model = archive.model else {
                throw ServingFailure("there is no \(AutoMLArchive.modelFile) in it")
            }
            work = .whole(model)
        case let other?:
            throw ServingFailure(
                "AUTOML_TRANSFORM_MODE is \(other), and must be feature-transform or inverse-label-transform"
            )
        }
        writer = try CandidateAnswer(schema, environment, isOfPredicted: environment["AUTOML_TRANSFORM_MODE"] == nil)
    }

    func invoke(_ request: InferenceRequest) async throws(InferenceFailure) -> InferenceAnswer {
        guard request.targetModel == nil else { throw .targetModelNotSupported }
        let (type, bytes): (String, [UInt8])
        do {
            (type, bytes) =
                request.body.readableBytes <= LinearLearnerInference.smallBody
                ? try answer(request) : try await host.runBlocking { try answer(request) }
        } catch let error as CandidateAnswer.Refusal {
            throw .model(container: name, status: error.status, body: Array(error.message.utf8))
        } catch {
            throw .unreachable(container: name)
        }
        return InferenceAnswer(contentType: type, body: Body(ByteBuffer(bytes: bytes)))
    }

    private func answer(_ request: InferenceRequest) throws -> (String, [UInt8]) {
        let body = Array(request.body.readableBytesView)
        let type = CandidateAnswer.mediaType(request.contentType) ?? "text/csv"
        switch work {
        case .features: return ("text/csv", try features(body, type).flatMap { $0.csvLine })
        case .labels:
            return try writer.write(try CandidateAnswer.predictions(body, type), accept: request.accept)
        case .whole(let model):
            let predictions = try features(body, type).map { model.predict($0) }
            return try writer.write(predictions, accept: request.accept)
        }
    }

    /// The features of each row of a CSV text.
    private func features(_ body: [UInt8], _ type: String) throws -> [[Float]] {
        guard type == "text/csv" else {
            throw CandidateAnswer.Refusal(
                status: 415,
                message: "Content type \(type) is not supported. Supported content types are text/csv"
            )
        }
        do {
            let table = try CSVTable(body)
            return try zip(table.rows, table.lines).map { row, line in
                var features: [Float] = []
                try schema.transform.append(row, line: line, to: &features)
                return features
            }
        } catch let error as TabularError {
            throw CandidateAnswer.Refusal(status: 400, message: error.description)
        }
    }
}

extension [Float] {
    fileprivate var csvLine: [UInt8] { Array<UInt8>((map(\.text).joined(separator: ",") + "\n").utf8) }
}
