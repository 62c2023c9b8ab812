import JSON
import JSONPath
import Suggestion

extension DefinitionParser {
    private static let common: Set<String> = ["Type", "Comment", "QueryLanguage"]
    private static let flowing: Set<String> = ["InputPath", "OutputPath", "Next", "End", "Assign"]
    private static let working: Set<String> = ["Parameters", "ResultSelector", "ResultPath", "Retry", "Catch"]

    /// The fields that a state of each type can have.
    private static let fields: [String: Set<String>] = [
        "Task": common.union(flowing).union(working).union([
            "Resource", "TimeoutSeconds", "TimeoutSecondsPath", "HeartbeatSeconds", "HeartbeatSecondsPath",
            "Credentials",
        ]),
        "Pass": common.union(flowing).union(["Result", "ResultPath", "Parameters"]),
        "Choice": common.union(["InputPath", "OutputPath", "Choices", "Default", "Assign"]),
        "Wait": common.union(flowing).union(["Seconds", "SecondsPath", "Timestamp", "TimestampPath"]),
        "Succeed": common.union(["InputPath", "OutputPath"]),
        "Fail": common.union(["Error", "ErrorPath", "Cause", "CausePath"]),
        "Parallel": common.union(flowing).union(working).union(["Branches"]),
        "Map": common.union(flowing).union(working).union([
            "ItemProcessor", "Iterator", "ItemsPath", "ItemSelector", "MaxConcurrency", "MaxConcurrencyPath", "Label",
            "ToleratedFailureCount", "ToleratedFailureCountPath", "ToleratedFailurePercentage",
            "ToleratedFailurePercentagePath", "ItemReader", "ItemBatcher", "ResultWriter",
        ]),
    ]

    private static let jsonataCommon = common.union(["Output", "Assign", "Next", "End"])

    /// Those of states in JSONata.
    private static let jsonataFields: [String: Set<String>] = [
        "Task": jsonataCommon.union([
            "Arguments", "Retry", "Catch", "Resource", "TimeoutSeconds", "HeartbeatSeconds", "Credentials",
        ]),
        "Pass": jsonataCommon,
        "Choice": common.union(["Choices", "Default", "Assign", "Output"]),
        "Wait": jsonataCommon.union(["Seconds", "Timestamp"]),
        "Succeed": common.union(["Output"]),
        "Fail": common.union(["Error", "Cause"]),
        "Parallel": jsonataCommon.union(["Arguments", "Retry", "Catch", "Branches"]),
        "Map": jsonataCommon.union([
            "Retry", "Catch", "ItemProcessor", "Items", "ItemSelector", "MaxConcurrency", "Label", "ItemReader",
            "ItemBatcher", "ResultWriter", "ToleratedFailureCount", "ToleratedFailurePercentage",
        ]),
    ]

    mutating func parseState(_ name: String, _ value: JSON, at location: String) -> State? {
        guard case .object(let object) = value else {
            fail("Expected an object", at: location)
            return nil
        }
        guard let type = object["Type"]?.stringValue else {
            fail("These fields are required: [Type]", at: location)
            return nil
        }
        guard let known = Self.fields[type] else {
            let near = Suggestion.nearest(to: type, among: Self.fields.keys.sorted())
            fail(
                "The field 'Type' should have one of these values: [Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map]"
                    + (near.map { ", did you mean '\($0)'?" } ?? ""),
                at: "\(location)/Type"
            )
            return nil
        }
        let outer = (isJSONata, stateName, stateLocation)
        defer { (isJSONata, stateName, stateLocation) = outer }
        guard chooseLanguage(object["QueryLanguage"], at: location) else { return nil }
        (stateName, stateLocation) = (name, location)
        checkFields(object, isJSONata ? Self.jsonataFields[type] ?? known : known, at: location)
        let flow = parseFlow(object, isMap: type == "Map", at: location)
        guard let kind = parseKind(type, object, at: location) else { return nil }
        let hasTransition = !["Choice", "Succeed", "Fail"].contains(type)
        return State(
            name: name,
            kind: kind,
            flow: flow,
            transition: hasTransition ? parseTransition(object, at: location) : .end,
            retriers: parseRetriers(object["Retry"], at: "\(location)/Retry"),
            catchers: parseCatchers(object["Catch"], at: "\(location)/Catch")
        )
    }

