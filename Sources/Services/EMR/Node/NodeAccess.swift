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

    /// - Parameter role: A step's runtime role; nil for the cluster's own.
    /// - Throws: `StepFailure` where the role cannot be assumed.
    init(_ cluster: Cluster, role: String?, _ environment: EMREnvironment) async throws {
        aws = environment.aws
        let arn = role ?? Self.instanceRole(of: cluster)
        let answer = try await Self.assume(arn, for: cluster, environment.aws)
        let credentials = answer["Credentials"] ?? [:]
        caller = Caller(
            account: cluster.account,
            region: cluster.region,
            principal: answer["AssumedRoleUser"]?["Arn"]?.stringValue ?? arn,
            accessKeyID: credentials["AccessKeyId"]?.stringValue
        )
        var variables = ["AWS_REGION": cluster.region, "AWS_DEFAULT_REGION": cluster.region]
        variables["AWS_ACCESS_KEY_ID"] = credentials["AccessKeyId"]?.stringValue
        variables["AWS_SECRET_ACCESS_KEY"] = credentials["SecretAccessKey"]?.stringValue
        variables["AWS_SESSION_TOKEN"] = credentials["SessionToken"]?.stringValue
        self.variables = variables
    }

    /// An instance profile's role has the profile's name where it was made as AWS makes the default one. Of the profile's
    /// own path nothing is left in the role's name.
    private static func instanceRole(of cluster: Cluster) -> String {
        let profile = cluster.document["JobFlowRole"]?.stringValue ?? ""
        let name = profile.split(separator: "/").last.map(String.init) ?? profile
        return "arn:aws:iam::\(cluster.account):role/\(name)"
    }

    private static func assume(_ role: String, for cluster: Cluster, _ aws: any AWSCaller) async throws -> JSON {
        let service = Caller(account: cluster.account, region: cluster.region, principal: "ec2.amazonaws.com")
        var reason = ""
        for seconds in sessionSeconds {
            do {
                return try await aws.call(
                    "sts:AssumeRole",
                    [
                        "RoleArn": .string(role), "RoleSessionName": .string(cluster.id),
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
