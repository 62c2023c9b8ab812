import AWSProtocol
import JSON

/// The transform `AWS::Serverless-2016-10-31`: functions and state machines in short, with roles made for them.
/// <https://github.com/aws/serverless-application-model/blob/develop/versions/2016-10-31.md>
struct Serverless {
    static let name = "AWS::Serverless-2016-10-31"

    private var resources = JSON.Object()
    private let globals: JSON
    private var problems: [String] = []
    /// They change buckets, which may come later.
    private var notifications: [(function: String, notification: ServerlessNotification)] = []

    /// The template with its serverless resources expanded, where it asks for that.
    /// - Throws: `ValidationError` that names each resource that cannot be expanded; for transforms not served.
    static func applied(to tree: JSON) throws(AWSError) -> JSON {
        let transforms = tree["Transform"].map { $0.arrayValue ?? [$0] } ?? []
        for transform in transforms where transform.stringValue != name {
            throw .validation("No transform named \(transform["Name"]?.templateText ?? transform.templateText) found.")
        }
        guard !transforms.isEmpty, case .object(var members) = tree, let resources = members["Resources"]?.objectValue
        else { return tree }
        var serverless = Serverless(globals: members["Globals"] ?? [:])
        for (id, resource) in resources { serverless.expand(id, resource) }
        serverless.addNotifications()
        guard serverless.problems.isEmpty else {
            throw .validation(
                "Transform \(name) failed with: Invalid Serverless Application Specification document. Number of errors "
                    + "found: \(serverless.problems.count). " + serverless.problems.joined(separator: " ")
            )
        }
        members["Resources"] = .object(serverless.resources)
        members.removeValue(forKey: "Transform")
        members.removeValue(forKey: "Globals")
        return .object(members)
    }

    private init(globals: JSON) { self.globals = globals }

    private mutating func expand(_ id: String, _ resource: JSON) {
        let type = resource["Type"]?.stringValue ?? ""
        guard type.hasPrefix("AWS::Serverless::") else {
            resources[id] = resource
            return
        }
        do throws(AWSError) {
            switch type {
            case "AWS::Serverless::Function": try expandFunction(id, resource)
            case "AWS::Serverless::StateMachine": try expandStateMachine(id, resource)
            default:
                throw AWSError.invalid(
                    "Trainyard does not expand \(type); it expands AWS::Serverless::Function and AWS::Serverless::StateMachine."
                )
            }
        } catch {
            report(error, of: id)
        }
    }

    private mutating func addNotifications() {
        for (function, notification) in notifications {
            do throws(AWSError) { try notification.add(to: &resources) } catch { report(error, of: function) }
        }
    }

    private mutating func report(_ error: AWSError, of id: String) {
        problems.append("Resource with id [\(id)] is invalid. \(error.message)")
    }

    // MARK: - Functions

    /// Properties that both types share.
    private static let functionProperties = [
        "Description", "Handler", "Runtime", "Timeout", "MemorySize", "Environment", "FunctionName", "Layers",
        "Architectures", "PackageType", "EphemeralStorage", "VpcConfig", "KmsKeyArn", "ImageConfig",
        "ReservedConcurrentExecutions", "LoggingConfig", "SnapStart", "FileSystemConfigs", "RuntimeManagementConfig",
    ]

    private mutating func expandFunction(_ id: String, _ resource: JSON) throws(AWSError) {
        var given = Self.merged(globals["Function"] ?? [:], resource["Properties"] ?? [:]).objectValue ?? [:]
        let events = given.removeValue(forKey: "Events")
        var properties = JSON.Object()
        for name in Self.functionProperties { properties[name] = given.removeValue(forKey: name) }
        properties["Code"] = try Self.code(&given)
        if let tracing = given.removeValue(forKey: "Tracing") { properties["TracingConfig"] = ["Mode": tracing] }
        if let queue = given.removeValue(forKey: "DeadLetterQueue") {
            properties["DeadLetterConfig"] = ["TargetArn": queue["TargetArn"] ?? ""]
        }
        properties["Tags"] = Self.tags(given.removeValue(forKey: "Tags"), creator: "lambda:createdBy")
        properties["Role"] = try role(
            for: id,
            resource,
            &given,
            service: "lambda.amazonaws.com",
            managed: ["arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"]
        )
        let alias = given.removeValue(forKey: "AutoPublishAlias")
        try refuseOthers(given)
        resources[id] = Self.resource("AWS::Lambda::Function", properties, like: resource)
        if let alias = alias?.stringValue { publish(id, alias, code: properties["Code"] ?? [:], like: resource) }
        let started: JSON =
            alias?.stringValue.map { ["Ref": .string(id + "Alias" + $0)] } ?? ["Fn::GetAtt": [.string(id), "Arn"]]
        var rules = events?.objectValue ?? [:]
        for (name, event) in rules where event["Type"]?.stringValue == ServerlessNotification.type {
            rules.removeValue(forKey: name)
            let notification = try ServerlessNotification(
                of: id,
                name,
                event,
                function: started,
                condition: resource["Condition"]
            )
            notifications.append((id, notification))
        }
        try add(.object(rules), of: ServerlessEvents(id: id, starts: .function(started)), like: resource)
    }

