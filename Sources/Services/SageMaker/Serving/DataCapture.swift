import AWSProtocol
import JSON
import Logging
import NIOCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Writes what an endpoint is asked and answers to S3, as JSON Lines below
/// `PREFIX/ENDPOINT/VARIANT/yyyy/mm/dd/hh/`.
///
/// <https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture-endpoint.html>
actor DataCapture {
    /// One request and its answer.
    struct Exchange: Sendable {
        var variant: String
        var request: InferenceRequest
        var answerType: String
        var answer: ByteBuffer
        var time: Timestamp
    }

    /// A file is written when so much has gathered, or so long after its first line.
    private static let maximumBytes = 4 << 20
    private static let delay = Duration.seconds(1)

    private let endpoint: String
    private let destination: S3Location
    private let sampling: Int
    private let modes: Set<String>
    private let csvTypes: Set<String>
    private let jsonTypes: Set<String>
    private let caller: Caller
    private let context: JobContext
    private var lines: [String: (bytes: ByteBuffer, first: Timestamp)] = [:]
    private var delayed: Task<Void, Never>?

    /// - Parameter config: A `DataCaptureConfig`; nil where it captures nothing.
    init?(_ config: JSON?, endpoint: EndpointKey, context: JobContext) {
        guard let config, config["EnableCapture"]?.boolValue ?? true,
            let uri = config["DestinationS3Uri"]?.stringValue, let destination = S3Location(uri)
        else { return nil }
        self.endpoint = endpoint.name
        self.destination = destination
        self.context = context
        caller = Caller(account: endpoint.account, region: endpoint.region)
        sampling = config["InitialSamplingPercentage"]?.intValue ?? 100
        modes = Set(config["CaptureOptions"]?.arrayValue?.compactMap { $0["CaptureMode"]?.stringValue } ?? [])
        let types = config["CaptureContentTypeHeader"]
        csvTypes = Set(types?["CsvContentTypes"]?.arrayValue?.compactMap(\.stringValue) ?? [])
        jsonTypes = Set(types?["JsonContentTypes"]?.arrayValue?.compactMap(\.stringValue) ?? [])
    }

    /// Whether this request is one of the sample.
    nonisolated func isSampled() -> Bool { sampling >= 100 || Int.random(in: 0..<100) < sampling }

    func capture(_ exchange: Exchange) async {
        var file = lines[exchange.variant] ?? (ByteBuffer(), exchange.time)
        file.bytes.writeBytes(line(exchange).serializedBytes())
        file.bytes.writeString("\n")
        lines[exchange.variant] = file
        if file.bytes.readableBytes >= Self.maximumBytes { return await flush() }
        guard delayed == nil else { return }
        delayed = Task {
            try? await Task.sleep(for: Self.delay)
            guard !Task.isCancelled else { return }
            await flush()
        }
    }

    /// Writes what has gathered.
    func flush() async {
        delayed?.cancel()
        delayed = nil
        let files = lines
        lines = [:]
        for (variant, file) in files {
            let location = destination.appending("\(endpoint)/\(variant)/\(Self.name(of: file.first))")
            do {
                let input: JSON.Object = ["Bucket": .string(location.bucket), "Key": .string(location.key)]
                _ = try await context.aws.send(
                    AWSRequest("s3:PutObject", input, body: Body(file.bytes), caller: caller)
                )
            } catch {
                context.logger.warning("Cannot write captured data to \(location.uri): \(error)")
            }
        }
    }

    private func line(_ exchange: Exchange) -> JSON {
        var captured: JSON.Object = [:]
        if modes.contains("Input") || modes.contains("InputAndOutput") {
            captured["endpointInput"] = data(exchange.request.body, exchange.request.contentType, mode: "INPUT")
        }
        if modes.contains("Output") || modes.contains("InputAndOutput") {
            captured["endpointOutput"] = data(exchange.answer, exchange.answerType, mode: "OUTPUT")
        }
        return [
            "captureData": .object(captured),
            "eventMetadata": .compact([
                "eventId": .string(RandomText.uuid()),
                "customAttributes": exchange.request.customAttributes.map { .array([.string($0)]) },
                "inferenceId": exchange.request.inferenceID.map { .string($0) },
                "inferenceTime": .string(Self.seconds(exchange.time)),
            ]),
            "eventVersion": "0",
        ]
    }

    private func data(_ bytes: ByteBuffer, _ type: String?, mode: String) -> JSON {
        let kind = type.map { String($0.prefix { $0 != ";" }) } ?? ""
        let encoding = csvTypes.contains(kind) ? "CSV" : jsonTypes.contains(kind) ? "JSON" : "BASE64"
        let text = encoding == "BASE64" ? Base64.encode(bytes.readableBytesView) : String(buffer: bytes)
        return .compact([
            "observedContentType": type.map { .string($0) }, "mode": .string(mode), "data": .string(text),
            "encoding": .string(encoding),
        ])
    }

    /// `2023/11/14/22/13-20-000-UUID.jsonl`
    private static func name(of time: Timestamp) -> String {
        let text = time.iso8601
        let date = text.prefix(10).split(separator: "-").joined(separator: "/")
        let clock = text.dropFirst(11).prefix(12)
        let rest = clock.dropFirst(3).map { $0 == ":" || $0 == "." ? "-" : String($0) }.joined()
        return "\(date)/\(clock.prefix(2))/\(rest)-\(RandomText.uuid()).jsonl"
    }

    /// `2023-11-14T22:13:20Z`
    private static func seconds(_ time: Timestamp) -> String { "\(time.iso8601.prefix(19))Z" }
}
