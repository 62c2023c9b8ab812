import AWSProtocol
import Crypto
import GRDB
import JSON
import Store

/// https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
extension S3Service {
    func completeMultipartUpload(_ request: AWSRequest) async throws -> AWSResponse {
        let listed = try CompletionList(request)
        let conditions = try WritePreconditions(request)
        let now = clock.now()
        return try await writing { [store] db in
            let (bucket, upload) = try Self.upload(request, "s3:PutObject", orCompleted: true, in: db)
            if let answer = upload.completed { return (AWSResponse(answer), []) }
            let parts = try listed.choose(from: try PartRecord.fetch(upload: upload.id, in: db), of: upload)
            try conditions.check(try ObjectRecord.current(bucket.name, upload.key, in: db))
            var object = ObjectRecord(bucket: bucket.name, key: upload.key, modified: now, account: upload.account)
            object.storageClass = upload.storageClass
            object.tags = upload.tags
            object.attributes = upload.attributes
            object.attributes["ChecksumAlgorithm"] = nil
            object.size = parts.reduce(0) { $0 + $1.size }
            object.etag = Self.etag(of: parts)
            object.content = .parts(upload: upload.id)
            object.attributes.merge(try listed.checksum(of: parts, upload, request))
            if let size = request.integer("MpuObjectSize"), size != object.size {
                throw AWSError.invalidRequest(
                    "The provided 'x-amz-mp-object-size' header value \(size) does not match what was computed: "
                        + "\(object.size)"
                )
            }
            var orphans = try object.put(in: bucket, db)
            try store.tell(.created(.completion), object, in: bucket, by: request, at: object.modified, db)
            orphans += try PartRecord.deleteAll(of: upload.id, except: Set(parts.map(\.number)), in: db)
            let answer = Self.answer(object, in: bucket)
            try upload.complete(with: answer, in: db)
            return (AWSResponse(answer), orphans)
        }
    }

    private static func answer(_ object: ObjectRecord, in bucket: BucketRecord) -> JSON.Object {
        let path = KeyEncoding.encode(object.key)
        var answer = object.encryption.merging(object.checksums)
        answer["Location"] = .string("https://\(bucket.name).s3.\(bucket.region).amazonaws.com/\(path)")
        answer["Bucket"] = .string(bucket.name)
        answer["Key"] = .string(object.key)
        answer["ETag"] = object.quotedETag
        answer["VersionId"] = JSON.string(object.version).if(bucket.versioning == .enabled)
        return answer
    }

    /// The MD5 of the parts' MD5s and their number.
    private static func etag(of parts: [PartRecord]) -> String {
        var hash = Insecure.MD5()
        for part in parts { hash.update(data: part.md5.hexadecimalBytes) }
        return "\(hash.finalize().hexadecimal)-\(parts.count)"
    }
}

/// The parts that a client lists to complete its upload.
private struct CompletionList: Sendable {
    private var elements: [JSON]

    /// All parts but the last have at least 5 MiB.
    private static let minimumPartSize = 5 << 20

    /// - Throws: `MalformedXML` for no parts, `InvalidPartOrder`.
    init(_ request: AWSRequest) throws(AWSError) {
        elements = request["MultipartUpload"]?["Parts"]?.arrayValue ?? []
        guard !elements.isEmpty else { throw .malformedXML }
        let numbers = elements.map { $0["PartNumber"]?.intValue ?? 0 }
        guard zip(numbers, numbers.dropFirst()).allSatisfy({ $0 < $1 }) else {
            throw AWSError(
                "InvalidPartOrder",
                "The list of parts was not in ascending order. Parts must be ordered by part number.",
                fields: .compact(["UploadId": request["UploadId"]])
            )
        }
    }

