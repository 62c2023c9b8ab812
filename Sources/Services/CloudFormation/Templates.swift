import AWSProtocol
import JSON
import Store

/// Answers about templates.
extension CloudFormationService {
    func getTemplate(_ request: AWSRequest) async throws -> AWSResponse {
        var target: StackTarget
        if let name = request.string("ChangeSetName") {
            target = try await changeSet(name, request).0.target
        } else {
            target = try await stack(try request.requiredString("StackName"), request.caller).target
        }
        if request.string("TemplateStage") == "Processed" { target.body = target.processed }
        return .output([
            "TemplateBody": .string(target.body),
            "StagesAvailable": ["Original", "Processed"],
        ])
    }

    func validateTemplate(_ request: AWSRequest) async throws -> AWSResponse {
        let (template, written) = try await template(request)
        let capability = Self.capability(of: template)
        return .output([
            "Parameters": .array(template.parameters.map { .object($0.json) }),
            "Description": template.description.map { .string($0) },
            "Capabilities": capability.map { [.string($0)] },
            "CapabilitiesReason": capability.map { _ in .string(Self.reason(for: template)) },
            "DeclaredTransforms": written["Transform"].map { $0.arrayValue == nil ? [$0] : $0 },
        ])
    }

    func getTemplateSummary(_ request: AWSRequest) async throws -> AWSResponse {
        let (template, written) = try await template(request)
        let capability = Self.capability(of: template)
        let parameters = template.parameters.map { parameter in
            JSON.object(
                parameter.json.merging([
                    "ParameterType": .string(parameter.type), "ParameterConstraints": parameter.constraints,
                ])
            )
        }
        let types = template.resources.map(\.type).uniqued()
        return .output([
            "Parameters": .array(parameters),
            "Description": template.description.map { .string($0) },
            "Capabilities": capability.map { [.string($0)] },
            "CapabilitiesReason": capability.map { _ in .string(Self.reason(for: template)) },
            "ResourceTypes": .array(types.map { .string($0) }),
            "Version": template.tree["AWSTemplateFormatVersion"],
            "Metadata": template.metadata.map { .string($0.serialized()) },
            "DeclaredTransforms": written["Transform"].map { $0.arrayValue == nil ? [$0] : $0 },
        ])
    }

    private static func reason(for template: Template) -> String {
        let types = template.resources.map(\.type).filter { ResourceTypes.all[$0]?.isIdentity == true }.uniqued()
        return "The following resource(s) require capabilities: [\(types.joined(separator: ", "))]"
    }

    /// The template of the request or of the stack that it names, expanded, and as it is written.
    private func template(_ request: AWSRequest) async throws -> (Template, JSON) {
        var body = try await templateBody(request)
        if body == nil, let name = request.string("StackName") {
            body = try await stack(name, request.caller).target.body
        }
        guard let body else {
            throw AWSError.validation("Either Template URL or Template Body must be specified.")
        }
        let written = try TemplateText.parse(body)
        let template = try Template(Serverless.applied(to: written))
        try ResourceTypes.check(template)
        return (template, written)
    }
}
