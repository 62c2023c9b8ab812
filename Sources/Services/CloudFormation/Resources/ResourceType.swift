import AWSProtocol
import JSON
import Synchronization

/// How resources of one type are made, changed and removed: the mapping of a type's properties to API calls.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html>
protocol ResourceType: Sendable {
    /// `AWS::S3::Bucket`.
    var name: String { get }
    /// What may be given.
    var properties: Set<String> { get }
    /// What must be given.
    var required: [String] { get }
    /// Properties whose change makes another resource, with another physical id.
    var replacing: Set<String> { get }
    /// The property that names the resource; without it a name is made.
    var nameProperty: String? { get }

    /// A name in the form that the type's service takes.
    func generatedName(stack: String, logicalID: String) -> String

    func create(_ resource: ResourceRequest) async throws(AWSError) -> DeployedResource

    /// Changes what differs from `former`; only properties that do not replace.
    func update(_ resource: ResourceRequest, from former: DeployedResource) async throws(AWSError) -> DeployedResource

    /// Removes the resource. That it is not there any more is no error.
    func delete(_ resource: DeployedResource, _ context: ResourceContext) async throws(AWSError)

    /// Whether its policies may grant rights: then a stack needs a capability.
    var isIdentity: Bool { get }
}

extension ResourceType {
    var required: [String] { [] }
    var replacing: Set<String> { nameProperty.map { [$0] } ?? [] }
    var nameProperty: String? { nil }
    var isIdentity: Bool { false }

    func generatedName(stack: String, logicalID: String) -> String {
        GeneratedName.make(stack: stack, logicalID: logicalID)
    }

    /// The words with which AWS refuses properties before it calls the service; nil where there is nothing to refuse.
    func problem(with given: JSON.Object, in logicalID: String) -> String? {
        let unknown = given.keys.filter { !properties.contains($0) }
        let missing = required.filter { given[$0] == nil }
        let problems =
            unknown.map { "#: extraneous key [\($0)] is not permitted" }
            + missing.map { "#: required key [\($0)] not found" }
        guard !problems.isEmpty else { return nil }
        return "Properties validation failed for resource \(logicalID) with message:\n"
            + problems.joined(separator: "\n")
    }
}

/// What a type needs to call its service.
struct ResourceContext: Sendable {
    var aws: any AWSCaller
    var caller: Caller
    var stackName: String
    var stackID: String
    /// The stack's own tags; they go to every resource that can have some.
    var tags: [(key: String, value: String)]
    let progress = Progress()

    /// Whether a call has succeeded: then a failed making has left something to remove.
    final class Progress: Sendable {
        private let made = Atomic(false)

        var hasMade: Bool { made.load(ordering: .acquiring) }

        func note() { made.store(true, ordering: .releasing) }
    }

    @discardableResult
    func call(_ operation: Operation, _ input: JSON.Object) async throws(AWSError) -> JSON {
        let output = try await aws.call(operation, .object(input), as: caller)
        progress.note()
        return output
    }

    /// The same, where the thing's absence is as good as its removal.
    func callUnlessGone(_ operation: Operation, _ input: JSON.Object) async throws(AWSError) {
        do {
            try await call(operation, input)
        } catch  where error.isNotFound {
            return
        }
    }
}

/// A resource that is to be made or changed.
struct ResourceRequest: Sendable {
    var logicalID: String
    /// The name given, or the one made for it.
    var name: String
    /// Resolved.
    var properties: JSON.Object
    var context: ResourceContext

    subscript(_ property: String) -> JSON? { properties[property] }

    func string(_ property: String) -> String? { properties[property]?.templateText }

    /// A number, or the text of one.
    func integer(_ property: String) -> JSON? {
        properties[property]?.templateNumber.flatMap(Int.init(exactly:)).map { .integer($0) }
    }

    func bool(_ property: String) -> JSON? { properties[property]?.templateBool.map { .bool($0) } }

    /// A document given as a tree or as text.
    func document(_ property: String) -> JSON? {
        properties[property].map { $0.stringValue == nil ? .string($0.serialized()) : $0 }
    }

    /// The resource's tags with the stack's own, as `[{Key, Value}]`.
    var tags: [JSON] {
        var all: [(key: String, value: String)] = context.tags
        if let map = properties["Tags"]?.objectValue {
            all += map.map { ($0.key, $0.value.templateText) }
        }
        for tag in properties["Tags"]?.arrayValue ?? [] {
            all.append((tag["Key"]?.templateText ?? "", tag["Value"]?.templateText ?? ""))
        }
        all += [
            ("aws:cloudformation:stack-name", context.stackName), ("aws:cloudformation:stack-id", context.stackID),
            ("aws:cloudformation:logical-id", logicalID),
        ]
        return all.map { ["Key": .string($0.key), "Value": .string($0.value)] }
    }

    /// The tags that the resource's service takes: `aws:` ones are for AWS itself.
    var ownTags: [JSON] { tags.filter { $0["Key"]?.stringValue?.hasPrefix("aws:") != true } }

    /// The same as a map.
    var tagMap: JSON.Object {
        JSON.Object(ownTags.map { ($0["Key"]?.stringValue ?? "", $0["Value"] ?? "") })
    }
}

/// A resource that stands.
struct DeployedResource: Sendable {
    /// What `Ref` gives.
    var physicalID: String
    var properties: JSON.Object
    /// What `Fn::GetAtt` gives.
    var attributes: JSON.Object = [:]

    /// The same with the properties that it has been changed to.
    func updated(to resource: ResourceRequest) -> DeployedResource {
        var updated = self
        updated.properties = resource.properties
        return updated
    }
}

/// Names for what has none: `STACK-LOGICALID-RANDOM12`.
enum GeneratedName {
    static func make(
        stack: String,
        logicalID: String,
        longest: Int = 64,
        alphabet: String = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    ) -> String {
        let random = RandomText.string(12, from: alphabet)
        let room = longest - random.count - 2
        guard stack.count + logicalID.count > room else { return "\(stack)-\(logicalID)-\(random)" }
        let stackPart = stack.prefix(max(room / 2, room - logicalID.count))
        return "\(stackPart)-\(logicalID.prefix(room - stackPart.count))-\(random)"
    }

    /// For services whose names have no capitals.
    static func lowerCase(stack: String, logicalID: String, longest: Int) -> String {
        make(
            stack: stack.lowercased(),
            logicalID: logicalID.lowercased(),
            longest: longest,
            alphabet: "abcdefghijklmnopqrstuvwxyz0123456789"
        )
    }
}

/// The types that stacks can be made of.
enum ResourceTypes {
    static let all: [String: any ResourceType] = {
        let types: [any ResourceType] = [
            BucketType(), BucketPolicyType(), RoleType(), PolicyType(), ManagedPolicyType(), FunctionType(),
            PermissionType(), VersionType(), AliasType(), StateMachineType(), RepositoryType(), LogGroupType(),
            AlarmType(), RuleType(), EventBusType(), ConnectionType(), APIDestinationType(), ArchiveType(),
            ModelType(), EndpointConfigType(), EndpointType(), ModelPackageGroupType(), PipelineType(),
        ]
        return Dictionary(uniqueKeysWithValues: types.map { ($0.name, $0) })
    }()

    /// - Throws: `ValidationError` that names the types that are not served.
    static func check(_ template: Template) throws(AWSError) {
        let unknown = template.resources.map(\.type).filter { all[$0] == nil }.uniqued()
        guard unknown.isEmpty else {
            throw .validation(
                "Template format error: Unrecognized resource types: [\(unknown.joined(separator: ", "))]"
            )
        }
    }
}