    /// A version for each state of the code, and the alias that points at the latest.
    private mutating func publish(_ id: String, _ alias: String, code: JSON, like resource: JSON) {
        let version = id + "Version" + FNV.hexadecimal(of: code.serialized())
        var published = Self.resource("AWS::Lambda::Version", ["FunctionName": ["Ref": .string(id)]], like: resource)
        published["DeletionPolicy"] = "Retain"
        resources[version] = published
        resources[id + "Alias" + alias] = Self.resource(
            "AWS::Lambda::Alias",
            [
                "Name": .string(alias), "FunctionName": ["Ref": .string(id)],
                "FunctionVersion": ["Fn::GetAtt": [.string(version), "Version"]],
            ],
            like: resource
        )
    }

    private static func code(_ given: inout JSON.Object) throws(AWSError) -> JSON {
        if let text = given.removeValue(forKey: "InlineCode") {
            given.removeValue(forKey: "CodeUri")
            return ["ZipFile": text]
        }
        if let image = given.removeValue(forKey: "ImageUri") { return ["ImageUri": image] }
        guard let place = given.removeValue(forKey: "CodeUri") else {
            throw .invalid("Missing required property 'CodeUri'.")
        }
        let object = try location(place, named: "CodeUri")
        return .compact([
            "S3Bucket": object["Bucket"], "S3Key": object["Key"], "S3ObjectVersion": object["Version"],
        ])
    }

    // MARK: - State machines

    private mutating func expandStateMachine(_ id: String, _ resource: JSON) throws(AWSError) {
        var given = Self.merged(globals["StateMachine"] ?? [:], resource["Properties"] ?? [:]).objectValue ?? [:]
        let events = given.removeValue(forKey: "Events")
        var properties = JSON.Object()
        for (name, target) in [
            "Name": "StateMachineName", "Type": "StateMachineType", "Logging": "LoggingConfiguration",
            "Tracing": "TracingConfiguration", "DefinitionSubstitutions": "DefinitionSubstitutions",
            "DefinitionString": "DefinitionString", "Definition": "Definition",
        ] {
            properties[target] = given.removeValue(forKey: name)
        }
        if let place = given.removeValue(forKey: "DefinitionUri") {
            properties["DefinitionS3Location"] = try Self.location(place, named: "DefinitionUri")
        }
        guard ["Definition", "DefinitionString", "DefinitionS3Location"].contains(where: { properties[$0] != nil })
        else {
            throw .invalid("Either 'Definition' or 'DefinitionUri' property must be specified.")
        }
        properties["Tags"] = Self.tags(given.removeValue(forKey: "Tags"), creator: "stateMachine:createdBy")
        properties["RoleArn"] = try role(for: id, resource, &given, service: "states.amazonaws.com", managed: [])
        try refuseOthers(given)
        resources[id] = Self.resource("AWS::StepFunctions::StateMachine", properties, like: resource)
        try add(events, of: ServerlessEvents(id: id, starts: .stateMachine), like: resource)
    }

    // MARK: - Roles

