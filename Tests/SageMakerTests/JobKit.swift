import AWSProtocol
import Archive
import Compute
import JSON
import NIOCore
import ServiceTesting
import Store
import Synchronization

@testable import SageMaker

/// A SageMaker service among stand-ins for the services it calls: an S3 and a log in memory.
final class JobKit: Sendable {
    static let role = "arn:aws:iam::000000000000:role/service-role/SageMakerRole"
    static let caller = Caller(account: "000000000000", region: "us-east-1")

    let temporary: TemporaryStore
    let service: SageMakerService
    let objects = Mutex<[String: [UInt8]]>([:])
    let log = Mutex<[(stream: String, message: String)]>([])
    let aws: RecordingCaller
    /// Told of every object that is put.
    let uploads = Occurrence()
    private let waiters = Mutex<[Waiter]>([])

    private typealias Waiter = (message: String, count: Int, continuation: CheckedContinuation<Void, Never>)

    init(
        _ objects: [String: String] = [:],
        clock: any WallClock = SystemClock(),
        requiresModelData: Bool = false
    ) throws {
        temporary = try TemporaryStore(migrations: SageMakerService.migrations, clock: clock)
        aws = RecordingCaller()
        service = Self.makeService(temporary, aws, clock, requiresModelData: requiresModelData)
        for (key, text) in objects { self.objects.withLock { $0[key] = Array(text.utf8) } }
        answer()
    }

    /// Another service on the same store, as after a restart.
    func makeService() -> SageMakerService { Self.makeService(temporary, aws, service.clock) }

    private static func makeService(
        _ temporary: TemporaryStore,
        _ aws: RecordingCaller,
        _ clock: any WallClock,
        requiresModelData: Bool = false
    ) -> SageMakerService {
        SageMakerService(
            store: temporary.store,
            aws: aws,
            clock: clock,
            logger: temporary.logger,
            host: ComputeHost(workDirectory: temporary.directory.path + "/work", logger: temporary.logger),
            requiresModelData: requiresModelData,
            timeScale: 0
        )
    }

    /// The object's text, by `bucket/key`.
    func text(_ name: String) -> String? { objects.withLock { $0[name].map { String(decoding: $0, as: UTF8.self) } } }

    var names: [String] { objects.withLock { $0.keys.sorted() } }

    var streams: Set<String> { log.withLock { Set($0.map(\.stream)) } }

    /// The texts of the files in an archive that was uploaded.
    func unpacked(_ name: String) throws -> [String: String] {
        let directory = try TemporaryDirectory().path + "-unpacked"
        defer { try? JobDirectory(root: directory).remove() }
        try JobDirectory.makeDirectory(directory)
        let archive = directory + "/.archive"
        try JobDirectory.write(bytes(name) ?? [], to: archive)
        try TarGzip.extract(file: archive, to: directory + "/files")
        var texts: [String: String] = [:]
        for file in try JobDirectory.files(below: directory + "/files") {
            texts[file.path] = try JobDirectory(root: directory + "/files").text("/opt/ml/\(file.path)", limit: 1 << 20)
        }
        return texts
    }

    func put(_ name: String, _ bytes: [UInt8]) { objects.withLock { $0[name] = bytes } }

    func bytes(_ name: String) -> [UInt8]? { objects.withLock { $0[name] } }

    var messages: [String] { log.withLock { $0.map(\.message) } }

    @discardableResult
    func call(_ operation: String, _ input: JSON) async throws -> JSON {
        guard let handler = service.operations[operation] else { throw AWSError("NoOperation", operation) }
        let request = AWSRequest(
            Operation("sagemaker", operation),
            input.objectValue ?? [:],
            caller: Self.caller
        )
        return .object(try await handler(request).output)
    }

    /// Creates the job, waits for its end and describes it.
    func run(_ kind: JobKind, _ input: JSON) async throws -> JSON {
        let answer = try await call("Create\(kind.noun)", input)
        try await service.jobFinished(answer[kind.arnMember]?.stringValue ?? "")
        return try await describe(kind, input[kind.nameMember]?.stringValue ?? "")
    }

    /// Returns when the log has the message so many times.
    func message(_ message: String, count: Int = 1) async {
        await withCheckedContinuation { continuation in
            waiters.withLock { $0.append((message, count, continuation)) }
            tellWaiters()
        }
    }

