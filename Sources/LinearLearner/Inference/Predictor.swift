#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A model that answers requests as the serving side of SageMaker's linear-learner does.
///
/// Reads what AWS's page "Common data formats for inference" lists, and answers as "Linear learner response formats"
/// says. A value: any number of requests may be answered at the same time.
public struct Predictor: Sendable {
    /// What a request is answered with.
    public struct Response: Sendable, Hashable {
        /// Such as `application/json`.
        public var contentType: String
        public var body: [UInt8]
        /// How many rows were scored.
        public var rowCount: Int
    }

    public let model: LinearModel

    public init(_ model: LinearModel) { self.model = model }

    /// - Parameter bytes: A `model.tar.gz`, or the `model_algo-1` in it.
    /// - Throws: `AlgorithmError` where they hold no model of linear-learner.
    public init(modelBytes bytes: [UInt8]) throws(AlgorithmError) {
        let isGzip = bytes.starts(with: [0x1F, 0x8B])
        model = isGzip ? try LinearModel(modelTarGzip: bytes) : try LinearModel(archive: bytes)
    }

    /// - Parameter path: Of a `model.tar.gz`, or of the `model_algo-1` in it.
    /// - Throws: `AlgorithmError` where there is no readable file, or no model of linear-learner in it.
    public init(modelPath path: String) throws(AlgorithmError) {
        guard let file = fopen(path, "rb") else {
            throw .client("Cannot open the model \(path): \(String(cString: strerror(errno)))")
        }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&chunk, 1, chunk.count, file)
            guard count > 0 else { break }
            bytes += chunk[..<count]
        }
        try self.init(modelBytes: bytes)
    }

    /// Scores the rows of a request.
    /// - Parameters:
    ///   - contentType: `text/csv` (also where nil), `application/json`, `application/jsonlines` or
    ///     `application/x-recordio-protobuf`; parameters after a semicolon say nothing.
    ///   - accept: The same types; nil and `*/*` mean JSON. Of several the first that can be had.
    /// - Throws: `InferenceError` with the status and text of the answer.
    public func respond(
        to body: UnsafeBufferPointer<UInt8>,
        contentType: String?,
        accept: String?
    ) throws(InferenceError) -> Response {
        let request = try InferenceFormat(contentType: contentType)
        let response = try InferenceFormat(accept: accept)
        var scorer = RowScorer(model)
        switch request {
        case .csv: try scorer.addCSV(body)
        case .json: try scorer.addJSON(body)
        case .jsonLines: try scorer.addJSONLines(body)
        case .recordIO: try scorer.addRecords(body)
        }
        guard scorer.rowCount > 0 else { throw .unreadable("The request has no rows") }
        return Response(
            contentType: response.rawValue,
            body: PredictionWriter(model, response).write(scorer),
            rowCount: scorer.rowCount
        )
    }

    /// Scores the rows of a request.
    /// - Throws: `InferenceError` with the status and text of the answer.
    public func respond(to body: [UInt8], contentType: String?, accept: String?) throws(InferenceError) -> Response {
        let result = body.withUnsafeBufferPointer { body in
            Result { () throws(InferenceError) in
                try respond(to: body, contentType: contentType, accept: accept)
            }
        }
        return try result.get()
    }
}
