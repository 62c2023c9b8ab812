import AWSProtocol
import JSON
import Store

/// Moving an endpoint's traffic to its new servers step by step, and back where they fail.
extension EndpointFleet {
    /// How often a step is looked at while it is watched.
    private static let longestPause = 1.0

    func shift(_ record: EndpointRecord, _ pending: EndpointDeployment) throws(ServingFailure) -> TrafficShift {
        do throws(AWSError) {
            let config = record.resource.document["DeploymentConfig"]
            return try TrafficShift(config, instanceCount: pending.instanceCount)
        } catch {
            throw ServingFailure(error.message)
        }
    }

    /// Gives the new servers their part of the traffic, step by step, and watches each step. The last one is left to the
    /// caller.
    /// - Throws: `ServingFailure` where the new servers fail or an alarm goes off; all traffic is back at the old then.
    func shift(
        to new: RunningEndpoint.Service,
        _ record: EndpointRecord,
        _ pending: EndpointDeployment
    ) async throws {
        let shift = try shift(record, pending)
        guard let endpoint = endpoint(record.key), shift.shares.count > 1 || !shift.alarms.isEmpty else {
            return try await tell(record, .activatingTraffic(share: 1))
        }
        let old = endpoint.current
        do {
            for share in shift.shares {
                try await tell(record, .activatingTraffic(share: share))
                endpoint.shift(from: old, to: new, share: share)
                if shift.waitSeconds > 0 { try await tell(record, .baking(share: share, seconds: shift.waitSeconds)) }
                try await watch(new, shift, record)
            }
        } catch {
            _ = endpoint.replace(old)
            throw error
        }
    }

    /// Tells of a step of an update; a creation has none that are told.
    func tell(_ record: EndpointRecord, _ step: DeploymentStep) async throws {
        let events = context.store.events
        guard record.current != nil, events.areWanted(from: .sageMaker(record.owner)) else { return }
        let now = context.clock.now()
        try await context.store.write { db in try events.tell(record, step, at: now, in: db) }
    }

    private func watch(_ new: RunningEndpoint.Service, _ shift: TrafficShift, _ record: EndpointRecord) async throws {
        let clock = context.clock
        let end = clock.now() + .seconds(shift.waitSeconds * timeScale)
        repeat {
            let rest = end.seconds - clock.now().seconds
            if rest > 0 { try await clock.sleep(until: clock.now() + .seconds(min(rest, Self.longestPause))) }
            for server in new.variants where !server.isUsable {
                throw ServingFailure(
                    "The new servers of the variant \(server.variant) ended while traffic moved to them. All traffic is "
                        + "back at the old ones."
                )
            }
            if let alarm = try await alarm(among: shift.alarms, record.owner) {
                throw ServingFailure(
                    "Deployment was rolled back: the alarm \(alarm) is in state ALARM. All traffic is back at the old "
                        + "servers."
                )
            }
        } while clock.now() < end
    }

    /// The first of the alarms that has gone off.
    /// - Throws: `ServingFailure` where their state cannot be read.
    private func alarm(among names: [String], _ owner: Caller) async throws(ServingFailure) -> String? {
        guard !names.isEmpty else { return nil }
        do {
            let input: JSON = ["AlarmNames": .array(names.map { .string($0) })]
            let answer = try await context.aws.call("monitoring:DescribeAlarms", input, as: owner)
            let alarms = (answer["MetricAlarms"]?.arrayValue ?? []) + (answer["CompositeAlarms"]?.arrayValue ?? [])
            return alarms.first { $0["StateValue"]?.stringValue == "ALARM" }?["AlarmName"]?.stringValue
        } catch {
            throw ServingFailure("The alarms \(names.joined(separator: ", ")) cannot be read: \(error.message)")
        }
    }
}
