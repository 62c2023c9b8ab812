import AWSProtocol
import Foundation
import GRDB
import JSON
import NIOCore
import Store

/// From a request to a template that can be deployed.
extension CloudFormationService {
    /// AWS's limits on a template: in the request, and in S3.
    private enum Limit {
        static let body = 51_200
        static let object = 1_048_576
    }

    /// The template and values that a request asks for, checked as far as that is possible before anything is made.
    /// - Throws: `ValidationError`, `InsufficientCapabilitiesException`.
    func target(_ request: AWSRequest, former: Stack?) async throws -> StackTarget {
        let usesFormer = request.bool("UsePreviousTemplate") ?? false
        guard let body = usesFormer ? former?.target.body : try await templateBody(request) else {
            throw AWSError.validation("Either Template URL or Template Body must be specified.")
        }
        let written = try TemplateText.parse(body)
        let processed = try Serverless.applied(to: written)
        let template = try Template(processed)
        try ResourceTypes.check(template)
        try checkCapabilities(template, request, hasTransform: written["Transform"] != nil)
        var parameters: [String: String] = [:]
        for parameter in request["Parameters"]?.arrayValue ?? [] {
            let key = parameter["ParameterKey"]?.stringValue ?? ""
            if parameter["UsePreviousValue"]?.boolValue == true {
                parameters[key] = former?.target.parameters[key]
            } else {
                parameters[key] = parameter["ParameterValue"]?.stringValue ?? ""
            }
        }
        let values = try template.parameterValues(parameters)
        let tags = request["Tags"]?.arrayValue.map { tags in
            tags.map { StackTarget.Tag(key: $0["Key"]?.stringValue ?? "", value: $0["Value"]?.stringValue ?? "") }
        }
        let target = StackTarget(
            body: body,
            processed: processed.serialized(),
            parameters: values.mapValues(\.templateText),
            secrets: template.parameters.filter(\.isSecret).map(\.name),
            tags: tags ?? former?.target.tags ?? [],
            description: template.description
        )
        let name = request.string("StackName") ?? ""
        let stack = former ?? fresh(name, request, target, status: "REVIEW_IN_PROGRESS")
        _ = try DependencyGraph(try await evaluation(of: template, target, stack: stack))
        return target
    }

    /// Evaluates a template for a stack: its parameters, pseudo parameters, and the exports of other stacks.
    func evaluation(of template: Template, _ target: StackTarget, stack: Stack) async throws -> Evaluation {
        let exports = try await exports(of: stack.caller).filter { $0.stackID != stack.id }
        return try Evaluation(
            template,
            parameters: template.parameterValues(target.parameters),
            pseudoParameters: [
                "AWS::AccountId": .string(stack.account), "AWS::Region": .string(stack.region), "AWS::Partition": "aws",
                "AWS::StackName": .string(stack.name), "AWS::StackId": .string(stack.id),
                "AWS::URLSuffix": "amazonaws.com", "AWS::NotificationARNs": [],
            ],
            exports: Dictionary(exports.map { ($0.name, $0.value) }) { first, _ in first }
        )
    }

    func templateBody(_ request: AWSRequest) async throws -> String? {
        if let body = request.string("TemplateBody") {
            guard body.utf8.count <= Limit.body else {
                throw AWSError.validation([
                    "Value at 'templateBody' failed to satisfy constraint: Member must have length less than or equal to "
                        + "\(Limit.body)"
                ]).validationError
            }
            return body
        }
        guard let text = request.string("TemplateURL") else { return nil }
        let place = try TemplateURL(text)
        let object = AWSRequest(
            "s3:GetObject",
            ["Bucket": .string(place.bucket), "Key": .string(place.key)],
            caller: request.caller
        )
        do {
            let bytes = try await aws.send(object).body?.collect(upTo: Limit.object)
            return bytes.map { String(buffer: $0) }
        } catch let error as AWSError {
            throw AWSError.validation("S3 error: \(error.message)")
        }
    }

    private func checkCapabilities(
        _ template: Template,
        _ request: AWSRequest,
        hasTransform: Bool
    ) throws(AWSError) {
        let given = request.strings("Capabilities")
        if hasTransform, request.operation.name.hasSuffix("Stack"), !given.contains("CAPABILITY_AUTO_EXPAND") {
            throw .insufficientCapabilities(["CAPABILITY_AUTO_EXPAND"])
        }
        guard let needed = Self.capability(of: template), !given.contains("CAPABILITY_NAMED_IAM") else { return }
        if !given.contains(needed) { throw .insufficientCapabilities([needed]) }
    }

    /// What the caller has to acknowledge, since resources grant rights; nil where none does.
    static func capability(of template: Template) -> String? {
        let identities = template.resources.filter { ResourceTypes.all[$0.type]?.isIdentity == true }
        guard !identities.isEmpty else { return nil }
        let isNamed = identities.contains { resource in
            guard let property = ResourceTypes.all[resource.type]?.nameProperty else { return false }
            return resource.properties[property] != nil
        }
        return isNamed ? "CAPABILITY_NAMED_IAM" : "CAPABILITY_IAM"
    }
}

extension AWSError {
    /// The same, by the name that Query services give it.
    fileprivate var validationError: AWSError {
        var error = self
        error.code = "ValidationError"
        return error
    }
}

/// Where a template lies in S3: `https://bucket.s3.region.amazonaws.com/key`, or with the bucket in the path.
struct TemplateURL {
    var bucket: String
    var key: String

    init(_ text: String) throws(AWSError) {
        guard let url = URL(string: text), let host = url.host(), ["http", "https"].contains(url.scheme) else {
            throw .validation("TemplateURL must be a supported URL.")
        }
        let path = String(url.path(percentEncoded: false).drop { $0 == "/" })
        if let range = host.range(of: ".s3.") ?? host.range(of: ".s3-") {
            bucket = String(host[..<range.lowerBound])
            key = path
        } else {
            let parts = path.split(separator: "/", maxSplits: 1)
            guard parts.count == 2 else {
                throw .validation("TemplateURL must reference a valid S3 object to which you have access.")
            }
            bucket = String(parts[0])
            key = String(parts[1])
        }
    }
}
