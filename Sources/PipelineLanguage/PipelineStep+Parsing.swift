import JSON
import Suggestion

extension PipelineStep {
    /// Members that every type of step may have.
    private static let commonMembers = [
        "Name", "Type", "DisplayName", "Description", "Arguments", "DependsOn", "CacheConfig", "RetryPolicies",
    ]

    init(_ value: JSON, branch: Branch?, at location: String) throws(DefinitionError) {
        guard let members = value.objectValue else {
            throw DefinitionError("Expecting start of Json Object", at: location)
        }
        name = try DefinitionParser.name(value, at: location, longest: 64)
        type = try Self.type(value, name, at: location)
        try DefinitionParser.requireKnown(members.keys, among: Self.commonMembers + type.ownMembers, at: location)
        displayName = value["DisplayName"]?.stringValue
        description = value["Description"]?.stringValue
        self.location = location
        self.branch = branch
        dependsOn = try DefinitionParser.strings(value, "DependsOn", at: location)
        let given = value["Arguments"] ?? [:]
        guard given.objectValue != nil else {
            throw DefinitionError("Expecting start of Json Object", at: "\(location)/Arguments")
        }
        (arguments, conditions) = try Self.arguments(given, type, at: "\(location)/Arguments")
        properties = [:]
        for member in type.valueMembers {
            if let value = value[member], !value.isNull {
                properties[member] = try Expression(value, at: "\(location)/\(member)")
            }
        }
        for member in type.requiredMembers where properties[member] == nil {
            throw DefinitionError("The \(type.rawValue) step [\(name)] needs \(member)", at: location)
        }
        propertyFiles = []
        for (index, file) in try DefinitionParser.list(value, "PropertyFiles", at: location).enumerated() {
            propertyFiles.append(try PropertyFile(file, at: "\(location)/PropertyFiles/\(index)"))
        }
        outputParameters = []
        for (index, output) in try DefinitionParser.list(value, "OutputParameters", at: location).enumerated() {
            outputParameters.append(try OutputParameter(output, at: "\(location)/OutputParameters/\(index)"))
        }
        cache = try CacheConfiguration(value["CacheConfig"], at: "\(location)/CacheConfig")
        retryPolicies = []
        for (index, policy) in try DefinitionParser.list(value, "RetryPolicies", at: location).enumerated() {
            retryPolicies.append(try RetryPolicy(policy, at: "\(location)/RetryPolicies/\(index)"))
        }
    }

    private static func type(_ value: JSON, _ name: String, at location: String) throws(DefinitionError) -> StepType {
        let text = value["Type"]?.stringValue ?? ""
        if let type = StepType(rawValue: text) { return type }
        let hint = Suggestion.phrase(for: text, among: StepType.allCases.map(\.rawValue))
        throw DefinitionError("Unknown step type [\(text)]\(hint)", at: "\(location)/Type")
    }

    private static func arguments(
        _ value: JSON,
        _ type: StepType,
        at location: String
    ) throws(DefinitionError) -> (Expression, [Condition]) {
        guard type == .condition else {
            if type == .fail, value["ErrorMessage"] == nil {
                throw DefinitionError("A Fail step needs ErrorMessage", at: location)
            }
            return (try Expression(value, at: location), [])
        }
        try DefinitionParser.requireKnown(
            value.objectValue?.keys ?? [],
            among: ["Conditions", "IfSteps", "ElseSteps"],
            at: location
        )
        var conditions: [Condition] = []
        for (index, condition) in try DefinitionParser.list(value, "Conditions", at: location).enumerated() {
            conditions.append(try Condition(condition, at: "\(location)/Conditions/\(index)"))
        }
        guard !conditions.isEmpty else {
            throw DefinitionError("A Condition step needs at least one condition", at: "\(location)/Conditions")
        }
        return (.literal([:]), conditions)
    }
}

extension StepType {
    /// Members beside the common ones.
    fileprivate var ownMembers: [String] {
        valueMembers
            + (self == .processing || self == .qualityCheck ? ["PropertyFiles"] : [])
            + (self == .lambda || self == .callback ? ["OutputParameters"] : [])
    }

