public import JSON

/// What a run does once the stack stands, as the template's `Metadata.Trainyard` says.
///
/// Texts may name outputs of the stack as `${Name}`.
public struct RunPlan: Sendable, Equatable {
    /// A file or folder that goes to S3 before the state machine is started.
    public struct Upload: Sendable, Equatable {
        public var from: String
        /// `s3://bucket/key`; of a folder, the key prefix.
        public var to: String
    }

    public var uploads: [Upload]
    /// The state machine's ARN; nil where the template names none: then the stack's only one is meant.
    public var stateMachine: String?
    /// The name of the SageMaker pipeline to start in place of a state machine; its parameters are the input's members.
    public var pipeline: String?
    public var input: JSON

    /// Reads `Metadata.Trainyard`.
    /// - Throws: `ProjectError` where a member is missing or of another kind.
    public init(template: JSON) throws {
        let settings = template["Metadata"]?["Trainyard"]
        uploads = try (settings?["Upload"]?.arrayValue ?? []).map { upload in
            guard let from = upload["From"]?.stringValue, let to = upload["To"]?.stringValue, to.hasPrefix("s3://")
            else {
                throw ProjectError("Metadata.Trainyard.Upload: each entry needs From (a path) and To (s3://bucket/key)")
            }
            return Upload(from: from, to: to)
        }
        stateMachine = settings?["Execute"]?["StateMachine"]?.stringValue
        pipeline = settings?["Execute"]?["Pipeline"]?.stringValue
        guard stateMachine == nil || pipeline == nil else {
            throw ProjectError("Metadata.Trainyard.Execute: give StateMachine or Pipeline, not both")
        }
        input = settings?["Execute"]?["Input"] ?? [:]
    }

    /// The plan with the stack's outputs in place of their names.
    /// - Throws: `ProjectError` where a text names an output that the stack does not have.
    public func resolved(with outputs: [String: String]) throws -> RunPlan {
        var plan = self
        plan.uploads = try uploads.map { Upload(from: $0.from, to: try Self.substitute($0.to, outputs)) }
        plan.stateMachine = try stateMachine.map { try Self.substitute($0, outputs) }
        plan.pipeline = try pipeline.map { try Self.substitute($0, outputs) }
        plan.input = try Self.substitute(input, outputs)
        return plan
    }

    private static func substitute(_ value: JSON, _ outputs: [String: String]) throws -> JSON {
        switch value {
        case .string(let text): .string(try substitute(text, outputs))
        case .array(let elements): .array(try elements.map { try substitute($0, outputs) })
        case .object(let members): .object(try members.mapValues { value throws in try substitute(value, outputs) })
        default: value
        }
    }

    private static func substitute(_ text: String, _ outputs: [String: String]) throws -> String {
        var result = ""
        var rest = text[...]
        while let start = rest.firstRange(of: "${") {
            result += rest[..<start.lowerBound]
            guard let end = rest[start.upperBound...].firstIndex(of: "}") else { break }
            let name = String(rest[start.upperBound..<end])
            guard let value = outputs[name] else {
                let known = outputs.keys.sorted().joined(separator: ", ")
                throw ProjectError("Metadata.Trainyard names the output ${\(name)}, but the stack has: \(known)")
            }
            result += value
            rest = rest[rest.index(after: end)...]
        }
        return result + rest
    }
}