    /// A job in the store that nobody runs yet.
    func insert(_ request: JSON, _ kind: JobKind) async throws -> JobRecord {
        let now = service.clock.now()
        let job = JobRecord(
            id: 0,
            kind: kind,
            account: Self.caller.account,
            region: Self.caller.region,
            name: request[kind.nameMember]?.stringValue ?? "",
            created: now,
            request: request.objectValue ?? [:],
            state: JobState(created: now)
        )
        return try await service.store.write { db in
            var job = job
            try job.insert(in: db)
            return job
        }
    }

    private func tellWaiters() {
        let messages = messages
        let ready = waiters.withLock { waiters in
            let isReady = { (waiter: Waiter) in messages.count { $0 == waiter.message } >= waiter.count }
            defer { waiters.removeAll(where: isReady) }
            return waiters.filter(isReady)
        }
        for waiter in ready { waiter.continuation.resume() }
    }

    func describe(_ kind: JobKind, _ name: String) async throws -> JSON {
        try await call("Describe\(kind.noun)", [kind.nameMember: .string(name)])
    }

    private func answer() {
        aws.answer("sts:AssumeRole") { request throws(AWSError) in
            guard request.input["RoleArn"]?.stringValue == Self.role else {
                throw AWSError("AccessDenied", "No such role", status: 403)
            }
            return AWSResponse([
                "Credentials": [
                    "AccessKeyId": "ASIATEST", "SecretAccessKey": "secret", "SessionToken": "token",
                ],
                "AssumedRoleUser": ["Arn": "arn:aws:sts::000000000000:assumed-role/SageMakerRole/SageMaker"],
            ])
        }
        for operation in ["CreateTrainingJob", "StopTrainingJob"] {
            aws.answer(Operation("sagemaker", operation)) { [unowned self] request throws(AWSError) in
                guard let handler = service.operations[operation] else { throw .notServed(request.operation) }
                do {
                    return try await handler(request)
                } catch {
                    throw error as? AWSError ?? AWSError("InternalFailure", "\(error)", status: 500)
                }
            }
        }
        aws.answer("logs:CreateLogGroup", with: [:])
        aws.answer("logs:CreateLogStream", with: [:])
        aws.answer("logs:PutLogEvents") { [unowned self] request throws(AWSError) in
            let stream = request.string("logStreamName") ?? ""
            let events = request["logEvents"]?.arrayValue ?? []
            log.withLock { $0 += events.map { (stream, $0["message"]?.stringValue ?? "") } }
            tellWaiters()
            return AWSResponse()
        }
        aws.answer("s3:ListObjectsV2") { [unowned self] request throws(AWSError) in list(request) }
        aws.answer("s3:GetObject") { [unowned self] request throws(AWSError) in
            AWSResponse(body: Body(try bytes(request)))
        }
        aws.answer("s3:HeadObject") { [unowned self] request throws(AWSError) in
            AWSResponse(["ContentLength": .integer(try bytes(request).count)])
        }
        aws.answer("s3:PutObject") { [unowned self] request throws(AWSError) in
            guard let bytes = try? await request.body?.collect(upTo: 1 << 30) else {
                throw AWSError("MissingContentLength", "No body")
            }
            objects.withLock { $0[Self.name(request)] = Array(bytes.readableBytesView) }
            uploads.tell()
            return AWSResponse()
        }
    }

    private static func name(_ request: AWSRequest) -> String {
        "\(request.string("Bucket") ?? "")/\(request.string("Key") ?? "")"
    }

    private func bytes(_ request: AWSRequest) throws(AWSError) -> [UInt8] {
        guard let bytes = objects.withLock({ $0[Self.name(request)] }) else {
            throw AWSError("NoSuchKey", "The specified key does not exist.", status: 404)
        }
        return bytes
    }

    private func list(_ request: AWSRequest) -> AWSResponse {
        let bucket = "\(request.string("Bucket") ?? "")/"
        let prefix = bucket + (request.string("Prefix") ?? "")
        let after = request.string("ContinuationToken") ?? ""
        let maximum = min(request.integer("MaxKeys") ?? 1000, 2)
        let keys = names.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(bucket.count)) }.filter {
            $0 > after
        }
        let page = keys.prefix(maximum)
        return .output([
            "Contents": .array(page.map { ["Key": .string($0)] }),
            "IsTruncated": .bool(keys.count > maximum),
            "NextContinuationToken": page.last.map { .string($0) },
        ])
    }
}

