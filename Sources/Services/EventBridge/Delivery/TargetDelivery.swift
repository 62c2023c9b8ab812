import AWSProtocol
import JSON
import JSONPath
import Logging
import OutgoingHTTP
import Store

/// Hands events to targets.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html>
struct TargetDelivery: Sendable {
    /// An error after which trying again helps nobody.
    private struct Hopeless: Error, CustomStringConvertible {
        var description: String
    }

    /// An error that may go away by itself.
    private struct Passing: Error, CustomStringConvertible {
        var description: String
    }

    /// AWS tries again after these; and after faults of the service.
    private static let passing: Set<String> = [
        "TooManyRequestsException", "ThrottlingException", "Throttling", "ExecutionLimitExceeded",
        "ResourceLimitExceeded", "ServiceUnavailable", "ConnectionResource.AuthInProgress",
    ]

    let service: EventBridgeService

    private var aws: any AWSCaller { service.aws }

    /// - Throws: what makes the message wait for another attempt.
    func deliver(_ payload: JSON) async throws {
        guard let message = TargetMessage(json: payload) else { return }
        do {
            try await send(message)
        } catch let error as Hopeless {
            report(message, error.description)
        } catch let error as AWSError where !Self.isPassing(error) {
            report(message, error.description)
        }
    }

    func giveUp(_ payload: JSON, _ error: any Error) async {
        guard let message = TargetMessage(json: payload) else { return }
        report(message, "\(error)")
    }

    private static func isPassing(_ error: AWSError) -> Bool {
        error.code != "NotImplemented" && (error.isServerFault || passing.contains(error.code))
    }

    /// Dead-letter queues are of SQS, which the yard does not serve: the log says what could not be delivered.
    private func report(_ message: TargetMessage, _ reason: String) {
        service.logger.warning(
            "An event could not be delivered",
            metadata: [
                "rule": "\(message.ruleARN)", "target": "\(message.arn)",
                "event": "\(message.event["id"]?.stringValue ?? "")", "reason": "\(reason)",
                "deadLetterQueue": "\(message.target["DeadLetterConfig"]?["Arn"]?.stringValue ?? "none")",
            ]
        )
    }

    // MARK: Targets

    private func send(_ message: TargetMessage) async throws {
        if message.isForArchive {
            return try await service.keep((try? JSON(parsing: message.input)) ?? [:], id: message.id)
        }
        guard let arn = ARN(message.arn) else { throw Hopeless(description: "The target is not an ARN.") }
        switch (arn.service, arn.resource.prefix { $0 != ":" && $0 != "/" }) {
        case ("lambda", "function"): try await invoke(message)
        case ("states", "stateMachine"): try await startExecution(message)
        case ("events", "event-bus"): try await forward(message)
        case ("logs", "log-group"): try await log(message, arn)
        case ("sagemaker", "pipeline"): try await startPipeline(message)
        case ("events", "api-destination"): try await call(message, arn)
        default:
            throw Hopeless(description: "Trainyard cannot reach targets of this kind.")
        }
    }

    private func invoke(_ message: TargetMessage) async throws {
        _ = try await aws.send(
            AWSRequest(
                "lambda:Invoke",
                ["FunctionName": .string(message.arn), "InvocationType": "Event"],
                body: Body(message.input),
                caller: message.invoker
            )
        )
    }

    private func startExecution(_ message: TargetMessage) async throws {
        let name = "\(message.event["id"]?.stringValue ?? "")_\(message.id)"
        try await callOnce(
            "states:StartExecution",
            ["stateMachineArn": .string(message.arn), "name": .string(name), "input": .string(message.input)],
            as: message.invoker,
            done: "ExecutionAlreadyExists"
        )
    }

    /// Makes a call that an attempt before a crash may have made: then it is answered by the error `done`.
    private func callOnce(
        _ operation: Operation,
        _ input: JSON,
        as caller: Caller,
        done: String
    ) async throws(AWSError) {
        do {
            try await aws.call(operation, input, as: caller)
        } catch {
            guard error.code == done else { throw error }
        }
    }

    private func startPipeline(_ message: TargetMessage) async throws {
        let given = message.target["SageMakerPipelineParameters"]?["PipelineParameterList"]?.arrayValue ?? []
        let parameters = given.map { parameter in
            JSON.object([
                "Name": parameter["Name"] ?? "",
                "Value": .string(message.resolved(parameter["Value"]?.stringValue ?? "")),
            ])
        }
        try await aws.call(
            "sagemaker:StartPipelineExecution",
            [
                "PipelineName": .string(message.arn), "PipelineParameters": .array(parameters),
                "ClientRequestToken": .string(message.id),
            ],
            as: message.invoker
        )
    }