    private mutating func parseTransition(_ object: JSON.Object, at location: String) -> State.Transition {
        if let next = object["Next"]?.stringValue {
            if object["End"] == true { fail("Only one of these fields is allowed: [Next, End]", at: location) }
            return target(next, at: "\(location)/Next").map(State.Transition.next) ?? .end
        }
        if object["End"] != true { fail("These fields are required: [Next or End]", at: location) }
        return .end
    }

    private mutating func parseKind(_ type: String, _ object: JSON.Object, at location: String) -> State.Kind? {
        switch type {
        case "Task": return parseTask(object, at: location)
        case "Pass": return .pass(result: object["Result"].map(Document.init))
        case "Choice": return parseChoice(object, at: location)
        case "Wait": return parseWait(object, at: location)
        case "Succeed": return .succeed
        case "Fail":
            for field in ["Error", "Cause"] { checkExclusive(field, object, at: location) }
            return .fail(
                error: parseText(object, "Error", at: location),
                cause: parseText(object, "Cause", at: location)
            )
        case "Parallel": return parseParallel(object, at: location)
        default: return parseMap(object, at: location)
        }
    }

    // MARK: Task

    private mutating func parseTask(_ object: JSON.Object, at location: String) -> State.Kind? {
        guard let arn = object["Resource"]?.stringValue else {
            fail("These fields are required: [Resource]", at: location)
            return nil
        }
        guard let resource = TaskResource(arn), isServed(resource) else {
            fail(
                "The resource provided \(arn) is not recognized. The value is not a valid resource ARN, or the resource is "
                    + "not available in this region.",
                at: "\(location)/Resource"
            )
            return nil
        }
        if kind == .express, resource.kind == .activity {
            fail("Express state machine does not support Activity ARN", at: "\(location)/Resource")
        }
        if kind == .express {
            switch resource.pattern {
            case .sync, .sync2:
                fail("Express state machine does not support '.sync' service integration", at: "\(location)/Resource")
            case .waitForTaskToken:
                fail(
                    "Express state machine does not support '.waitForTaskToken' service integration ",
                    at: "\(location)/Resource"
                )
            case .requestResponse: break
            }
        }
        checkLimits(object, at: location)
        if let credentials = object["Credentials"], credentials["RoleArn"] == nil, credentials["RoleArn.$"] == nil {
            fail("The field 'RoleArn' is required but was missing", at: "\(location)/Credentials")
        }
        return .task(
            TaskDefinition(
                resource: resource,
                timeout: parseSeconds(object, "TimeoutSeconds", at: location),
                heartbeat: parseSeconds(object, "HeartbeatSeconds", at: location),
                credentials: object["Credentials"].map { parseTemplate($0, at: "\(location)/Credentials") }
            )
        )
    }

    /// A field and its counterpart that ends in `Path` exclude each other.
    private mutating func checkExclusive(_ field: String, _ object: JSON.Object, at location: String) {
        guard object[field] != nil, object["\(field)Path"] != nil else { return }
        fail("Only one of these fields is allowed: [\(field), \(field)Path]", at: location)
    }

    private mutating func checkLimits(_ object: JSON.Object, at location: String) {
        for field in ["TimeoutSeconds", "HeartbeatSeconds"] { checkExclusive(field, object, at: location) }
        if let timeout = object["TimeoutSeconds"]?.intValue, let heartbeat = object["HeartbeatSeconds"]?.intValue,
            heartbeat >= timeout
        {
            fail("HeartbeatSeconds must be smaller than TimeoutSeconds", at: "\(location)/HeartbeatSeconds")
        }
    }

