import AWSProtocol
import EventPattern
import GRDB
import JSON
import Store

extension EventBridgeService {
    /// AWS's quota of rules on a bus.
    private static let maximumRules = 300

    /// `PutRule`: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html
    func putRule(_ request: AWSRequest) async throws -> AWSResponse {
        let bus = try request.ownBus()
        let given = try rule(request, on: bus)
        let rule = try await store.write { [rules] db in
            _ = try EventBus.existing(bus, in: db)
            let former = try Rule.find(given.name, on: bus, in: db)
            if former == nil, try Rule.all(on: bus, in: db).count >= Self.maximumRules {
                throw AWSError.limitExceeded()
            }
            var rule = given
            if let former {
                try former.requireChangeable(force: false)
                rule.targets = former.targets
                if former.schedule == rule.schedule, former.isEnabled { rule.started = former.started }
            } else {
                // As on AWS, tags of an update are left out of account.
                try EventTags.set(request["Tags"], of: rule.arn, in: db)
            }
            try rule.save(db)
            rules.set(rule, in: db)
            return rule
        }
        await schedules.rulesHaveChanged()
        return AWSResponse(["RuleArn": .string(rule.arn)])
    }

    private func rule(_ request: AWSRequest, on bus: BusReference) throws -> Rule {
        let pattern = request.string("EventPattern").flatMap { $0.isEmpty ? nil : $0 }
        let schedule = request.string("ScheduleExpression").flatMap { $0.isEmpty ? nil : $0 }
        guard pattern != nil || schedule != nil else {
            throw AWSError.invalid("Parameter(s) EventPattern or ScheduleExpression must be specified.")
        }
        if let schedule {
            guard bus.name == BusReference.defaultName else {
                throw AWSError.invalid("ScheduleExpression is supported only on the default event bus.")
            }
            guard ScheduleExpression(schedule) != nil else {
                throw AWSError.invalid("Parameter ScheduleExpression is not valid.")
            }
        }
        if let pattern { _ = try Self.pattern(pattern) }
        return Rule(
            account: bus.account,
            region: bus.region,
            bus: bus.name,
            name: try request.requiredString("Name"),
            pattern: pattern,
            schedule: schedule,
            description: request.string("Description"),
            role: request.string("RoleArn"),
            state: request.string("State").flatMap(Rule.State.init) ?? .enabled,
            targets: "[]",
            started: clock.now().milliseconds
        )
    }

    static func pattern(_ text: String) throws(AWSError) -> EventPattern {
        do {
            return try EventPattern(parsing: text)
        } catch {
            throw AWSError("InvalidEventPatternException", "Event pattern is not valid. Reason: \(error.reason)")
        }
    }

    /// `TestEventPattern`: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_TestEventPattern.html
    func testEventPattern(_ request: AWSRequest) async throws -> AWSResponse {
        let event = try? JSON(parsing: try request.requiredString("Event"))
        let pattern = try Self.pattern(try request.requiredString("EventPattern"))
        // As in AWS's documentation, an event has these.
        let required = ["id", "account", "source", "time", "region", "detail-type"]
        guard let event, event.objectValue != nil, required.allSatisfy({ event[$0] != nil }) else {
            throw AWSError.invalid("Parameter Event is not valid.")
        }
        return AWSResponse(["Result": .bool(pattern.matches(event))])
    }

    func describeRule(_ request: AWSRequest) async throws -> AWSResponse {
        let bus = try request.ownBus()
        let name = try request.requiredString("Name")
        let rule = try await store.read { db in try Rule.existing(name, on: bus, in: db) }
        return AWSResponse(rule.listed.merging(["CreatedBy": .string(rule.account)]))
    }

    func listRules(_ request: AWSRequest) async throws -> AWSResponse {
        let bus = try request.ownBus()
        let prefix = request.string("NamePrefix") ?? ""
        let all = try await store.read { db in
            _ = try EventBus.existing(bus, in: db)
            return try Rule.all(on: bus, in: db)
        }
        let page = Page(all.filter { $0.name.hasPrefix(prefix) }, by: \.name, request)
        return .output(["Rules": .array(page.items.map { .object($0.listed) }), "NextToken": page.next])
    }

    /// `DeleteRule`: that it is not there is no error.
    func deleteRule(_ request: AWSRequest) async throws -> AWSResponse {
        let bus = try request.ownBus()
        let name = try request.requiredString("Name")
        let force = request.bool("Force") ?? false
        try await store.write { [rules] db in
            _ = try EventBus.existing(bus, in: db)
            guard let rule = try Rule.find(name, on: bus, in: db) else { return }
            try rule.requireChangeable(force: force)
            guard rule.targetList.isEmpty else {
                throw AWSError.invalid("Rule can't be deleted since it has targets.")
            }
            try rule.delete(db)
            try EventTags.removeAll(of: rule.arn, in: db)
            rules.remove(rule, in: db)
        }
        await schedules.rulesHaveChanged()
        return AWSResponse()
    }

    /// `EnableRule` and `DisableRule`
    func setState(_ state: Rule.State, _ request: AWSRequest) async throws -> AWSResponse {
        let now = clock.now()
        try await change(request, named: "Name") { rule in
            if state == .enabled, !rule.isEnabled { rule.started = now.milliseconds }
            rule.state = state
        }
        await schedules.rulesHaveChanged()
        return AWSResponse()
    }

    /// Changes the rule that the request's member `named` names.
    func change<T: Sendable>(
        _ request: AWSRequest,
        named member: String,
        _ body: @escaping @Sendable (inout Rule) throws -> T
    ) async throws -> T {
        let bus = try request.ownBus()
        let name = try request.requiredString(member)
        let force = request.bool("Force") ?? false
        return try await store.write { [rules] db in
            var rule = try Rule.existing(name, on: bus, in: db)
            try rule.requireChangeable(force: force)
            let result = try body(&rule)
            try rule.update(db)
            rules.set(rule, in: db)
            return result
        }
    }
}
