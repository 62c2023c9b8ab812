import AWSProtocol
import JSON

/// What a request that makes an object says about it beside its bytes.
struct ObjectDescription: Sendable {
    var storageClass: String
    /// By the model's names, as answers carry them.
    var attributes: JSON.Object
    var tags: [JSON]

    /// The members that are kept and given back as they came.
    static let headers = [
        "CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage", "ContentType", "Expires",
        "WebsiteRedirectLocation",
    ]

    /// 2 KB of names and values together.
    private static let metadataLimit = 2048
    /// In bytes of UTF-8.
    static let keyLimit = 1024

    /// - Throws: `KeyTooLongError`, `MetadataTooLarge`, `InvalidStorageClass`, `InvalidTag`, and `NotImplemented` for
    ///   what the yard would have to pretend.
    init(_ request: AWSRequest) throws(AWSError) {
        try Self.checkKey(request.string("Key") ?? "")
        try Self.refuseUnserved(request)
        storageClass = request.string("StorageClass") ?? "STANDARD"
        guard !["OUTPOSTS", "SNOW", "EXPRESS_ONEZONE", "FSX_OPENZFS", "FSX_ONTAP"].contains(storageClass) else {
            throw AWSError(
                "InvalidStorageClass",
                "The storage class you specified is not valid",
                fields: ["StorageClassRequested": .string(storageClass)]
            )
        }
        attributes = [:]
        for name in Self.headers { if let value = request[name] { attributes[name] = value } }
        // The transfer coding is no property of the object.
        if let codings = attributes["ContentEncoding"]?.stringValue?.split(separator: ",") {
            let kept = codings.filter { $0.trimmed.lowercased() != "aws-chunked" }
            attributes["ContentEncoding"] = kept.isEmpty ? nil : .string(kept.map(\.trimmed).joined(separator: ", "))
        }
        if attributes["ContentType"] == nil { attributes["ContentType"] = "binary/octet-stream" }
        if let metadata = request["Metadata"]?.objectValue, !metadata.isEmpty {
            attributes["Metadata"] = .object(try Self.checked(metadata))
        }
        tags = try TagSet.parse(header: request.string("Tagging")) ?? []
    }

    static func checkKey(_ key: String) throws(AWSError) {
        guard key.utf8.count <= keyLimit else {
            throw AWSError(
                "KeyTooLongError",
                "Your key is too long",
                fields: ["Size": .string("\(key.utf8.count)"), "MaxSizeAllowed": .string("\(keyLimit)")]
            )
        }
    }

    private static func checked(_ metadata: JSON.Object) throws(AWSError) -> JSON.Object {
        var size = 0
        var lowered = JSON.Object()
        for (name, value) in metadata {
            size += name.utf8.count + (value.stringValue?.utf8.count ?? 0)
            lowered[name.lowercased()] = value
        }
        guard size <= metadataLimit else {
            throw AWSError(
                "MetadataTooLarge",
                "Your metadata headers exceed the maximum allowed metadata size",
                fields: ["Size": .string("\(size)"), "MaxSizeAllowed": .string("\(metadataLimit)")]
            )
        }
        return lowered
    }

    /// Encryption with the client's key and object locks would have to be done; a header alone does not do them.
    static func refuseUnserved(_ request: AWSRequest) throws(AWSError) {
        let headers = [
            "SSECustomerAlgorithm": "x-amz-server-side-encryption-customer-algorithm",
            "SSECustomerKey": "x-amz-server-side-encryption-customer-key",
            "SSECustomerKeyMD5": "x-amz-server-side-encryption-customer-key-MD5",
            "CopySourceSSECustomerAlgorithm": "x-amz-copy-source-server-side-encryption-customer-algorithm",
            "ObjectLockMode": "x-amz-object-lock-mode",
            "ObjectLockRetainUntilDate": "x-amz-object-lock-retain-until-date",
            "ObjectLockLegalHoldStatus": "x-amz-object-lock-legal-hold",
            "WriteOffsetBytes": "x-amz-write-offset-bytes",
        ]
        for (member, header) in headers where request[member] != nil { throw .headerNotImplemented(header) }
    }

    /// The encryption that the object gets: the request's, else the bucket's default.
    static func encryption(_ request: AWSRequest, in bucket: BucketRecord) -> JSON.Object {
        let rule = bucket.encryptionDefault
        guard let algorithm = request["ServerSideEncryption"] else { return rule }
        let key = request["SSEKMSKeyId"] ?? .string("arn:aws:kms:\(bucket.region):\(bucket.account):alias/aws/s3")
        return .compact([
            "ServerSideEncryption": algorithm,
            "SSEKMSKeyId": key.if(algorithm.stringValue?.hasPrefix("aws:kms") == true),
            "BucketKeyEnabled": request["BucketKeyEnabled"],
        ])
    }

    static let encryptionMembers = ["ServerSideEncryption", "SSEKMSKeyId", "BucketKeyEnabled"]
}

extension BucketRecord {
    /// What the bucket's default encryption gives to its objects.
    var encryptionDefault: JSON.Object {
        let rule = configuration[BucketDocument.encryption]?["Rules"]?[0]
        let fallback: JSON = ["SSEAlgorithm": "AES256"]
        let chosen = rule?["ApplyServerSideEncryptionByDefault"] ?? fallback
        let isKMS = chosen["SSEAlgorithm"]?.stringValue?.hasPrefix("aws:kms") ?? false
        let key = chosen["KMSMasterKeyID"] ?? .string("arn:aws:kms:\(region):\(account):alias/aws/s3")
        return .compact([
            "ServerSideEncryption": chosen["SSEAlgorithm"],
            "SSEKMSKeyId": key.if(isKMS),
            "BucketKeyEnabled": isKMS ? rule?["BucketKeyEnabled"] : nil,
        ])
    }
}

extension ObjectRecord {
    /// The checksum's member, value and type, as answers give them.
    var checksums: JSON.Object {
        var sums = JSON.Object()
        for algorithm in ChecksumAlgorithm.allCases {
            if let value = attributes[algorithm.memberName] { sums[algorithm.memberName] = value }
        }
        if !sums.isEmpty { sums["ChecksumType"] = attributes["ChecksumType"] ?? "FULL_OBJECT" }
        return sums
    }

    /// The encryption as answers give it.
    var encryption: JSON.Object {
        var members = JSON.Object()
        for name in ObjectDescription.encryptionMembers { if let value = attributes[name] { members[name] = value } }
        return members
    }

    var checksumAlgorithm: ChecksumAlgorithm? {
        ChecksumAlgorithm.allCases.first { attributes[$0.memberName] != nil }
    }
}

extension Substring {
    /// Without the spaces around it.
    var trimmed: String {
        var rest = self
        while rest.first == " " { rest = rest.dropFirst() }
        while rest.last == " " { rest = rest.dropLast() }
        return String(rest)
    }
}
