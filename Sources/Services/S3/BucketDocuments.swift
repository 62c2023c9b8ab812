import AWSProtocol
import GRDB
import JSON
import Store

/// A document that configures a bucket: kept and given back as it came.
struct BucketDocument: Sendable {
    static let policy = "Policy"
    static let tagging = "Tagging"
    static let encryption = "ServerSideEncryptionConfiguration"
    static let ownershipControls = "OwnershipControls"
    static let publicAccessBlock = "PublicAccessBlockConfiguration"
    static let grants = "Grants"
    static let notifications = "NotificationConfiguration"

    /// The model's member that carries the document in the request.
    var member: String
    var get: String
    var put: String
    var delete: String?
    /// The actions as IAM spells them.
    var readAction: String
    var writeAction: String
    /// Whether the answer is the document, rather than carrying it as a member.
    var isAnswer = false
    /// What a bucket without the document answers; nil for an empty one.
    var absence: AWSError?
    /// Makes the document as S3 keeps it, or refuses it.
    var prepare: @Sendable (JSON) throws -> JSON = { $0 }

    static let all: [BucketDocument] = [
        BucketDocument(
            member: publicAccessBlock,
            get: "GetPublicAccessBlock",
            put: "PutPublicAccessBlock",
            delete: "DeletePublicAccessBlock",
            readAction: "s3:GetBucketPublicAccessBlock",
            writeAction: "s3:PutBucketPublicAccessBlock",
            absence: absence(
                "NoSuchPublicAccessBlockConfiguration",
                "The public access block configuration was not found"
            ),
            prepare: completedPublicAccessBlock
        ),
        BucketDocument(
            member: ownershipControls,
            get: "GetBucketOwnershipControls",
            put: "PutBucketOwnershipControls",
            delete: "DeleteBucketOwnershipControls",
            readAction: "s3:GetBucketOwnershipControls",
            writeAction: "s3:PutBucketOwnershipControls",
            absence: absence("OwnershipControlsNotFoundError", "The bucket ownership controls were not found"),
            prepare: checkedOwnership
        ),
        BucketDocument(
            member: "LifecycleConfiguration",
            get: "GetBucketLifecycleConfiguration",
            put: "PutBucketLifecycleConfiguration",
            delete: "DeleteBucketLifecycle",
            readAction: "s3:GetLifecycleConfiguration",
            writeAction: "s3:PutLifecycleConfiguration",
            isAnswer: true,
            absence: absence("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist"),
            prepare: LifecycleRules.prepare
        ),
        BucketDocument(
            member: "CORSConfiguration",
            get: "GetBucketCors",
            put: "PutBucketCors",
            delete: "DeleteBucketCors",
            readAction: "s3:GetBucketCORS",
            writeAction: "s3:PutBucketCORS",
            isAnswer: true,
            absence: absence("NoSuchCORSConfiguration", "The CORS configuration does not exist"),
            prepare: checkedCORS
        ),
        BucketDocument(
            member: notifications,
            get: "GetBucketNotificationConfiguration",
            put: "PutBucketNotificationConfiguration",
            readAction: "s3:GetBucketNotification",
            writeAction: "s3:PutBucketNotification",
            isAnswer: true,
            prepare: namedNotifications
        ),
        BucketDocument(
            member: "BucketLoggingStatus",
            get: "GetBucketLogging",
            put: "PutBucketLogging",
            readAction: "s3:GetBucketLogging",
            writeAction: "s3:PutBucketLogging",
            isAnswer: true
        ),
    ]

    private static func absence(_ code: String, _ message: String) -> AWSError {
        AWSError(code, message, status: 404)
    }

    @Sendable private static func completedPublicAccessBlock(_ document: JSON) -> JSON {
        var completed = JSON.Object()
        for name in ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"] {
            completed[name] = document[name] ?? false
        }
        return .object(completed)
    }

    @Sendable private static func checkedOwnership(_ document: JSON) throws -> JSON {
        let rules = document["Rules"]?.arrayValue ?? []
        guard rules.count == 1, rules[0]["ObjectOwnership"]?.stringValue != nil else { throw AWSError.malformedXML }
        return document
    }

    @Sendable private static func checkedCORS(_ document: JSON) throws -> JSON {
        let rules = document["CORSRules"]?.arrayValue ?? []
        guard (1...100).contains(rules.count) else { throw AWSError.malformedXML }
        for rule in rules {
            let methods = rule["AllowedMethods"]?.arrayValue?.compactMap(\.stringValue) ?? []
            for method in methods where !["GET", "PUT", "HEAD", "POST", "DELETE"].contains(method) {
                throw AWSError.invalidRequest(
                    "Found unsupported HTTP method in CORS config. Unsupported method is \(method)"
                )
            }
            guard !methods.isEmpty, rule["AllowedOrigins"]?.arrayValue?.isEmpty == false else {
                throw AWSError.malformedXML
            }
        }
        return document
    }

    /// Each notification has a name; S3 gives one to those that came without.
    @Sendable private static func namedNotifications(_ document: JSON) -> JSON {
        var named = document
        for kind in ["TopicConfigurations", "QueueConfigurations", "LambdaFunctionConfigurations"] {
            guard let configurations = document[kind]?.arrayValue else { continue }
            named[kind] = .array(
                configurations.map { configuration in
                    var configuration = configuration
                    if configuration["Id"] == nil { configuration["Id"] = .string(RandomText.uuid()) }
                    return configuration
                }
            )
        }
        return named
    }
}