extension JSON {
    /// A processing job's request.
    static func processingJob(
        _ name: String = "job",
        entrypoint: [String],
        arguments: [String] = [],
        inputs: [JSON] = [],
        outputs: [JSON] = [],
        _ more: JSON.Object = [:]
    ) -> JSON {
        var request: JSON.Object = [
            "ProcessingJobName": .string(name),
            "RoleArn": .string(JobKit.role),
            "AppSpecification": .compact([
                "ImageUri": "000000000000.dkr.ecr.us-east-1.amazonaws.com/preprocess:latest",
                "ContainerEntrypoint": entrypoint.isEmpty ? nil : .array(entrypoint.map { .string($0) }),
                "ContainerArguments": arguments.isEmpty ? nil : .array(arguments.map { .string($0) }),
            ]),
            "ProcessingInputs": .array(inputs),
            "ProcessingOutputConfig": ["Outputs": .array(outputs)],
            "ProcessingResources": [
                "ClusterConfig": ["InstanceCount": 1, "InstanceType": "ml.t3.medium", "VolumeSizeInGB": 5]
            ],
        ]
        request.merge(more)
        return .object(request)
    }

    static func processingInput(_ uri: String, at path: String, _ more: JSON.Object = [:]) -> JSON {
        let source: JSON.Object = [
            "S3Uri": .string(uri), "LocalPath": .string(path), "S3DataType": "S3Prefix", "S3InputMode": "File",
        ]
        return ["InputName": "input", "S3Input": .object(source.merging(more))]
    }

    static func processingOutput(_ uri: String, from path: String, mode: String = "EndOfJob") -> JSON {
        [
            "OutputName": "output",
            "S3Output": ["S3Uri": .string(uri), "LocalPath": .string(path), "S3UploadMode": .string(mode)],
        ]
    }

    /// A channel of a training job.
    static func channel(
        _ name: String,
        _ uri: String,
        _ source: JSON.Object = [:],
        mode: String? = nil,
        more: JSON.Object = [:]
    ) -> JSON {
        let own: JSON.Object = ["S3DataType": "S3Prefix", "S3Uri": .string(uri)]
        let channel: JSON.Object = .compact([
            "ChannelName": .string(name), "DataSource": ["S3DataSource": .object(own.merging(source))],
            "InputMode": mode.map { .string($0) },
        ])
        return .object(channel.merging(more))
    }

    /// A training job's request. Without an entry point the built-in linear-learner trains.
    static func trainingJob(
        _ name: String = "job",
        entrypoint: [String] = [],
        channels: [String: String] = [:],
        output: String = "s3://bucket/models/",
        hyperparameters: JSON = [:],
        _ more: JSON.Object = [:]
    ) -> JSON {
        let image = "382416733822.dkr.ecr.us-east-1.amazonaws.com/linear-learner:1"
        var request: JSON.Object = [
            "TrainingJobName": .string(name),
            "RoleArn": .string(JobKit.role),
            "AlgorithmSpecification": .compact([
                "TrainingImage": entrypoint.isEmpty ? .string(image) : "example.com/train:1",
                "TrainingInputMode": "File",
                "ContainerEntrypoint": entrypoint.isEmpty ? nil : .array(entrypoint.map { .string($0) }),
            ]),
            "OutputDataConfig": ["S3OutputPath": .string(output)],
            "ResourceConfig": ["InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 5],
            "StoppingCondition": ["MaxRuntimeInSeconds": 3600],
            "HyperParameters": hyperparameters,
        ]
        if !channels.isEmpty {
            request["InputDataConfig"] = .array(
                channels.sorted { $0.key < $1.key }.map { name, uri in
                    [
                        "ChannelName": .string(name), "ContentType": "text/csv",
                        "DataSource": ["S3DataSource": ["S3DataType": "S3Prefix", "S3Uri": .string(uri)]],
                    ]
                }
            )
        }
        request.merge(more)
        return .object(request)
    }
}
