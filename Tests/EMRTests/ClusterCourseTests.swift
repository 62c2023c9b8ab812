import JSON
import Testing

@testable import EMR

/// A cluster with steps, and what happens to it.
private struct Story {
    var course: ClusterCourse
    var now = 1000

    init(
        _ actions: [Step.Action] = [],
        keepsAlive: Bool = true,
        isProtected: Bool = false,
        concurrency: Int = 1,
        idleTimeout: Int? = nil,
        bootstraps: Bool = false
    ) {
        var cluster = Cluster(
            id: "j-1",
            account: "000000000000",
            region: "us-east-1",
            name: "x",
            created: 0,
            request: bootstraps ? #"{"BootstrapActions": [{"Name": "a"}]}"# : "{}",
            groups: "{}"
        )
        cluster.keepsAlive = keepsAlive
        cluster.isProtected = isProtected
        cluster.stepConcurrency = concurrency
        cluster.idleTimeout = idleTimeout
        let steps = actions.enumerated().map { index, action in
            Step(id: "s-\(index)", cluster: "j-1", name: "\(index)", action: action, created: 0, config: "{}")
        }
        course = ClusterCourse(cluster: cluster, steps: steps, history: .init())
    }

    @discardableResult
    mutating func receive(_ event: ClusterCourse.Event) -> [String] {
        now += 1000
        return course.receive(event, at: now).map(\.text)
    }

    mutating func fail(_ step: String) -> [String] { receive(.ended(step: step, StepFailure(message: "no"))) }

    var states: String {
        ([course.cluster.state.rawValue] + course.steps.map(\.state.rawValue)).joined(separator: " ")
    }
}

extension ClusterCourse.Effect {
    fileprivate var text: String {
        switch self {
        case .bootstrap: "bootstrap"
        case .run(let step): "run \(step.id)"
        case .saveLogs(let step): "save \(step.id)"
        case .end(let step, let isForced): isForced ? "kill \(step)" : "ask \(step)"
        case .wait(let moment): "wait \(moment)"
        case .finish: "finish"
        }
    }
}

@Suite struct ClusterCourseTests {
    @Test func `steps run one after another, and the cluster waits for more`() {
        var story = Story([.continue, .continue])
        #expect(story.receive(.changed) == ["run s-0"])
        #expect(story.states == "RUNNING RUNNING PENDING")
        #expect(story.receive(.ended(step: "s-0", nil)) == ["run s-1"])
        #expect(story.receive(.ended(step: "s-1", nil)) == [])
        #expect(story.states == "WAITING COMPLETED COMPLETED")
        #expect(story.course.cluster.reasonMessage == "Cluster ready after last step completed.")
    }

    @Test func `bootstrap actions come first, and end the cluster where they fail`() {
        var story = Story([.continue], bootstraps: true)
        #expect(story.receive(.changed) == ["bootstrap"])
        #expect(story.receive(.changed) == [])
        var failing = story
        #expect(story.receive(.bootstrapped(nil)) == ["run s-0"])
        #expect(failing.receive(.bootstrapped(BootstrapFailure(message: "no", details: [:]))) == ["finish"])
        #expect(failing.states == "TERMINATED_WITH_ERRORS CANCELLED")
        #expect(failing.course.cluster.reasonCode == "BOOTSTRAP_FAILURE")
    }

    @Test(
        arguments: [
            (.continue, false, "RUNNING FAILED RUNNING"), (.cancelAndWait, false, "WAITING FAILED CANCELLED"),
            (.terminateCluster, false, "TERMINATED_WITH_ERRORS FAILED CANCELLED"),
            (.terminateJobFlow, false, "TERMINATED_WITH_ERRORS FAILED CANCELLED"),
            (.terminateCluster, true, "WAITING FAILED CANCELLED"),
        ] as [(Step.Action, Bool, String)]
    )
    func `a failed step does what its action says`(_ action: Step.Action, _ isProtected: Bool, _ states: String) {
        var story = Story([action, .continue], isProtected: isProtected)
        story.receive(.changed)
        _ = story.fail("s-0")
        #expect(story.states == states)
    }

    @Test func `with several steps at a time actions have no effect`() {
        var story = Story([.terminateCluster, .cancelAndWait, .continue], concurrency: 2)
        #expect(story.receive(.changed) == ["run s-0", "run s-1"])
        #expect(story.fail("s-0") == ["run s-2"])
        #expect(story.fail("s-1") == [])
        #expect(story.states == "RUNNING FAILED FAILED RUNNING")
    }

    @Test func `without keep alive the cluster ends after its steps, and says how they did`() {
        var story = Story([.continue, .continue], keepsAlive: false)
        story.receive(.changed)
        #expect(story.fail("s-0") == ["run s-1"])
        #expect(story.receive(.ended(step: "s-1", nil)) == ["finish"])
        #expect(story.states == "TERMINATED FAILED COMPLETED")
        #expect(story.course.cluster.reasonMessage == "Steps completed with errors")
        #expect(story.course.cluster.ended == story.now)
    }

    @Test func `a cancelled step is asked, or made, to end`() {
        var story = Story([.terminateCluster])
        story.receive(.changed)
        story.course.steps[0].state = .cancelPending
        #expect(story.receive(.changed) == ["ask s-0"])
        story.course.steps[0].isForced = true
        #expect(story.receive(.changed) == ["kill s-0"])
        #expect(story.fail("s-0") == [])
        #expect(story.states == "WAITING CANCELLED")
    }

    @Test func `what runs is interrupted when the cluster is terminated`() {
        var story = Story([.continue, .continue])
        story.receive(.changed)
        story.course.cluster.end("USER_REQUEST", "Terminated by user request")
        #expect(story.receive(.changed) == ["kill s-0"])
        #expect(story.states == "TERMINATING RUNNING CANCELLED")
        #expect(story.fail("s-0") == ["finish"])
        #expect(story.states == "TERMINATED INTERRUPTED CANCELLED")
    }

    @Test func `after a restart what ran has failed, and its log is kept`() {
        var story = Story([.continue, .continue])
        story.receive(.changed)
        #expect(story.receive(.restarted) == ["save s-0", "run s-1"])
        #expect(story.states == "RUNNING FAILED RUNNING")
        var ending = Story([.terminateCluster])
        ending.receive(.changed)
        #expect(ending.receive(.restarted) == ["save s-0", "finish"])
        var bootstrapping = Story(bootstraps: true)
        bootstrapping.receive(.changed)
        #expect(bootstrapping.receive(.restarted) == ["finish"])
        #expect(bootstrapping.course.cluster.reasonCode == "INTERNAL_ERROR")
    }

    @Test func `an idle cluster ends when its policy says so`() {
        var story = Story([.continue], idleTimeout: 60)
        story.receive(.changed)
        #expect(story.receive(.ended(step: "s-0", nil)) == ["wait \(story.now + 60_000)"])
        story.now += 58_000
        #expect(story.receive(.changed) == ["wait \(story.now + 1000)"])
        #expect(story.receive(.changed) == ["finish"])
        #expect(story.states == "TERMINATED COMPLETED")
    }
}