    /// The role given, or a new one with the resource's policies.
    private mutating func role(
        for id: String,
        _ resource: JSON,
        _ given: inout JSON.Object,
        service: String,
        managed: [JSON]
    ) throws(AWSError) -> JSON {
        let policies = given.removeValue(forKey: "Policies")
        let path = given.removeValue(forKey: "RolePath")
        let boundary = given.removeValue(forKey: "PermissionsBoundary")
        if let role = given.removeValue(forKey: "Role") { return role }
        var arns = managed
        var inline: [JSON] = []
        for policy in policies.map({ $0.arrayValue ?? [$0] }) ?? [] {
            if let name = policy.stringValue {
                arns.append(.string(name.hasPrefix("arn:") ? name : "arn:aws:iam::aws:policy/\(name)"))
            } else if let document = try ServerlessPolicy.document(policy) {
                let name = JSON.string("\(id)RolePolicy\(inline.count)")
                inline.append(["PolicyName": name, "PolicyDocument": document])
            } else {
                arns.append(policy)
            }
        }
        let trust: JSON = [
            "Version": "2012-10-17",
            "Statement": [
                ["Action": ["sts:AssumeRole"], "Effect": "Allow", "Principal": ["Service": [.string(service)]]]
            ],
        ]
        let properties = JSON.Object.compact([
            "AssumeRolePolicyDocument": trust,
            "ManagedPolicyArns": arns.isEmpty ? nil : .array(arns.uniqued()),
            "Policies": inline.isEmpty ? nil : .array(inline),
            "Path": path,
            "PermissionsBoundary": boundary,
        ])
        var made = Self.resource("AWS::IAM::Role", properties, like: resource)
        made["DependsOn"] = nil
        resources[id + "Role"] = made
        return ["Fn::GetAtt": [.string(id + "Role"), "Arn"]]
    }

    // MARK: - Common

    private mutating func add(
        _ events: JSON?,
        of expansion: ServerlessEvents,
        like resource: JSON
    ) throws(AWSError) {
        for made in try expansion.resources(events) {
            resources[made.id] = .compact([
                "Type": .string(made.type), "Properties": .object(made.properties), "Condition": resource["Condition"],
            ])
        }
    }

    private func refuseOthers(_ given: JSON.Object) throws(AWSError) {
        guard let name = given.keys.first else { return }
        throw .invalid("Property '\(name)' is not one that Trainyard expands.")
    }

    /// The serverless type's CloudFormation counterpart, with the resource's attributes taken over.
    private static func resource(_ type: String, _ properties: JSON.Object, like resource: JSON) -> JSON {
        .compact([
            "Type": .string(type),
            "Properties": .object(properties),
            "DependsOn": resource["DependsOn"],
            "Condition": resource["Condition"],
            "DeletionPolicy": resource["DeletionPolicy"],
            "UpdateReplacePolicy": resource["UpdateReplacePolicy"],
            "Metadata": resource["Metadata"],
        ])
    }

    /// `s3://bucket/key?versionId=v`, or its parts.
    private static func location(_ place: JSON, named property: String) throws(AWSError) -> JSON {
        if case .object = place { return place }
        let text = place.stringValue ?? ""
        let path = text.dropFirst("s3://".count)
        guard text.hasPrefix("s3://"), let slash = path.firstIndex(of: "/"), path.index(after: slash) < path.endIndex
        else {
            throw .invalid(
                "'\(property)' is not a valid S3 Uri of the form 's3://bucket/key' with optional versionId query parameter."
            )
        }
        let key = path[path.index(after: slash)...].split(separator: "?versionId=", maxSplits: 1)
        return .compact([
            "Bucket": .string(String(path[..<slash])),
            "Key": .string(String(key[0])),
            "Version": key.count > 1 ? .string(String(key[1])) : nil,
        ])
    }

    private static func tags(_ given: JSON?, creator: String) -> JSON {
        let own = (given?.objectValue ?? [:]).map { JSON.object(["Key": .string($0.key), "Value": $0.value]) }
        return .array([["Key": .string(creator), "Value": "SAM"]] + own)
    }

    /// The globals with the resource's own over them: maps are merged, lists appended, the rest replaced.
    private static func merged(_ globals: JSON, _ own: JSON) -> JSON {
        switch (globals, own) {
        case (.object(let globals), .object(let own)):
            var result = globals
            for (key, value) in own { result[key] = globals[key].map { merged($0, value) } ?? value }
            return .object(result)
        case (.array(let globals), .array(let own)): return .array(globals + own)
        default: return own
        }
    }
}

extension AWSError {
    fileprivate static func invalid(_ message: String) -> AWSError { .validation(message) }
}

/// A short fingerprint: Fowler–Noll–Vo, 64 bits.
enum FNV {
    static func hexadecimal(of text: String) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: max(0, 10 - digits.count)) + digits.suffix(10)
    }
}
