import AWSProtocol
import GRDB
import JSON
import Store

extension CloudWatchService {
    private static let initialReason = "Unchecked: Initial alarm creation"

    /// `PutMetricAlarm`: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
    func putMetricAlarm(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("AlarmName")
        let metric = try AlarmRule(request.input).query.metric
        var document = request.input
        let tags = document.removeValue(forKey: "Tags")
        let isEnabled = document.removeValue(forKey: "ActionsEnabled")?.boolValue ?? true
        document["Threshold"] = document["Threshold"]?.number.map { .double($0) }
        let configuration = JSON.object(document)
        let now = clock.now()
        let caller = request.caller
        try await store.write { db in
            let existing = try Alarm.find(name, of: caller, in: db)
            var alarm =
                existing
                ?? Alarm(
                    account: caller.account,
                    region: caller.region,
                    name: name,
                    configuration: "",
                    actionsEnabled: isEnabled,
                    configured: 0,
                    state: .insufficientData,
                    reason: Self.initialReason,
                    updated: now.milliseconds,
                    transitioned: now.milliseconds
                )
            alarm.configuration = configuration.serialized()
            alarm.actionsEnabled = isEnabled
            alarm.configured = now.milliseconds
            (alarm.namespace, alarm.metric) = (metric.namespace, metric.name)
            alarm.dimensions = metric.dimensions.text
            try alarm.save(db)
            try Self.noteConfiguration(of: alarm, isNew: existing == nil, at: now, in: db)
            // As on AWS, tags of an update are left out of account.
            if existing == nil { try CloudWatchTags.set(tags, of: alarm.arn, in: db) }
        }
        return AWSResponse()
    }

    private static func noteConfiguration(
        of alarm: Alarm,
        isNew: Bool,
        at now: Timestamp,
        in db: Database
    ) throws {
        let verb = isNew ? "created" : "updated"
        try AlarmHistory.add(
            .configurationUpdate,
            "Alarm \"\(alarm.name)\" \(verb)",
            ["version": "1.0", "type": isNew ? "Create" : "Update", "\(verb)Alarm": .object(alarm.document)],
            to: alarm,
            at: now,
            in: db
        )
    }

    /// `DescribeAlarms`: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
    func describeAlarms(_ request: AWSRequest) async throws -> AWSResponse {
        let names = request["AlarmNames"] == nil ? nil : Set(request.strings("AlarmNames"))
        guard names == nil || request["AlarmNamePrefix"] == nil else {
            throw AWSError.invalidParameterCombination("AlarmNames and AlarmNamePrefix are mutually exclusive.")
        }
        let prefix = request.string("AlarmNamePrefix") ?? ""
        let action = request.string("ActionPrefix")
        let state = request.string("StateValue")
        let types = request.strings("AlarmTypes")
        let offset = try PageToken.offset(request)
        let limit = request.integer("MaxRecords") ?? 100
        let all = try await store.read { [caller = request.caller] db in try Alarm.all(of: caller, in: db) }
        let matching = all.filter { alarm in
            let actions = [Alarm.State.ok, .alarm, .insufficientData].flatMap(alarm.actions)
            return names?.contains(alarm.name) ?? true && alarm.name.hasPrefix(prefix)
                && (state == nil || alarm.state.rawValue == state) && (types.isEmpty || types.contains("MetricAlarm"))
                && (action == nil || actions.contains { $0.hasPrefix(action ?? "") })
        }
        let page = matching.dropFirst(offset).prefix(limit)
        return .output([
            "MetricAlarms": .array(page.map(\.json)), "CompositeAlarms": [],
            "NextToken": matching.count > offset + limit ? PageToken.json(offset + limit) : nil,
        ])
    }

    /// `DescribeAlarmsForMetric`
    func describeAlarmsForMetric(_ request: AWSRequest) async throws -> AWSResponse {
        let metric = try Metric(
            namespace: request.requiredString("Namespace"),
            name: request.requiredString("MetricName"),
            dimensions: request["Dimensions"]
        )
        let alarms = try await store.read { [caller = request.caller] db in
            try Alarm.watching(metric, of: caller, in: db)
        }
        let matching = alarms.filter { alarm in
            ["Statistic", "ExtendedStatistic", "Period", "Unit"].allSatisfy { member in
                request[member] == nil || request[member] == alarm.document[member]
            }
        }
        return .output(["MetricAlarms": .array(matching.map(\.json))])
    }

    /// `DeleteAlarms`: that one is not there is no error.
    func deleteAlarms(_ request: AWSRequest) async throws -> AWSResponse {
        let names = request.strings("AlarmNames")
        let now = clock.now()
        try await store.write { [caller = request.caller] db in
            for alarm in try names.compactMap({ try Alarm.find($0, of: caller, in: db) }) {
                _ = try alarm.delete(db)
                try CloudWatchTags.removeAll(of: alarm.arn, in: db)
                try AlarmHistory.add(
                    .configurationUpdate,
                    "Alarm \"\(alarm.name)\" deleted",
                    ["version": "1.0", "type": "Delete", "deletedAlarm": .object(alarm.document)],
                    to: alarm,
                    at: now,
                    in: db
                )
            }
        }
        return AWSResponse()
    }

    /// `SetAlarmState`: until the alarm is evaluated again.
    func setAlarmState(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("AlarmName")
        let reason = try request.requiredString("StateReason")
        guard let state = Alarm.State(rawValue: try request.requiredString("StateValue")) else {
            throw AWSError.invalidParameterValue("The state value is none of OK, ALARM and INSUFFICIENT_DATA.")
        }
        let data = request.string("StateReasonData")
        guard data.map({ (try? JSON(parsing: $0)) != nil }) ?? true else {
            throw AWSError("InvalidFormat", "StateReasonData is not JSON.")
        }
        let now = clock.now()
        try await store.write { [caller = request.caller, store] db in
            guard let alarm = try Alarm.find(name, of: caller, in: db) else {
                throw AWSError("ResourceNotFound", "The alarm \(name) does not exist.", status: 404)
            }
            try AlarmChange(of: alarm, to: state, reason, data: data, at: now).record(in: store, db)
        }
        return AWSResponse()
    }

    /// `EnableAlarmActions` and `DisableAlarmActions`
    func setActions(enabled: Bool, _ request: AWSRequest) async throws -> AWSResponse {
        let names = request.strings("AlarmNames")
        try await store.write { [caller = request.caller] db in
            for name in names {
                guard var alarm = try Alarm.find(name, of: caller, in: db) else { continue }
                alarm.actionsEnabled = enabled
                try alarm.update(db)
            }
        }
        return AWSResponse()
    }
}