    private func log(_ message: TargetMessage, _ arn: ARN) async throws {
        let group = arn.resource.dropFirst("log-group:".count).prefix { $0 != ":" }
        var owner = message.invoker
        (owner.account, owner.region) = (arn.account, arn.region)
        let stream: JSON.Object = ["logGroupName": .string(String(group)), "logStreamName": .string(message.id)]
        try await callOnce(
            "logs:CreateLogStream",
            .object(stream),
            as: owner,
            done: "ResourceAlreadyExistsException"
        )
        let written = message.logEvent(at: service.clock.now())
        try await aws.call("logs:PutLogEvents", .object(stream.merging(["logEvents": [written]])), as: owner)
    }

    private func call(_ message: TargetMessage, _ arn: ARN) async throws {
        let owner = Caller(account: arn.account, region: arn.region)
        let name = arn.resource.split(separator: "/").dropFirst().first.map(String.init) ?? ""
        let destination = try await service.store.read { db in try Destination.existing(name, of: owner, in: db) }
        let answer = try await exchange(destination, message, refused: nil)
        guard !(200...299).contains(answer.status) else { return }
        let failure = "The API answered \(answer.status) \(answer.reason)."
        guard DestinationCall.isPassing(answer.status) else { throw Hopeless(description: failure) }
        throw Passing(description: failure)
    }

    /// Makes the call; once more with a new token where the API does not take the one there was.
    private func exchange(
        _ destination: Destination,
        _ message: TargetMessage,
        refused: String?
    ) async throws -> OutgoingAnswer {
        let owner = Caller(account: destination.account, region: destination.region)
        let asked: JSON.Object = .compact([
            "ConnectionArn": .string(destination.connection), "Refused": refused.map { .string($0) },
        ])
        let added = try await service.retrieveConnectionCredentials(
            AWSRequest("events:RetrieveConnectionCredentials", asked, caller: owner)
        ).output
        let call = DestinationCall(
            destination,
            message.target["HttpParameters"],
            input: message.input,
            adding: .object(added)
        )
        let answer = try await service.http.send(
            call.request,
            within: DestinationCall.limit,
            upTo: DestinationCall.maximumAnswer
        )
        guard answer.status == 401, refused == nil, added["AuthorizationType"] == "OAUTH_CLIENT_CREDENTIALS" else {
            return answer
        }
        return try await exchange(destination, message, refused: added["Headers"]?[0]?["Value"]?.stringValue ?? "")
    }

    private func forward(_ message: TargetMessage) async throws {
        guard let bus = BusReference(arn: message.arn) else { throw Hopeless(description: "The target is no bus.") }
        guard !message.isForwarded else {
            throw Hopeless(description: "An event that has come from another bus goes to no third one.")
        }
        guard let found = try await service.existing(bus) else {
            throw Hopeless(description: AWSError.noBus(bus.name).message)
        }
        guard
            bus.account == message.caller.account
                || EventBusPolicy(found.policy).allowsPutEvents(from: message.caller.account)
        else {
            throw Hopeless(description: "The bus's policy does not let account \(message.caller.account) put events.")
        }
        let event = (try? JSON(parsing: message.input)) ?? message.event
        let now = service.clock.now()
        try await service.enqueue(
            TargetMessage.all(for: event, matching: service.rules.matching(event, on: bus), at: now, isForwarded: true)
        )
    }
}

extension TargetMessage {
    /// What the target is given.
    var input: String {
        if let input = target["Input"]?.stringValue { return input }
        if let path = target["InputPath"]?.stringValue {
            return ((try? JSONPath(path).evaluate(event)) ?? .null).serialized()
        }
        if let transformer = target["InputTransformer"] {
            return InputTransformer(transformer).input(
                InputTransformer.Predefined(ruleARN: ruleARN, ruleName: ruleName, event: event, ingested: ingested)
            )
        }
        return event.serialized()
    }

    /// A target's parameter that may be a path into the event.
    fileprivate func resolved(_ text: String) -> String {
        guard text.hasPrefix("$"), let path = try? JSONPath(text), let value = try? path.evaluate(event) else {
            return text
        }
        return value.stringValue ?? value.serialized()
    }

    /// A log group's entry: a template may say its time and text.
    fileprivate func logEvent(at now: Timestamp) -> JSON {
        let input = input
        guard target["InputTransformer"] != nil, let given = try? JSON(parsing: input), let text = given["message"]
        else { return ["timestamp": .integer(now.milliseconds), "message": .string(input)] }
        return [
            "timestamp": .integer(given["timestamp"]?.intValue ?? now.milliseconds),
            "message": .string(text.stringValue ?? text.serialized()),
        ]
    }
}
