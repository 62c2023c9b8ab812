public import AWSProtocol
public import JSON

/// A project's stack: made or changed through CloudFormation change sets, as `sam deploy` does it.
public struct Deployment: Sendable {
    private let aws: any AWSCaller
    private let caller: Caller
    private let clock: any WallClock
    private let interval: Duration

    /// - Parameter interval: between two looks at the stack: milliseconds in process, seconds against AWS.
    public init(aws: any AWSCaller, caller: Caller, clock: any WallClock = SystemClock(), interval: Duration) {
        self.aws = aws
        self.caller = caller
        self.clock = clock
        self.interval = interval
    }

    /// Brings the stack `name` to the state of `template` and answers its outputs.
    /// - Throws: `ProjectError` with CloudFormation's reasons where the stack could not be made.
    public func deploy(_ template: JSON, stack name: String, parameters: [String: String]) async throws -> [String:
        String]
    {
        let isNew = try await describe(name) == nil
        let changeSet = "trainyard-\(RandomText.uuid())"
        let made = try await aws.call(
            "cloudformation:CreateChangeSet",
            [
                "StackName": .string(name),
                "ChangeSetName": .string(changeSet),
                "ChangeSetType": isNew ? "CREATE" : "UPDATE",
                "TemplateBody": .string(template.serialized()),
                "Parameters": .array(
                    parameters.sorted { $0.key < $1.key }.map {
                        ["ParameterKey": .string($0.key), "ParameterValue": .string($0.value)]
                    }
                ),
                "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
            ],
            as: caller
        )
        let identity: JSON = ["ChangeSetName": made["Id"] ?? .string(changeSet), "StackName": .string(name)]
        if try await hasChanges(identity, stack: name) {
            try await aws.call("cloudformation:ExecuteChangeSet", identity, as: caller)
            try await waitForEnd(name)
        } else {
            try await aws.call("cloudformation:DeleteChangeSet", identity, as: caller)
        }
        return try await outputs(name)
    }

    private func hasChanges(_ identity: JSON, stack name: String) async throws -> Bool {
        while true {
            let set = try await aws.call("cloudformation:DescribeChangeSet", identity, as: caller)
            switch set["Status"]?.stringValue {
            case "CREATE_COMPLETE": return true
            case "FAILED":
                let reason = set["StatusReason"]?.stringValue ?? "no reason given"
                if reason.contains("didn't contain changes") || reason.contains("No updates are to be performed") {
                    return false
                }
                throw ProjectError("CloudFormation refuses the template of \(name): \(reason)")
            default: try await clock.sleep(until: clock.now() + interval)
            }
        }
    }

    private func waitForEnd(_ name: String) async throws {
        while true {
            let status = try await describe(name)?["StackStatus"]?.stringValue ?? "DELETE_COMPLETE"
            if status == "CREATE_COMPLETE" || status == "UPDATE_COMPLETE"
                || status == "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
            {
                return
            }
            guard status.hasSuffix("_IN_PROGRESS") else {
                throw ProjectError("The stack \(name) ended as \(status): \(try await reasons(name))")
            }
            try await clock.sleep(until: clock.now() + interval)
        }
    }

    /// The resources that failed and why, first cause first.
    private func reasons(_ name: String) async throws -> String {
        let answer = try await aws.call("cloudformation:DescribeStackEvents", ["StackName": .string(name)], as: caller)
        let failures = (answer["StackEvents"]?.arrayValue ?? []).reversed().filter {
            $0["ResourceStatus"]?.stringValue?.hasSuffix("_FAILED") == true
                && $0["ResourceStatusReason"]?.stringValue?.contains("cancelled") != true
        }
        return failures.map {
            "\($0["LogicalResourceId"]?.stringValue ?? "?"): \($0["ResourceStatusReason"]?.stringValue ?? "?")"
        }.joined(separator: "; ")
    }

    private func outputs(_ name: String) async throws -> [String: String] {
        let outputs = try await describe(name)?["Outputs"]?.arrayValue ?? []
        return Dictionary(
            outputs.compactMap { output in
                guard let key = output["OutputKey"]?.stringValue else { return nil }
                return (key, output["OutputValue"]?.stringValue ?? "")
            },
            uniquingKeysWith: { $1 }
        )
    }

    /// The stack, or nil where there is none; one that only has a change set to be made of counts as none.
    private func describe(_ name: String) async throws -> JSON? {
        do {
            let answer = try await aws.call("cloudformation:DescribeStacks", ["StackName": .string(name)], as: caller)
            let stack = answer["Stacks"]?[0]
            return stack?["StackStatus"]?.stringValue == "REVIEW_IN_PROGRESS" ? nil : stack
        } catch {
            guard error.code == "ValidationError", error.message.contains("does not exist") else { throw error }
            return nil
        }
    }
}
