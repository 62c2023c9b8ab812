import AWSProtocol
import JSON

/// The `Events` of serverless functions and state machines that are rules of EventBridge: `EventBridgeRule`,
/// `CloudWatchEvent` and `Schedule`.
/// <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-eventbridgerule.html>
struct ServerlessEvents {
    /// What a rule has to start.
    enum Starts {
        /// A function, by this reference to it or to its alias.
        case function(JSON)
        case stateMachine
    }

    /// The id of the function or machine.
    let id: String
    let starts: Starts

    /// The resources that the events are.
    /// - Throws: where an event is of a kind that is no rule.
    func resources(_ events: JSON?) throws(AWSError) -> [(id: String, type: String, properties: JSON.Object)] {
        var made: [(id: String, type: String, properties: JSON.Object)] = []
        for (name, event) in events?.objectValue ?? [:] {
            let type = event["Type"]?.templateText ?? "?"
            guard ["EventBridgeRule", "CloudWatchEvent", "Schedule"].contains(type) else {
                throw .validation(
                    "Event with id [\(name)] is invalid. Trainyard does not expand events of type \(type): declare the "
                        + "permission or notification itself."
                )
            }
            let rule = id + name
            made.append((rule, "AWS::Events::Rule", self.rule(rule, event["Properties"] ?? [:])))
            made.append(access(rule))
        }
        return made
    }

    private func rule(_ rule: String, _ given: JSON) -> JSON.Object {
        var properties = JSON.Object.compact([
            "Description": given["Description"], "EventBusName": given["EventBusName"],
            "EventPattern": given["Pattern"], "ScheduleExpression": given["Schedule"],
            "Name": given["RuleName"] ?? given["Name"], "State": given["State"],
        ])
        if let enabled = given["Enabled"]?.templateBool { properties["State"] = enabled ? "ENABLED" : "DISABLED" }
        var target = JSON.Object.compact(["Id": given["Target"]?["Id"] ?? .string(rule + suffix), "Arn": arn])
        if case .stateMachine = starts { target["RoleArn"] = ["Fn::GetAtt": [.string(rule + "Role"), "Arn"]] }
        for member in ["Input", "InputPath", "InputTransformer", "DeadLetterConfig", "RetryPolicy"] {
            target[member] = given[member]
        }
        properties["Targets"] = [.object(target)]
        return properties
    }

    private var suffix: String {
        switch starts {
        case .function: "LambdaTarget"
        case .stateMachine: "StepFunctionsTarget"
        }
    }

    private var arn: JSON {
        switch starts {
        case .function(let reference): reference
        case .stateMachine: ["Ref": .string(id)]
        }
    }

    /// What lets EventBridge start it: a permission of the function, or a role.
    private func access(_ rule: String) -> (id: String, type: String, properties: JSON.Object) {
        switch starts {
        case .function(let reference):
            let properties: JSON.Object = [
                "Action": "lambda:InvokeFunction", "FunctionName": reference, "Principal": "events.amazonaws.com",
                "SourceArn": ["Fn::GetAtt": [.string(rule), "Arn"]],
            ]
            return (rule + "Permission", "AWS::Lambda::Permission", properties)
        case .stateMachine:
            let trust: JSON = [
                "Effect": "Allow", "Action": ["sts:AssumeRole"], "Principal": ["Service": ["events.amazonaws.com"]],
            ]
            let start: JSON = ["Effect": "Allow", "Action": "states:StartExecution", "Resource": arn]
            let properties: JSON.Object = [
                "AssumeRolePolicyDocument": ["Version": "2012-10-17", "Statement": [trust]],
                "Policies": [
                    [
                        "PolicyName": .string(rule + "StartExecutionPolicy"),
                        "PolicyDocument": ["Version": "2012-10-17", "Statement": [start]],
                    ]
                ],
            ]
            return (rule + "Role", "AWS::IAM::Role", properties)
        }
    }
}