    /// Members with values in which references may stand.
    fileprivate var valueMembers: [String] {
        switch self {
        case .lambda: return ["FunctionArn"]
        case .callback: return ["SqsQueueUrl"]
        case .qualityCheck, .clarifyCheck:
            return [
                "CheckType", "ModelPackageGroupName", "SkipCheck", "RegisterNewBaseline", "SuppliedBaselineConstraints",
                "FailOnViolation", self == .qualityCheck ? "SuppliedBaselineStatistics" : "ModelName",
            ]
        default: return []
        }
    }

    fileprivate var requiredMembers: [String] {
        switch self {
        case .lambda: ["FunctionArn"]
        case .callback: ["SqsQueueUrl"]
        case .qualityCheck, .clarifyCheck: ["CheckType"]
        default: []
        }
    }
}

extension PropertyFile {
    fileprivate init(_ value: JSON, at location: String) throws(DefinitionError) {
        guard let name = value["PropertyFileName"]?.stringValue, let output = value["OutputName"]?.stringValue,
            let path = value["FilePath"]?.stringValue
        else { throw DefinitionError("A property file needs PropertyFileName, OutputName and FilePath", at: location) }
        self.init(name: name, outputName: output, filePath: path)
    }
}

extension PipelineStep.OutputParameter {
    fileprivate init(_ value: JSON, at location: String) throws(DefinitionError) {
        guard let name = value["OutputName"]?.stringValue else {
            throw DefinitionError("An output parameter needs OutputName", at: location)
        }
        let typeName = value["OutputType"]?.stringValue ?? "String"
        guard let type = PipelineParameter.ValueType(rawValue: typeName) else {
            let hint = Suggestion.phrase(
                for: typeName,
                among: PipelineParameter.ValueType.allCases.map(\.rawValue)
            )
            throw DefinitionError("Unknown output type [\(typeName)]\(hint)", at: "\(location)/OutputType")
        }
        self.init(name: name, type: type)
    }
}

extension CacheConfiguration {
    /// Nil where caching is not asked for.
    fileprivate init?(_ value: JSON?, at location: String) throws(DefinitionError) {
        guard let value, value["Enabled"]?.boolValue == true else { return nil }
        guard let text = value["ExpireAfter"]?.stringValue else {
            expireAfter = nil
            return
        }
        guard let duration = ISODuration(text) else {
            throw DefinitionError(
                "[\(text)] is not an ISO 8601 duration such as P30D or PT1H",
                at: "\(location)/ExpireAfter"
            )
        }
        expireAfter = duration
    }
}

extension RetryPolicy {
    fileprivate init(_ value: JSON, at location: String) throws(DefinitionError) {
        let types = try DefinitionParser.strings(value, "ExceptionType", at: location)
        guard !types.isEmpty else { throw DefinitionError("A retry policy needs ExceptionType", at: location) }
        for type in types where !Self.exceptionTypes.contains(type) {
            let hint = Suggestion.phrase(for: type, among: Self.exceptionTypes)
            throw DefinitionError("Unknown exception type [\(type)]\(hint)", at: "\(location)/ExceptionType")
        }
        exceptionTypes = Set(types)
        maximumAttempts = value["MaxAttempts"]?.intValue
        expireAfterMinutes = value["ExpireAfterMin"]?.intValue
        guard maximumAttempts != nil || expireAfterMinutes != nil else {
            throw DefinitionError("A retry policy needs MaxAttempts or ExpireAfterMin", at: location)
        }
        intervalSeconds = value["IntervalSeconds"]?.doubleValue ?? 1
        backoffRate = value["BackoffRate"]?.doubleValue ?? 2
        let bounds: [(String, Bool)] = [
            ("IntervalSeconds", intervalSeconds >= 0), ("BackoffRate", backoffRate >= 0),
            ("MaxAttempts", (maximumAttempts ?? 1) >= 0), ("ExpireAfterMin", (expireAfterMinutes ?? 1) >= 0),
        ]
        for (member, isFine) in bounds where !isFine {
            throw DefinitionError("\(member) must not be negative", at: "\(location)/\(member)")
        }
    }
}