/// https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
private enum LifecycleRules {
    /// Names the rules that came without a name.
    /// - Throws: `MalformedXML`, `InvalidArgument`.
    @Sendable static func prepare(_ document: JSON) throws -> JSON {
        let rules = document["Rules"]?.arrayValue ?? []
        guard (1...1000).contains(rules.count) else { throw AWSError.malformedXML }
        var names = Set<String>()
        let named = try rules.map { rule -> JSON in
            var rule = rule
            guard ["Enabled", "Disabled"].contains(rule["Status"]?.stringValue) else { throw AWSError.malformedXML }
            let name = rule["ID"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 } ?? RandomText.uuid()
            guard name.utf16.count <= 255 else {
                throw AWSError.invalidArgument("ID length should not exceed allowed limit of 255", "ID", name)
            }
            guard names.insert(name).inserted else {
                throw AWSError.invalidArgument(
                    "Rule ID must be unique. Found same ID for more than one rule",
                    "ID",
                    name
                )
            }
            if let days = rule["Expiration"]?["Days"]?.intValue, days < 1 {
                throw AWSError.invalidArgument(
                    "'Days' for Expiration action must be a positive integer",
                    "Days",
                    "\(days)"
                )
            }
            rule["ID"] = .string(name)
            return rule
        }
        return ["Rules": .array(named)]
    }
}

extension S3Service {
    /// The operations on documents, from their table.
    var documentOperations: [String: OperationHandler] {
        var operations: [String: OperationHandler] = [
            "GetBucketEncryption": getBucketEncryption, "PutBucketEncryption": putBucketEncryption,
            "DeleteBucketEncryption": deleteBucketEncryption,
        ]
        for document in BucketDocument.all {
            operations[document.get] = { try await get(document, $0) }
            operations[document.put] = { try await put(document, $0) }
            if document.member == BucketDocument.notifications {
                operations[document.put] = { try await putNotifications(document, $0) }
            }
            if let delete = document.delete {
                operations[delete] = { request in
                    try await changeBucket(request, document.writeAction) { bucket in
                        bucket.configuration[document.member] = nil
                    }
                }
            }
        }
        return operations
    }

    private func get(_ document: BucketDocument, _ request: AWSRequest) async throws -> AWSResponse {
        try await store.read { db in
            let bucket = try BucketRecord.authorized(request, document.readAction, in: db)
            guard let stored = bucket.configuration[document.member] else {
                if var absence = document.absence {
                    absence.fields["BucketName"] = .string(bucket.name)
                    throw absence
                }
                return AWSResponse()
            }
            return AWSResponse(document.isAnswer ? stored.objectValue ?? [:] : [document.member: stored])
        }
    }

    func put(_ document: BucketDocument, _ request: AWSRequest) async throws -> AWSResponse {
        let prepared = try document.prepare(request[document.member] ?? [:])
        return try await changeBucket(request, document.writeAction) { bucket in
            bucket.configuration[document.member] = prepared
        }
    }

    // MARK: Encryption

    func getBucketEncryption(_ request: AWSRequest) async throws -> AWSResponse {
        try await store.read { db in
            let bucket = try BucketRecord.authorized(request, "s3:GetEncryptionConfiguration", in: db)
            let standard: JSON = [
                "Rules": [
                    ["ApplyServerSideEncryptionByDefault": ["SSEAlgorithm": "AES256"], "BucketKeyEnabled": false]
                ]
            ]
            return .output([BucketDocument.encryption: bucket.configuration[BucketDocument.encryption] ?? standard])
        }
    }

    func putBucketEncryption(_ request: AWSRequest) async throws -> AWSResponse {
        guard var document = request[BucketDocument.encryption], let rules = document["Rules"]?.arrayValue,
            rules.count == 1, var rule = rules.first
        else { throw AWSError.malformedXML }
        let choice = rule["ApplyServerSideEncryptionByDefault"]
        if choice?["SSEAlgorithm"] == "AES256", choice?["KMSMasterKeyID"] != nil {
            throw AWSError.invalidArgument(
                "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse",
                "KMSMasterKeyID",
                choice?["KMSMasterKeyID"]?.stringValue
            )
        }
        if rule["BucketKeyEnabled"] == nil { rule["BucketKeyEnabled"] = false }
        document["Rules"] = [rule]
        return try await changeBucket(request, "s3:PutEncryptionConfiguration") { [document] bucket in
            bucket.configuration[BucketDocument.encryption] = document
        }
    }

    func deleteBucketEncryption(_ request: AWSRequest) async throws -> AWSResponse {
        try await changeBucket(request, "s3:PutEncryptionConfiguration") { bucket in
            bucket.configuration[BucketDocument.encryption] = nil
        }
    }
}
