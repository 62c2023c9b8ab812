import AWSProtocol
import Archive
import Compute
import Crypto
import GRDB
import JSON
import Logging
import NIOCore
import Store

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Code that has been checked and, where it is a package, unpacked and put on disk.
struct ReceivedCode: Sendable {
    var code: FunctionCode
    var size: Int
    /// As AWS gives it: a package's in base64, an image's in hexadecimal digits.
    var sha256: String
}

/// Takes in functions' zip archives, and keeps each unpacked once, however many functions and versions use it.
struct DeploymentPackages: Sendable {
    /// Of a zip archive in the request, in bytes.
    static let uploadLimit = 52_428_800
    /// Of all files of a package together, in bytes.
    static let unzippedLimit = 262_144_000

    let store: Store
    let aws: any AWSCaller
    let host: ComputeHost
    let logger: Logger

    private var directory: String { "\(host.workDirectory)/lambda/code" }

    /// Takes in the package that a request's code members describe.
    /// - Parameter code: `ZipFile` in base64, or `S3Bucket`, `S3Key` and perhaps `S3ObjectVersion`.
    func receive(_ code: JSON.Object, _ caller: Caller) async throws -> ReceivedCode {
        try await receive(source(code, caller))
    }

    private func source(_ code: JSON.Object, _ caller: Caller) async throws -> Body {
        if let text = code["ZipFile"]?.stringValue {
            guard code["S3Bucket"] == nil, code["S3Key"] == nil else {
                throw AWSError.invalidParameter(
                    "Please do not provide other FunctionCode parameters when providing a ZipFile."
                )
            }
            guard let data = Data(base64Encoded: text) else { throw AWSError.couldNotUnzip }
            guard data.count <= Self.uploadLimit else {
                throw AWSError.lambda(
                    "RequestEntityTooLargeException",
                    "Request must be smaller than 70167211 bytes for the CreateFunction operation",
                    status: 413
                )
            }
            guard !data.isEmpty else { throw AWSError.invalidParameter("Uploaded file must be a non-empty zip") }
            return Body(data)
        }
        guard let bucket = code["S3Bucket"], let key = code["S3Key"] else {
            throw AWSError.invalidParameter("Please provide a source for function code.")
        }
        let input = JSON.Object.compact(["Bucket": bucket, "Key": key, "VersionId": code["S3ObjectVersion"]])
        do {
            return try await aws.send(AWSRequest("s3:GetObject", input, caller: caller)).body ?? .empty
        } catch {
            throw AWSError.invalidParameter(
                "Error occurred while GetObject. S3 Error Code: \(error.code). S3 Error Message: \(error.message)"
            )
        }
    }

    private func receive(_ body: Body) async throws -> ReceivedCode {
        let writer = try store.blobs.makeWriter()
        var hash = SHA256()
        var size = 0
        do {
            for try await chunk in body.chunks() {
                size += chunk.readableBytes
                guard size <= Self.unzippedLimit else { throw Self.unzippedTooLarge }
                chunk.withUnsafeReadableBytes { hash.update(bufferPointer: $0) }
                try await writer.write(chunk)
            }
        } catch {
            await writer.discard()
            throw error
        }
        let blob = try await writer.finish()
        let digest = hash.finalize()
        let sha256 = Data(digest).base64EncodedString()
        do {
            _ = try await unpacked(blob: blob.id, sha256: sha256)
            return ReceivedCode(code: .package(blob: blob.id), size: blob.size, sha256: sha256)
        } catch {
            await store.blobs.remove([blob.id])
            throw error
        }
    }

    private static let unzippedTooLarge = AWSError.invalidParameter(
        "Unzipped size must be smaller than \(unzippedLimit) bytes"
    )

    /// The directory with a package's files; unpacked now if it is not there.
    /// - Throws: `InvalidParameterValueException` where the archive is none, is too large, or leads out of its place.
    func unpacked(blob: String, sha256: String) async throws -> String {
        let name = sha256.replacing("/", with: "_").replacing("+", with: "-").replacing("=", with: "")
        let (place, archive) = ("\(directory)/\(name)", store.blobs.path(of: blob))
        return try await host.runBlocking { [directory, logger] in
            let files = FileManager.default
            if files.fileExists(atPath: place) { return place }
            let incoming = "\(directory)/incoming-\(RandomText.uuid())"
            try files.createDirectory(atPath: incoming, withIntermediateDirectories: true)
            do {
                let limits = ExtractionLimits(totalSize: Self.unzippedLimit)
                try ZipReader(path: archive).extract(to: incoming, limits: limits)
                // Another call may have been faster: the contents are the same.
                do { try files.moveItem(atPath: incoming, toPath: place) } catch {
                    guard files.fileExists(atPath: place) else { throw error }
                    try files.removeItem(atPath: incoming)
                }
                return place
            } catch let error as ArchiveError {
                try? files.removeItem(atPath: incoming)
                logger.info("A deployment package is refused", metadata: ["reason": "\(error)"])
                throw error.code == .limitExceeded ? Self.unzippedTooLarge : AWSError.couldNotUnzip
            }
        }
    }

    /// Removes code that was received and then not used.
    func discard(_ received: ReceivedCode) async {
        if let blob = received.code.blob { await store.blobs.remove([blob]) }
    }

    /// Removes blobs that no version uses any more.
    /// - Parameter codes: As versions keep them.
    func release(_ codes: Set<String>) async throws {
        let blobs = codes.compactMap { FunctionCode(stored: $0).blob }
        let unused = try await store.read { db in
            try blobs.filter { blob in
                try Bool.fetchOne(
                    db,
                    sql: "SELECT NOT EXISTS (SELECT 1 FROM lambda_versions WHERE code = ?)",
                    arguments: [blob]
                ) ?? false
            }
        }
        await store.blobs.remove(unused)
    }
}
