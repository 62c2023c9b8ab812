public import AWSProtocol
import Archive
import Crypto
import Foundation
public import JSON

/// Puts a template's local files where CloudFormation can read them, as `aws cloudformation package` does.
/// https://docs.aws.amazon.com/cli/latest/reference/cloudformation/package.html
public struct Packaging: Sendable {
    /// A property that may hold a local path, and the form that its S3 location takes.
    private struct LocalPath {
        var type: String
        var property: String
        var bucketKey: String
        var objectKey: String
        var isZipped: Bool
    }

    private static let localPaths = [
        LocalPath(
            type: "AWS::Serverless::Function",
            property: "CodeUri",
            bucketKey: "Bucket",
            objectKey: "Key",
            isZipped: true
        ),
        LocalPath(
            type: "AWS::Lambda::Function",
            property: "Code",
            bucketKey: "S3Bucket",
            objectKey: "S3Key",
            isZipped: true
        ),
        LocalPath(
            type: "AWS::Serverless::StateMachine",
            property: "DefinitionUri",
            bucketKey: "Bucket",
            objectKey: "Key",
            isZipped: false
        ),
        LocalPath(
            type: "AWS::StepFunctions::StateMachine",
            property: "DefinitionS3Location",
            bucketKey: "Bucket",
            objectKey: "Key",
            isZipped: false
        ),
    ]

    private let aws: any AWSCaller
    private let caller: Caller

    public init(aws: any AWSCaller, caller: Caller) {
        self.aws = aws
        self.caller = caller
    }

    /// The bucket that packaged files go to, one an account and region.
    public var bucket: String { "trainyard-artifacts-\(caller.account)-\(caller.region)" }

    /// Uploads the project's local files and answers the template with their S3 locations in place of the paths.
    /// - Throws: `ProjectError` where a path leads nowhere; `AWSError` where an upload is refused.
    public func package(_ project: Project) async throws -> JSON {
        var template = project.template
        var resources = template["Resources"]?.objectValue ?? [:]
        var isBucketMade = false
        for (name, resource) in resources {
            for rule in Self.localPaths where resource["Type"]?.stringValue == rule.type {
                guard let path = resource["Properties"]?[rule.property]?.stringValue, !path.hasPrefix("s3://") else {
                    continue
                }
                if !isBucketMade { try await makeBucket() }
                isBucketMade = true
                let location = project.path(of: path)
                let key = try await upload(location, isZipped: rule.isZipped, resource: name)
                resources[name]?["Properties"]?[rule.property] = [
                    rule.bucketKey: .string(bucket), rule.objectKey: .string(key),
                ]
            }
        }
        template["Resources"] = .object(resources)
        return template
    }

    private func makeBucket() async throws {
        if try await exists("s3:HeadBucket", ["Bucket": .string(bucket)]) { return }
        var input: JSON = ["Bucket": .string(bucket)]
        if caller.region != "us-east-1" {
            input["CreateBucketConfiguration"] = ["LocationConstraint": .string(caller.region)]
        }
        try await aws.call("s3:CreateBucket", input, as: caller)
    }

    private func exists(_ look: AWSProtocol.Operation, _ input: JSON) async throws -> Bool {
        do {
            try await aws.call(look, input, as: caller)
            return true
        } catch {
            guard error.status == 404 else { throw error }
            return false
        }
    }

    /// Uploads under a name made of the content, so that what is there already is not sent again.
    private func upload(_ path: String, isZipped: Bool, resource: String) async throws -> String {
        guard FileManager.default.fileExists(atPath: path) else {
            throw ProjectError("\(resource) names \(path), which does not exist")
        }
        let bytes = isZipped ? try zip(path) : [UInt8](try Data(contentsOf: URL(filePath: path)))
        let digest = SHA256.hash(data: bytes).map { String(format: "%02x", $0) }.joined()
        let key = digest + (isZipped ? ".zip" : "-" + (path as NSString).lastPathComponent)
        let object: JSON.Object = ["Bucket": .string(bucket), "Key": .string(key)]
        if try await !exists("s3:HeadObject", .object(object)) {
            _ = try await aws.send(AWSRequest("s3:PutObject", object, body: Body(bytes), caller: caller))
        }
        return key
    }

    /// A folder's files, or the one file, as a zip archive whose bytes depend on nothing but names and contents.
    private func zip(_ path: String) throws -> [UInt8] {
        if path.hasSuffix(".zip") || path.hasSuffix(".jar") {
            return [UInt8](try Data(contentsOf: URL(filePath: path)))
        }
        var writer = ZipWriter()
        for file in try LocalFiles.list(path) {
            let contents = [UInt8](try Data(contentsOf: URL(filePath: file.path)))
            try writer.addFile(file.name, contents, mode: file.isExecutable ? 0o755 : 0o644)
        }
        return try writer.finish()
    }
}

/// The files of a project that go to S3.
enum LocalFiles {
    /// A file with its name below the folder that was asked for.
    struct Entry: Equatable {
        var path: String
        var name: String
        var isExecutable: Bool
    }

    private static let ignored: Set = [
        "__pycache__", ".git", ".DS_Store", ".venv", "node_modules/.cache", ".trainyard",
    ]

    /// A folder's files in the order of their names; of a file, itself.
    static func list(_ path: String) throws -> [Entry] {
        let manager = FileManager.default
        var isDirectory: ObjCBool = false
        guard manager.fileExists(atPath: path, isDirectory: &isDirectory) else {
            throw ProjectError("\(path) does not exist")
        }
        if !isDirectory.boolValue {
            return [entry(path, name: (path as NSString).lastPathComponent)]
        }
        return try manager.subpathsOfDirectory(atPath: path).sorted().compactMap { name in
            guard !name.split(separator: "/").contains(where: { ignored.contains(String($0)) }) else { return nil }
            let file = path + "/" + name
            guard manager.fileExists(atPath: file, isDirectory: &isDirectory), !isDirectory.boolValue else {
                return nil
            }
            return entry(file, name: name)
        }
    }

    private static func entry(_ path: String, name: String) -> Entry {
        Entry(path: path, name: name, isExecutable: FileManager.default.isExecutableFile(atPath: path))
    }
}