    /// The actions that optimised integrations know, and those of them that can be waited for by `.sync`. Services that are
    /// not listed are taken as they are.
    private static let optimizedActions: [String: (all: Set<String>, jobs: Set<String>)] = [
        "dynamodb": (["getItem", "putItem", "deleteItem", "updateItem"], []),
        "elasticmapreduce": (
            [
                "addStep", "cancelStep", "createCluster", "modifyInstanceFleetByName", "modifyInstanceGroupByName",
                "setClusterTerminationProtection", "terminateCluster",
            ],
            ["addStep", "createCluster", "terminateCluster"]
        ),
        "events": (["putEvents"], []),
        "http": (["invoke"], []),
        "lambda": (["invoke"], []),
        "sagemaker": (
            [
                "createEndpoint", "createEndpointConfig", "createHyperParameterTuningJob", "createLabelingJob",
                "createModel", "createProcessingJob", "createTrainingJob", "createTransformJob", "updateEndpoint",
            ],
            [
                "createHyperParameterTuningJob", "createLabelingJob", "createProcessingJob", "createTrainingJob",
                "createTransformJob",
            ]
        ),
        "sns": (["publish"], []),
        "sqs": (["sendMessage"], []),
        "states": (["startExecution"], ["startExecution"]),
    ]

    private func isServed(_ resource: TaskResource) -> Bool {
        guard case .optimized(let service, let action) = resource.kind, let known = Self.optimizedActions[service]
        else {
            return true
        }
        let isWaitedFor = resource.pattern == .sync || resource.pattern == .sync2
        return isWaitedFor ? known.jobs.contains(action) : known.all.contains(action)
    }

    // MARK: Wait

    private mutating func parseWait(_ object: JSON.Object, at location: String) -> State.Kind? {
        let given = ["Seconds", "SecondsPath", "Timestamp", "TimestampPath"].filter { object[$0] != nil }
        guard given.count == 1, let field = given.first, let value = object[field] else {
            fail(
                "A Wait state needs exactly one of the fields: [Seconds, SecondsPath, Timestamp, TimestampPath]",
                at: location
            )
            return nil
        }
        let place = "\(location)/\(field)"
        if let expression = parseExpression(value, field: field, at: place) {
            return .wait(field == "Seconds" ? .secondsExpression(expression) : .timestampExpression(expression))
        }
        switch field {
        case "Seconds":
            guard let seconds = value.intValue, (0...99_999_999).contains(seconds) else {
                fail("Expected an integer between 0 and 99999999", at: place)
                return nil
            }
            return .wait(.seconds(seconds))
        case "Timestamp":
            guard let moment = value.stringValue.flatMap(Instant.parse) else {
                fail("String does not match RFC3339 timestamp", at: place)
                return nil
            }
            return .wait(.timestamp(moment))
        default:
            guard let path = parsePath(value, at: place) else { return nil }
            return .wait(field == "SecondsPath" ? .secondsPath(path) : .timestampPath(path))
        }
    }

    // MARK: Parallel

    private mutating func parseParallel(_ object: JSON.Object, at location: String) -> State.Kind? {
        guard let branches = object["Branches"]?.arrayValue else {
            fail("These fields are required: [Branches]", at: location)
            return nil
        }
        guard !branches.isEmpty else {
            fail("Value cannot be empty", at: "\(location)/Branches")
            return nil
        }
        var graphs: [StateGraph] = []
        for (index, branch) in branches.enumerated() {
            let place = "\(location)/Branches[\(index)]"
            guard let object = branch.objectValue, let graph = parseGraph(object, at: place) else { continue }
            graphs.append(graph)
        }
        return graphs.count == branches.count ? .parallel(graphs) : nil
    }
}
