import AWSProtocol
import JSON

/// What the yard answers besides AWS's operations: its health, its reset, and a page for people.
struct OwnPages: Sendable {
    private let configuration: YardConfiguration
    private let dispatcher: Dispatcher
    private let reset: @Sendable () async throws -> Void

    init(
        configuration: YardConfiguration,
        dispatcher: Dispatcher,
        reset: @escaping @Sendable () async throws -> Void
    ) {
        self.configuration = configuration
        self.dispatcher = dispatcher
        self.reset = reset
    }

    /// The answer, or nil where the request is for a service.
    func answer(_ head: HTTPRequestHead) async throws -> HTTPAnswer? {
        switch (head.method, head.path) {
        case ("GET", "/_trainyard/health"), ("HEAD", "/_trainyard/health"):
            return json(health)
        case ("GET", "/_localstack/health"), ("HEAD", "/_localstack/health"), ("GET", "/_localstack/info"):
            return json(localStackHealth)
        case ("POST", "/_trainyard/reset"), ("POST", "/_localstack/state/reset"), ("POST", "/moto-api/reset"),
            ("POST", "/_ministack/reset"):
            try await reset()
            return json(["status": "ok"])
        case ("GET", "/") where isBrowser(head):
            let page = WelcomePage(
                configuration: configuration,
                operations: dispatcher.operations,
                counts: await counts()
            )
            return HTTPAnswer(
                status: 200,
                headers: [
                    "Content-Type": "text/html; charset=utf-8",
                    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
                    "X-Frame-Options": "DENY",
                ],
                body: Body(page.html)
            )
        default:
            return nil
        }
    }

    private func isBrowser(_ head: HTTPRequestHead) -> Bool {
        (head.headers["accept"]?.contains("text/html") ?? false) && !head.headers.contains("authorization")
            && head.query.isEmpty
    }

    private func json(_ value: JSON) -> HTTPAnswer {
        HTTPAnswer(status: 200, headers: ["Content-Type": "application/json"], body: Body(value.serialized() + "\n"))
    }

    private var health: JSON {
        let services = dispatcher.operations.map { service, names in (service, JSON.array(names.map { .string($0) })) }
        return [
            "status": "ready",
            "version": .string(Yard.version),
            "region": .string(configuration.region),
            "account": .string(configuration.account),
            "services": .object(JSON.Object(services)),
        ]
    }

    /// As LocalStack words it, for tools that wait for it: its names for the services, each `running`.
    private var localStackHealth: JSON {
        let services = dispatcher.operations.map { service, _ in
            (service == "states" ? "stepfunctions" : service, JSON.string("running"))
        }
        return [
            "services": .object(JSON.Object(services)),
            "edition": "community",
            "version": .string(Yard.version),
        ]
    }

    /// How many of the things that people make first there are, as the services themselves list them.
    private func counts() async -> [(name: String, count: Int)] {
        let lists: [(String, Operation, String)] = [
            ("buckets", "s3:ListBuckets", "Buckets"),
            ("functions", "lambda:ListFunctions", "Functions"),
            ("state machines", "states:ListStateMachines", "stateMachines"),
            ("training jobs", "sagemaker:ListTrainingJobs", "TrainingJobSummaries"),
            ("repositories", "ecr:DescribeRepositories", "repositories"),
        ]
        var counts: [(String, Int)] = []
        for (name, operation, member) in lists {
            let answer = try? await dispatcher.call(operation, as: configuration.defaultCaller)
            if let list = answer?[member]?.arrayValue { counts.append((name, list.count)) }
        }
        return counts
    }
}
