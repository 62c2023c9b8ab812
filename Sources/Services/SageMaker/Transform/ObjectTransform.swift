import AWSProtocol
import Archive
import Compute
import JSON
import NIOCore

/// The transform of one input object: its records go to the model in payloads, several at a time, and the answers come
/// into the result in the records' order.
struct ObjectTransform: Sendable {
    let object: InputObject
    let plan: TransformPlan
    let batching: TransformBatching
    let server: ModelServer
    let transfer: S3Transfer
    /// For the object and its result, while they are on this machine.
    let directory: String

    private var inputPath: String { directory + "/input" }
    private var resultPath: String { directory + "/result" }

    /// - Throws: `TransformFailure` where the object cannot be transformed, `CancellationError`.
    func run() async throws {
        try JobDirectory(root: directory).remove()
        try JobDirectory.makeDirectory(directory)
        do {
            try await fetch()
            try await transform()
        } catch let malformed as RecordSplitter.Malformed {
            throw TransformFailure(detail: malformed.reason, isClientError: true)
        } catch let failure as JobFailure {
            throw TransformFailure(detail: failure.reason, isClientError: true)
        }
        let size = try JobDirectory.size(of: resultPath)
        let target = plan.target(of: object)
        do {
            try await transfer.upload(resultPath, size: size, to: target)
        } catch {
            throw TransformFailure(detail: "Failed to upload \(target.uri): \(error.message)", isClientError: true)
        }
    }

    private func fetch() async throws {
        let packed = plan.input.isGzipped ? inputPath + ".gz" : inputPath
        try await transfer.write(try await transfer.get(object.location), to: packed)
        guard plan.input.isGzipped else { return }
        do {
            try await transfer.host.runBlocking { [inputPath] in try Gzip.decompress(fileAt: packed, to: inputPath) }
        } catch let error as ArchiveError {
            throw JobFailure.client("\(object.location.uri) is not gzip: \(error)")
        }
    }

    private func transform() async throws {
        let writer = try FileWriter(path: resultPath)
        defer { writer.close() }
        let size = try JobDirectory.size(of: inputPath)
        var chunks = Body(.file(path: inputPath, range: 0..<size)).chunks().makeAsyncIterator()
        var reader = PayloadReader(
            splitter: RecordSplitter(plan.split),
            builder: PayloadBuilder(plan.split, batching, plan.processing)
        )
        // Answers that came before those of earlier payloads wait; no more are asked for than may be under way.
        var answers: [Int: ByteBuffer] = [:]
        var (sent, written) = (0, 0)
        try await withThrowingTaskGroup(of: (Int, ByteBuffer).self) { group in
            while true {
                while sent - written < batching.maximumConcurrent,
                    let payload = try await reader.next({ try await chunks.next() })
                {
                    let number = sent
                    group.addTask { (number, try await answer(payload)) }
                    sent += 1
                }
                guard written < sent, let (number, bytes) = try await group.next() else { return }
                answers[number] = bytes
                while let bytes = answers.removeValue(forKey: written) {
                    try writer.write(bytes)
                    written += 1
                }
            }
        }
    }

    /// Asks the model, and makes of its answer what goes into the result.
    private func answer(_ payload: TransformPayload) async throws -> ByteBuffer {
        let answer = try await invoke(payload)
        let pieces = try plan.processing?.processed(answer, of: payload.records) ?? [answer]
        var result = ByteBuffer()
        for (index, piece) in pieces.enumerated() {
            if index > 0, result.readableBytesView.last != 0x0A { result.writeInteger(UInt8(0x0A)) }
            result.writeImmutableBuffer(piece)
        }
        if plan.assemblesByLine, result.readableBytesView.last != 0x0A { result.writeInteger(UInt8(0x0A)) }
        return result
    }

    private func invoke(_ payload: TransformPayload) async throws -> ByteBuffer {
        var request = InferenceRequest(body: payload.body, contentType: plan.contentType, accept: plan.accept)
        request.timeout = plan.timeout
        var attempts = 0
        while true {
            do {
                let answer = try await server.invoke(request)
                return try await answer.body.collect(upTo: ModelServer.maximumAnswerBytes)
            } catch let failure as InferenceFailure {
                try Task.checkCancellation()
                attempts += 1
                guard failure.mayPass, attempts <= plan.maximumRetries else { throw failure.transformFailure }
            }
        }
    }
}

/// Reads a file's payloads one by one.
private struct PayloadReader {
    var splitter: RecordSplitter
    var builder: PayloadBuilder
    private var isEnd = false
    private var isFinished = false

    init(splitter: RecordSplitter, builder: PayloadBuilder) {
        self.splitter = splitter
        self.builder = builder
    }

    mutating func next(_ chunk: () async throws -> ByteBuffer?) async throws -> TransformPayload? {
        while !isFinished {
            while let record = try splitter.next(isEnd: isEnd) {
                if let payload = try builder.add(record) { return payload }
            }
            if isEnd {
                isFinished = true
                return builder.finish()
            }
            if splitter.split == .none, splitter.waitingBytes > builder.batching.maximumPayload {
                throw RecordSplitter.Malformed(
                    reason: """
                        The file is larger than MaxPayloadInMB (\(builder.batching.maximumPayload >> 20)) allows: give a \
                        SplitType, or a greater MaxPayloadInMB.
                        """
                )
            }
            if let bytes = try await chunk() { splitter.append(bytes) } else { isEnd = true }
        }
        return nil
    }
}

extension InferenceFailure {
    /// Whether the same request may be answered another time.
    fileprivate var mayPass: Bool {
        switch self {
        case .model(_, let status, _): status == 429 || status >= 500
        case .timedOut, .unreachable, .throttled, .notReady: true
        case .invalid, .targetModelMissing, .targetModelNotSupported: false
        }
    }

    fileprivate var transformFailure: TransformFailure {
        switch self {
        case .model(_, let status, let body):
            let message = String(decoding: body.prefix(1000), as: UTF8.self)
            return TransformFailure(
                detail: "Bad HTTP status received from algorithm: \(status)\n\(message)",
                isClientError: (400..<500).contains(status)
            )
        case .timedOut: return TransformFailure(detail: "The model did not answer in time", isClientError: false)
        case .unreachable: return TransformFailure(detail: "The model ended before it answered", isClientError: false)
        case .throttled: return TransformFailure(detail: "The model answers as many as it may", isClientError: false)
        case .notReady(let reason), .invalid(let reason):
            return TransformFailure(detail: reason, isClientError: false)
        case .targetModelMissing, .targetModelNotSupported:
            return TransformFailure(
                detail: "Batch transform does not serve multi-model containers",
                isClientError: true
            )
        }
    }
}
