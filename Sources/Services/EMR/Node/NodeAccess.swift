import AWSProtocol
import Compute
import JSON
import NIOCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What programs of a cluster may do: temporary credentials of the cluster's instance profile, or of the step's runtime
/// role; and the node's own way to S3 with the same rights.
struct NodeAccess: Sendable {
    /// The longest session that STS gives, and the one that every role allows, in seconds.
    private static let sessionSeconds = [43200, 3600]

    private let aws: any AWSCaller
    private let caller: Caller
    /// For programs.
    let variables: [String: String]

    /// - Parameter role: A step's runtime role; nil for the node's own.
    /// - Throws: `StepFailure` where the role cannot be assumed.
    init(_ node: Node, role: String? = nil, _ environment: EMREnvironment) async throws {
        aws = environment.aws
        let arn = role ?? node.role
        let answer = try await Self.assume(arn, for: node, environment.aws)
        let credentials = answer["Credentials"] ?? [:]
        caller = Caller(
            account: node.owner.account,
            region: node.owner.region,
            principal: answer["AssumedRoleUser"]?["Arn"]?.stringValue ?? arn,
            accessKeyID: credentials["AccessKeyId"]?.stringValue
        )
        var variables = ["AWS_REGION": node.owner.region, "AWS_DEFAULT_REGION": node.owner.region]
        variables["AWS_ACCESS_KEY_ID"] = credentials["AccessKeyId"]?.stringValue
        variables["AWS_SECRET_ACCESS_KEY"] = credentials["SecretAccessKey"]?.stringValue
        variables["AWS_SESSION_TOKEN"] = credentials["SessionToken"]?.stringValue
        self.variables = variables
    }

    private static func assume(_ role: String, for node: Node, _ aws: any AWSCaller) async throws -> JSON {
        let service = Caller(account: node.owner.account, region: node.owner.region, principal: "ec2.amazonaws.com")
        var reason = ""
        for seconds in sessionSeconds {
            do {
                return try await aws.call(
                    "sts:AssumeRole",
                    [
                        "RoleArn": .string(role), "RoleSessionName": .string(node.id),
                        "DurationSeconds": .integer(seconds),
                    ],
                    as: service
                )
            } catch {
                reason = error.message
            }
        }
        throw StepFailure(message: "Could not assume the role \(role): \(reason)")
    }

    // MARK: Objects

    /// Brings an object into a file of the host, which appears whole or not at all.
    /// - Throws: `StepFailure` where the object cannot be had.
    func download(_ location: S3Location, to path: String) async throws {
        let request = AWSRequest(
            "s3:GetObject",
            ["Bucket": .string(location.bucket), "Key": .string(location.key)],
            caller: caller
        )
        do {
            let body = try await aws.send(request).body ?? .empty
            let partial = path + ".download"
            let file = try FileWriter(path: partial)
            defer { file.close() }
            for try await chunk in body.chunks() { try file.write(chunk) }
            try FileManager.default.moveItem(atPath: partial, toPath: path)
        } catch let error as AWSError {
            throw StepFailure(message: "Cannot download \(location.uri): \(error.message) (\(error.code))")
        }
    }

    /// Makes a file of the host an object.
    func upload(_ path: String, to location: S3Location) async throws {
        let size = try FileWriter.size(of: path)
        _ = try await aws.send(
            AWSRequest(
                "s3:PutObject",
                ["Bucket": .string(location.bucket), "Key": .string(location.key), "ContentLength": .integer(size)],
                body: Body(.file(path: path, range: 0..<size)),
                caller: caller
            )
        )
    }
}
