import AWSProtocol
import JSON
import NIOCore
import StatesLanguage

extension TaskPerformer {
    // MARK: Optimised integrations

    func callOptimized(_ job: TaskJob, service: String, action: String) async throws -> Document {
        switch (service, action) {
        case ("lambda", "invoke"): return try await invokeLambda(job)
        case ("states", "startExecution"): return try await startNested(job)
        case ("http", "invoke"): return try await invokeHTTP(job)
        case ("events", "putEvents"): return try await putEvents(job)
        case (ClusterAction.service, _):
            guard let action = ClusterAction(rawValue: action) else { throw notServed(job) }
            return try await begin(action, job)
        default:
            let operation = ServiceModels.model(signingName: service)?.operation(sdkAction: action)
            guard let operation else { throw notServed(job) }
            if service == "sagemaker", job.call.resource.pattern == .sync, let kind = SageMakerJob(action: action) {
                return try await beginJob(job, operation, kind)
            }
            return try await call(job, service, operation, job.call.arguments.value.objectValue ?? [:])
        }
    }

    /// Makes an optimised integration's call; the output is the answer with the SDK's metadata.
    func call(
        _ job: TaskJob,
        _ service: String,
        _ operation: OperationModel,
        _ arguments: JSON.Object
    ) async throws -> Document {
        let model = ServiceModels.model(signingName: service)
        do {
            let answer =
                try await aws.call(
                    operation.operation,
                    .object(operation.recased(arguments)),
                    as: job.caller
                ).objectValue ?? [:]
            let requestID = RequestID.make()
            var output = MemberCase.upper.applied(to: answer).withTimes { .integer($0.milliseconds) }
            output.merge(SDKMetadata.members(answer: answer, of: model, requestID: requestID, at: clock.now()))
            return Document(.object(output))
        } catch {
            throw TaskFailure(optimized: error, service: service)
        }
    }

    // MARK: The AWS SDK's integrations

    func callSDK(_ job: TaskJob, service: String, action: String) async throws -> Document {
        guard let operation = ServiceModels.model(sdkID: service)?.operation(sdkAction: action) else {
            throw notServed(job)
        }
        var arguments = job.call.arguments.value.objectValue ?? [:]
        var body: Body?
        if let member = operation.inputBodyMember, let value = arguments.removeValue(forKey: member) {
            body = Body(value.stringValue ?? value.serialized())
        }
        do {
            if let given = body { body = try await checked(given, operation, &arguments) }
            let response = try await aws.send(
                AWSRequest(operation.operation, operation.recased(arguments), body: body, caller: job.caller)
            )
            var output = MemberCase.upper.applied(to: response.output).withTimes { .string($0.iso8601) }
            for member in operation.outputHeaderMaps where output[member] == nil { output[member] = .object([:]) }
            if let member = operation.outputBodyMember, let body = response.body {
                output[member] = .string(String(buffer: try await text(body)))
            }
            return Document(.object(output))
        } catch let error as AWSError {
            throw TaskFailure(sdk: error, service: service)
        }
    }

    /// The body with the type and the checksum that the AWS SDK sends with a text where the caller gives none.
    private func checked(
        _ body: Body,
        _ operation: OperationModel,
        _ arguments: inout JSON.Object
    ) async throws -> Body {
        if arguments["ContentType"] == nil, operation.inputMembers.contains("ContentType") {
            arguments["ContentType"] = "text/plain; charset=UTF-8"
        }
        let hasOwn = arguments.contains { $0.key.hasPrefix("Checksum") || $0.key == "ContentMD5" }
        guard operation.inputMembers.contains("ChecksumCRC32"), !hasOwn else { return body }
        let bytes = try await body.collect(upTo: Execution.maximumPayload)
        var checksum = Checksum(.crc32)
        checksum.update(bytes)
        arguments["ChecksumCRC32"] = .string(checksum.base64)
        return Body(String(buffer: bytes))
    }

    private func text(_ body: Body) async throws -> ByteBuffer {
        do {
            return try await body.collect(upTo: Execution.maximumPayload)
        } catch {
            throw TaskFailure(
                error: StatesError.dataLimitExceeded,
                cause:
                    "The state/task returned a result with a size exceeding the maximum number of bytes service limit."
            )
        }
    }

    func notServed(_ job: TaskJob) -> TaskFailure {
        TaskFailure(
            error: StatesError.runtime,
            cause:
                "Trainyard does not serve \(job.call.resource.arn). Docs/compatibility.md and GET /_trainyard/health list "
                + "what it serves."
        )
    }
}

/// How a service's model spells members; Step Functions spells them with a capital everywhere.
enum MemberCase {
    case upper
    case lower

    func applied(to members: JSON.Object) -> JSON.Object {
        JSON.Object(members.map { (spelled($0.key), applied(to: $0.value)) })
    }

    private func applied(to value: JSON) -> JSON {
        switch value {
        case .object(let members): .object(applied(to: members))
        case .array(let elements): .array(elements.map { applied(to: $0) })
        default: value
        }
    }

    private func spelled(_ name: String) -> String {
        switch self {
        case .upper: name.prefix(1).uppercased() + name.dropFirst()
        case .lower: name.prefix(1).lowercased() + name.dropFirst()
        }
    }
}

extension OperationModel {
    /// The arguments with their members spelled as the model does.
    func recased(_ arguments: JSON.Object) -> JSON.Object {
        let isLower = inputMembers.first?.first?.isLowercase ?? false
        var members = isLower ? MemberCase.lower.applied(to: arguments) : arguments
        // JSON for a text member is handed over as its text.
        for name in ["input", "output"] where isLower {
            if let value = members[name], value.stringValue == nil { members[name] = .string(value.serialized()) }
        }
        return members
    }
}

extension JSON.Object {
    /// The members with moments written in another way: answers give them as seconds since 1970.
    func withTimes(_ written: (Timestamp) -> JSON) -> JSON.Object {
        var result = JSON.Object()
        for (name, value) in self { result[name] = value.withTimes(named: name, written) }
        return result
    }
}

extension JSON {
    fileprivate func withTimes(named name: String, _ written: (Timestamp) -> JSON) -> JSON {
        switch self {
        case .object(let members): return .object(members.withTimes(written))
        case .array(let elements): return .array(elements.map { $0.withTimes(named: name, written) })
        case .integer, .double:
            let isMoment = ["Time", "Date", "At", "LastModified", "Timestamp"].contains { name.hasSuffix($0) }
            guard isMoment, let seconds = doubleValue, seconds > 100_000_000 else { return self }
            return written(seconds > 1e11 ? Timestamp(milliseconds: Int(seconds)) : Timestamp(seconds: seconds))
        default: return self
        }
    }
}
