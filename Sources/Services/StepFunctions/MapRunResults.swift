import AWSProtocol
import JSON
import StatesLanguage

/// What the child executions of a map run came to.
struct MapRunResults: Sendable {
    var call: MapRunCall
    var inputs: [MapRunInput]
    /// By their place among the inputs; nil where none was begun.
    var ended: [ExecutionRecord?]

    /// The state's output where the results stay there.
    var output: Document {
        guard call.writer == nil else { return Document(.array(entries(ended.compactMap(\.self)))) }
        return Document(.array(ended.compactMap { $0?.outputValue }))
    }

    /// The results as the writer's `Transformation` wants them; failures are told whole in any case.
    func entries(_ records: [ExecutionRecord]) -> [JSON] {
        let transformation = call.writer?.transformation ?? .none
        return records.flatMap { record -> [JSON] in
            guard record.status == "SUCCEEDED", transformation != .none else { return [.object(record.exported)] }
            let value = record.outputValue
            if transformation == .flatten, let elements = value.arrayValue { return elements }
            return [value]
        }
    }
}

extension ExecutionRecord {
    /// The output; of a failure what is known of it.
    fileprivate var outputValue: JSON {
        if let output { return (try? JSON(parsing: output)) ?? .string(output) }
        return .compact(["Error": error.map(JSON.string), "Cause": cause.map(JSON.string)])
    }

    /// The execution as a result file tells it.
    fileprivate var exported: JSON.Object {
        .compact([
            "Cause": cause.map(JSON.string), "Error": error.map(JSON.string), "ExecutionArn": .string(arn),
            "Input": .string(input), "InputDetails": ["Included": true], "Name": .string(name),
            "Output": output.map(JSON.string), "OutputDetails": output.map { _ in ["Included": true] },
            "RedriveCount": .integer(redrives),
            "RedriveStatus": status == "SUCCEEDED" ? "NOT_REDRIVABLE" : "REDRIVABLE",
            "RedriveStatusReason": status == "SUCCEEDED"
                ? JSON.string("Execution is SUCCEEDED and cannot be redriven") : Optional<JSON>.none,
            "StartDate": .string(started.iso8601Milliseconds), "StateMachineArn": .string(machineARN),
            "Status": .string(status), "StopDate": stopped.map { .string($0.iso8601Milliseconds) },
        ])
    }

    /// A child execution of a map run.
    init(childOf parent: ExecutionRecord, _ call: MapRunCall, input: String, at moment: Timestamp) {
        self = parent
        let id = RandomText.uuid()
        number = 0
        machine = call.childMachineName
        name = call.childKind == .express ? "\(id):\(RandomText.uuid())" : id
        version = nil
        alias = nil
        kind = call.childKind
        seed = UInt64.random(in: 0...UInt64.max)
        order = Execution.currentOrder
        started = moment
        stopped = nil
        self.input = input
        status = "RUNNING"
        output = nil
        error = nil
        cause = nil
        redrives = 0
        redriven = nil
        mapState = call.stateName
    }
}

/// Writes a map run's results to S3: a file of each kind, and a manifest that names them.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html>
struct ResultExporter: Sendable {
    var aws: any AWSCaller
    var caller: Caller
    var results: MapRunResults

    /// The state's output: where the manifest is.
    /// - Throws: `MapRunFailure` where S3 does not take the files.
    func write(to destination: JSON) async throws -> JSON {
        guard let bucket = destination["Bucket"]?.stringValue else {
            throw MapRunFailure(error: StatesError.resultWriterFailed, cause: "The ResultWriter names no Bucket.")
        }
        let run = results.call.mapRunARN
        let id = String(run.split(separator: ":").last ?? "")
        let prefix = destination["Prefix"]?.stringValue ?? ""
        let folder = prefix.isEmpty || prefix.hasSuffix("/") ? "\(prefix)\(id)" : "\(prefix)/\(id)"
        let records = results.ended.compactMap(\.self)
        let pending = zip(results.inputs, results.ended).filter { $0.1 == nil }.map { pair -> JSON in
            ["Input": .string(pair.0.document.text), "InputDetails": ["Included": true], "Status": "PENDING"]
        }
        let kinds: [(String, [JSON])] = [
            ("FAILED", results.entries(records.filter { $0.status != "SUCCEEDED" })), ("PENDING", pending),
            ("SUCCEEDED", results.entries(records.filter { $0.status == "SUCCEEDED" })),
        ]
        var files = JSON.Object()
        for (kind, entries) in kinds {
            files[kind] = try await write(entries, kind, folder, bucket)
        }
        let manifest: JSON = [
            "DestinationBucket": .string(bucket), "MapRunArn": .string(run), "ResultFiles": .object(files),
        ]
        try await put(manifest.serialized(), "\(folder)/manifest.json", bucket)
        return [
            "MapRunArn": .string(run),
            "ResultWriterDetails": ["Bucket": .string(bucket), "Key": .string("\(folder)/manifest.json")],
        ]
    }

    private func write(_ entries: [JSON], _ kind: String, _ folder: String, _ bucket: String) async throws -> JSON {
        guard !entries.isEmpty else { return [] }
        let isLines = results.call.writer?.isLines ?? false
        let text =
            isLines
            ? entries.map { $0.serialized() + "\n" }.joined() : JSON.array(entries).serialized()
        let key = "\(folder)/\(kind)_0.\(isLines ? "jsonl" : "json")"
        try await put(text, key, bucket)
        return [["Key": .string(key), "Size": .integer(text.utf8.count)]]
    }

    private func put(_ text: String, _ key: String, _ bucket: String) async throws {
        do {
            _ = try await aws.send(
                AWSRequest(
                    "s3:PutObject",
                    ["Bucket": .string(bucket), "Key": .string(key), "ContentType": "application/json"],
                    body: Body(text),
                    caller: caller
                )
            )
        } catch {
            throw MapRunFailure(
                error: StatesError.resultWriterFailed,
                cause: "Failed to write the results to s3://\(bucket)/\(key): \(error.code): \(error.message)"
            )
        }
    }
}