    /// The listed ones of the upload's parts.
    /// - Throws: `InvalidPart`, `EntityTooSmall`, `InvalidRequest`.
    func choose(from parts: [PartRecord], of upload: UploadRecord) throws(AWSError) -> [PartRecord] {
        let byNumber = Dictionary(uniqueKeysWithValues: parts.map { ($0.number, $0) })
        var chosen: [PartRecord] = []
        for element in elements {
            let number = element["PartNumber"]?.intValue ?? 0
            let etag = element["ETag"]?.stringValue.map(EntityTags.unquoted)
            guard let part = byNumber[number], etag == part.md5 else {
                throw Self.invalidPart(upload, number, element["ETag"])
            }
            try Self.checkChecksum(element, part, upload)
            chosen.append(part)
        }
        for part in chosen.dropLast() where part.size < Self.minimumPartSize {
            throw AWSError(
                "EntityTooSmall",
                "Your proposed upload is smaller than the minimum allowed size",
                fields: [
                    "ProposedSize": .string("\(part.size)"), "MinSizeAllowed": .string("\(Self.minimumPartSize)"),
                    "PartNumber": .string("\(part.number)"), "ETag": .string(part.md5),
                ]
            )
        }
        return chosen
    }

    private static func checkChecksum(_ element: JSON, _ part: PartRecord, _ upload: UploadRecord) throws(AWSError) {
        for algorithm in ChecksumAlgorithm.allCases {
            guard let given = element[algorithm.memberName] else { continue }
            guard given == part.checksum[algorithm.memberName] else {
                throw invalidPart(upload, part.number, element["ETag"])
            }
        }
        guard let algorithm = upload.checksumAlgorithm, upload.attributes["ChecksumType"] == "COMPOSITE",
            element[algorithm.memberName] == nil
        else { return }
        throw .invalidRequest(
            "The upload was created using a \(algorithm.rawValue.lowercased()) checksum. The complete request must "
                + "include the checksum for each part. It was missing for part \(part.number) in the request."
        )
    }

    private static func invalidPart(_ upload: UploadRecord, _ number: Int, _ etag: JSON?) -> AWSError {
        AWSError(
            "InvalidPart",
            "One or more of the specified parts could not be found.  The part may not have been uploaded, or the "
                + "specified entity tag may not match the part's entity tag.",
            fields: .compact([
                "UploadId": .string(upload.id), "PartNumber": .string("\(number)"), "ETag": etag,
            ])
        )
    }

    /// The object's checksum and its type, from those of its parts.
    /// - Throws: `BadDigest` where the client expects another.
    func checksum(of parts: [PartRecord], _ upload: UploadRecord, _ request: AWSRequest) throws(AWSError) -> JSON.Object
    {
        let common = ChecksumAlgorithm.allCases.first { algorithm in
            parts.allSatisfy { $0.checksum[algorithm.memberName] != nil }
        }
        guard let algorithm = upload.checksumAlgorithm ?? common else { return [:] }
        let type =
            upload.attributes["ChecksumType"]?.stringValue.flatMap(ChecksumType.init)
            ?? (algorithm.generator == nil ? .composite : .fullObject)
        let sums = parts.compactMap { part in
            part.checksum[algorithm.memberName]?.stringValue.flatMap(Base64.decode)
        }
        guard sums.count == parts.count else { return [:] }
        let value: String
        if type == .fullObject, let generator = algorithm.generator {
            var whole = UInt64(bigEndianBytes: sums[0])
            for (part, sum) in zip(parts, sums).dropFirst() {
                let next = UInt64(bigEndianBytes: sum)
                whole = generator.combine(whole, next, secondLength: part.size)
            }
            value = Base64.encode(whole.bigEndianBytes(algorithm.byteCount))
        } else {
            var calculation = Checksum(algorithm)
            for sum in sums { calculation.update(sum) }
            value = "\(calculation.base64)-\(parts.count)"
        }
        try check(value, algorithm, request)
        return [algorithm.memberName: .string(value), "ChecksumType": .string(type.rawValue)]
    }

    private func check(_ value: String, _ algorithm: ChecksumAlgorithm, _ request: AWSRequest) throws(AWSError) {
        guard let expected = request.string(algorithm.memberName) else { return }
        let digest = expected.prefix { $0 != "-" }
        guard digest == value.prefix(while: { $0 != "-" }) else {
            throw AWSError(
                "BadDigest",
                "The \(algorithm.rawValue.lowercased()) you specified did not match the calculated checksum."
            )
        }
    }
}

extension String {
    /// The bytes that pairs of hexadecimal digits stand for.
    var hexadecimalBytes: [UInt8] {
        let digits = utf8.map { UInt8($0 < 58 ? $0 - 48 : ($0 | 32) - 87) }
        return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
}
