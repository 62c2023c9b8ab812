import AWSProtocol
import GRDB
import JSON
import Store

/// The resource-based policy of a bus: who else may put events on it.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-bus-perms.html>
struct EventBusPolicy: Sendable {
    /// AWS's quota, in characters.
    static let maximumLength = 10240

    var statements: [JSON.Object]

    /// - Parameter text: The policy, or nil where there is none.
    init(_ text: String?) {
        let document = text.flatMap { try? JSON(parsing: $0) }?["Statement"]
        statements = document?.arrayValue?.compactMap(\.objectValue) ?? document?.objectValue.map { [$0] } ?? []
    }

    /// The document; nil where it says nothing.
    var text: String? {
        guard !statements.isEmpty else { return nil }
        let document: JSON = ["Version": "2012-10-17", "Statement": .array(statements.map(JSON.object))]
        return document.serialized()
    }

    /// Whether another account may put events. Conditions are those of organizations, which a yard has not.
    func allowsPutEvents(from account: String) -> Bool {
        let matching = statements.filter { statement in
            statement["Condition"]?.objectValue?.isEmpty ?? true && Self.isAction(statement["Action"])
                && Self.names(account, statement["Principal"])
        }
        return matching.contains { $0["Effect"] == "Allow" } && !matching.contains { $0["Effect"] == "Deny" }
    }

    private static func isAction(_ action: JSON?) -> Bool {
        strings(action).contains { Wildcard.matches($0, "events:PutEvents") }
    }

    private static func names(_ account: String, _ principal: JSON?) -> Bool {
        strings(principal?["AWS"] ?? principal).contains { name in
            name == "*" || name == account || ARN(name)?.account == account
        }
    }

    private static func strings(_ value: JSON?) -> [String] {
        value?.stringValue.map { [$0] } ?? value?.arrayValue?.compactMap(\.stringValue) ?? []
    }
}

extension EventBridgeService {
    /// `PutPermission`: one statement, or the whole policy.
    func putPermission(_ request: AWSRequest) async throws -> AWSResponse {
        let reference = BusReference(request.string("EventBusName"), of: request.caller)
        let whole = try wholePolicy(request)
        let statement = whole == nil ? try statement(request, on: reference) : nil
        try await changePolicy(of: reference) { policy in
            if let whole { policy = whole }
            guard let statement else { return }
            policy.statements.removeAll { $0["Sid"] == statement["Sid"] }
            policy.statements.append(statement)
        }
        return AWSResponse()
    }

    func removePermission(_ request: AWSRequest) async throws -> AWSResponse {
        let reference = BusReference(request.string("EventBusName"), of: request.caller)
        let id = request.string("StatementId")
        let removesAll = request.bool("RemoveAllPermissions") ?? false
        guard removesAll || id != nil else { throw AWSError.invalid("Parameter StatementId is required.") }
        try await changePolicy(of: reference) { policy in
            if removesAll { return policy.statements = [] }
            guard !policy.statements.isEmpty else {
                throw AWSError("ResourceNotFoundException", "EventBus does not have a policy.")
            }
            let count = policy.statements.count
            policy.statements.removeAll { $0["Sid"]?.stringValue == id }
            guard policy.statements.count < count else {
                throw AWSError("ResourceNotFoundException", "Statement with the provided id does not exist.")
            }
        }
        return AWSResponse()
    }

    private func wholePolicy(_ request: AWSRequest) throws(AWSError) -> EventBusPolicy? {
        guard let text = request.string("Policy"), !text.isEmpty else { return nil }
        let policy = EventBusPolicy(text)
        guard !policy.statements.isEmpty else {
            throw .invalid("This policy contains invalid Json")
        }
        return policy
    }

    private func statement(_ request: AWSRequest, on bus: BusReference) throws(AWSError) -> JSON.Object {
        let action = try request.requiredString("Action")
        let principal = try request.requiredString("Principal")
        let id = try request.requiredString("StatementId")
        guard action == "events:PutEvents" else {
            throw .invalid("Provided value in parameter 'action' is not supported.")
        }
        let condition = request["Condition"]
        return .compact([
            "Sid": .string(id), "Effect": "Allow",
            "Principal": principal == "*" ? "*" : ["AWS": .string("arn:aws:iam::\(principal):root")],
            "Action": .string(action), "Resource": .string(bus.arn),
            "Condition": condition.map { condition in
                let test: JSON = .object([condition["Key"]?.stringValue ?? "": condition["Value"] ?? ""])
                return .object([condition["Type"]?.stringValue ?? "": test])
            },
        ])
    }

    private func changePolicy(
        of reference: BusReference,
        _ change: @escaping @Sendable (inout EventBusPolicy) throws -> Void
    ) async throws {
        let now = clock.now()
        try await store.write { db in
            var bus = try EventBus.existing(reference, in: db)
            var policy = EventBusPolicy(bus.policy)
            try change(&policy)
            bus.policy = policy.text
            guard bus.policy?.count ?? 0 <= EventBusPolicy.maximumLength else {
                throw AWSError(
                    "PolicyLengthExceededException",
                    "The policy is longer than \(EventBusPolicy.maximumLength) characters."
                )
            }
            bus.modified = now.milliseconds
            try bus.save(db)
        }
    }
}
