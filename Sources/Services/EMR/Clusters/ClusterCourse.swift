import AWSProtocol
import JSON

/// What happens to a cluster: a value that is given what has happened, changes the cluster and its steps, and answers
/// what is to be done. It does nothing itself and knows no clock.
/// <https://docs.aws.amazon.com/emr/latest/ManagementGuide/emr-overview.html#emr-overview-cluster-lifecycle>
struct ClusterCourse: Sendable {
    enum Effect: Sendable, Hashable {
        case bootstrap
        case run(Step)
        /// Bring what a step that died with the yard had printed to where its log belongs.
        case saveLogs(Step)
        /// End the step's program: at once, or by asking it first.
        case end(step: String, isForced: Bool)
        /// Look again at that moment, in milliseconds since 1970.
        case wait(until: Int)
        /// Nothing of the cluster is left to do.
        case finish
    }

    enum Event: Sendable {
        /// Somebody changed the records.
        case changed
        /// The yard has begun anew: no program runs.
        case restarted
        case bootstrapped(BootstrapFailure?)
        case ended(step: String, StepFailure?)
    }

    /// How the last of the steps that have ended did.
    struct History: Sendable {
        var last: Step.State?
        var hasFailures = false
    }

    var cluster: Cluster
    /// Those that have not ended, in the order of submission; after an event also those that it ended.
    var steps: [Step]
    var history: History

    /// Takes the event in and goes as far as it can without anything else happening.
    mutating func receive(_ event: Event, at now: Int) -> [Effect] {
        var effects: [Effect] = []
        switch event {
        case .changed: break
        case .restarted:
            effects = steps.filter { $0.state.isUnderWay }.map { .saveLogs($0) }
            restart(at: now)
        case .bootstrapped(let failure):
            guard cluster.state == .bootstrapping else { break }
            if let failure {
                cluster.end("BOOTSTRAP_FAILURE", failure.message)
                cluster.errors = JSON.array([failure.details]).serialized()
            } else {
                becomeReady(at: now)
            }
        case .ended(let id, let failure): end(id, failure, at: now)
        }
        return effects + advance(at: now)
    }

    // MARK: What has happened

    private mutating func end(_ id: String, _ failure: StepFailure?, at now: Int) {
        guard let index = steps.firstIndex(where: { $0.id == id }), steps[index].state.isUnderWay else { return }
        steps[index].ended = now
        guard let failure else {
            steps[index].state = .completed
            history.last = .completed
            return
        }
        if steps[index].state == .cancelPending {
            steps[index].state = .cancelled
        } else if cluster.state.isEnding {
            steps[index].state = .interrupted
        } else {
            steps[index].state = .failed
            steps[index].failure = failure.details.serialized()
            history.hasFailures = true
            act(on: steps[index].action, at: now)
        }
        history.last = steps[index].state
    }

    /// With several steps at a time an action other than `CONTINUE` has no effect.
    private mutating func act(on action: Step.Action, at now: Int) {
        guard cluster.stepConcurrency == 1, action != .continue else { return }
        cancelPending(at: now)
        guard action != .cancelAndWait, !cluster.isProtected else { return }
        cluster.end("STEP_FAILURE", "Shut down as step failed")
    }

    private mutating func cancelPending(at now: Int) {
        for index in steps.indices where steps[index].state == .pending {
            steps[index].state = .cancelled
            steps[index].ended = now
        }
    }

    private mutating func restart(at now: Int) {
        if cluster.state == .bootstrapping {
            cluster.end("INTERNAL_ERROR", "The yard stopped while the bootstrap actions were running")
        }
        for step in steps where step.state.isUnderWay { end(step.id, .yardStopped, at: now) }
    }

    private mutating func becomeReady(at now: Int) {
        cluster.state = .running
        cluster.ready = now
    }

    // MARK: What is to be done

    private mutating func advance(at now: Int) -> [Effect] {
        if cluster.state == .starting {
            guard (cluster.document["BootstrapActions"]?.arrayValue ?? []).isEmpty else {
                cluster.state = .bootstrapping
                return [.bootstrap]
            }
            becomeReady(at: now)
        }
        var effects: [Effect] = []
        if cluster.state.isReady { effects = work(at: now) }
        if cluster.state == .terminating { effects = shutDown(at: now) }
        return effects
    }

    private mutating func work(at now: Int) -> [Effect] {
        var effects: [Effect] = steps.filter { $0.state == .cancelPending }
            .map { .end(step: $0.id, isForced: $0.isForced) }
        var free = cluster.stepConcurrency - steps.count { $0.state.isUnderWay }
        for index in steps.indices where steps[index].state == .pending && free > 0 {
            steps[index].state = .running
            steps[index].started = now
            effects.append(.run(steps[index]))
            free -= 1
        }
        if steps.contains(where: { $0.state.isUnderWay }) {
            cluster.state = .running
            cluster.idleSince = nil
            cluster.reasonCode = nil
            cluster.reasonMessage = "Running step"
            return effects
        }
        return effects + rest(at: now)
    }

    /// There is no step left.
    private mutating func rest(at now: Int) -> [Effect] {
        guard cluster.keepsAlive else {
            cluster.end("ALL_STEPS_COMPLETED", history.hasFailures ? "Steps completed with errors" : "Steps completed")
            return []
        }
        cluster.state = .waiting
        cluster.reasonCode = nil
        switch history.last {
        case nil: cluster.reasonMessage = "Cluster ready to run steps."
        case .failed?: cluster.reasonMessage = "Cluster ready after last step failed."
        case .cancelled?: cluster.reasonMessage = "Cluster ready after last step cancelled."
        default: cluster.reasonMessage = "Cluster ready after last step completed."
        }
        let idleSince = cluster.idleSince ?? now
        cluster.idleSince = idleSince
        guard let timeout = cluster.idleTimeout, !cluster.isProtected else { return [] }
        let end = idleSince + timeout * 1000
        guard now >= end else { return [.wait(until: end)] }
        cluster.end("ALL_STEPS_COMPLETED", "Auto-terminated after \(timeout) seconds without work")
        return []
    }

    private mutating func shutDown(at now: Int) -> [Effect] {
        cancelPending(at: now)
        let underWay = steps.filter { $0.state.isUnderWay }
        guard underWay.isEmpty else { return underWay.map { .end(step: $0.id, isForced: true) } }
        let isRegular = ["USER_REQUEST", "ALL_STEPS_COMPLETED"].contains(cluster.reasonCode)
        cluster.state = isRegular ? .terminated : .terminatedWithErrors
        cluster.ended = now
        return [.finish]
    }
}

/// Why a step failed: what `FailureDetails` tells.
struct StepFailure: Error, Sendable, Hashable {
    /// Where EMR knows no cause of its own it says this.
    static let unknown = "Unknown Error."

    var reason = unknown
    var message: String
    var logFile: String?
    /// Of its program; -1 where it had none.
    var exitCode: Int32 = -1

    var details: JSON {
        .compact([
            "Reason": .string(reason), "Message": .string(message), "LogFile": logFile.map { .string($0) },
        ])
    }

    static let yardStopped = StepFailure(
        message:
            "The yard stopped while the step was running. What the step did until then is not undone; add it again."
    )
}

/// A bootstrap action that failed.
struct BootstrapFailure: Error, Sendable {
    var message: String
    /// An entry of `ErrorDetails`.
    var details: JSON
}
