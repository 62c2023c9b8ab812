import JSON
import Testing

@testable import PipelineLanguage

@Suite struct RunTests {
    private func run(
        _ text: String,
        parallel: Int = 50,
        _ given: [(String, String)] = [],
        steps: [String: StepState] = [:]
    ) throws -> PipelineRun {
        let definition = try PipelineDefinition(text)
        let context = PipelineRun.Context(
            pipelineName: "iris",
            pipelineARN: "arn:aws:sagemaker:us-east-1:000000000000:pipeline/iris",
            executionID: "abcdefghijkl",
            executionARN: "arn:aws:sagemaker:us-east-1:000000000000:pipeline/iris/execution/abcdefghijkl",
            started: 0,
            parameters: try definition.values(given: given.map { (name: $0.0, text: $0.1) }),
            maximumParallelSteps: parallel,
            seed: 1,
            momentText: { "at \($0)" }
        )
        return PipelineRun(definition, context, steps: steps)
    }

    private func begun(_ effects: [Effect]) -> [String] {
        effects.compactMap { if case .begin(let call) = $0 { call.step.name } else { nil } }
    }

    private func call(_ effects: [Effect]) -> StepCall? {
        effects.lazy.compactMap { if case .begin(let call) = $0 { call } else { nil } }.first
    }

    private static let outputs: JSON = [
        "ProcessingOutputConfig": [
            "Outputs": [
                ["OutputName": "train", "S3Output": ["S3Uri": "s3://bucket/train"]],
                ["OutputName": "evaluation", "S3Output": ["S3Uri": "s3://bucket/evaluation"]],
            ]
        ]
    ]

    @Test func `a pipeline runs to its end, each step with what those before it gave`() throws {
        var run = try run(DefinitionTests.usual, [("Epochs", "10")])
        var effects = run.advance(at: 1)
        #expect(begun(effects) == ["Process"])
        #expect(call(effects)?.arguments["ProcessingInputs"]?[0]?["S3Input"]?["S3Uri"] == "s3://bucket/raw/")
        effects = run.receive(.succeeded(step: "Process", output: Self.outputs, metadata: nil), at: 2)
        let train = try #require(call(effects))
        #expect(train.arguments["OutputDataConfig"]?["S3OutputPath"] == "s3://bucket/abcdefghijkl/models")
        #expect(
            train.arguments["InputDataConfig"]?[0]?["DataSource"]?["S3DataSource"]?["S3Uri"] == "s3://bucket/train"
        )
        #expect(train.arguments["HyperParameters"]?["epochs"] == 10)
        #expect(train.resourceName.hasPrefix("pipelines-abcdefghijkl-Train-"))
        let artifacts: JSON = ["ModelArtifacts": ["S3ModelArtifacts": "s3://bucket/model.tar.gz"]]
        effects = run.receive(.succeeded(step: "Train", output: artifacts, metadata: nil), at: 3)
        #expect(begun(effects) == ["Evaluate"])
        effects = run.receive(.succeeded(step: "Evaluate", output: Self.outputs, metadata: nil), at: 4)
        #expect(effects == [.read(uri: "s3://bucket/evaluation/evaluation.json")])
        #expect(run.status == .executing)
        let report: JSON = ["metrics": ["accuracy": ["value": 0.95]]]
        effects = run.receive(.read(uri: "s3://bucket/evaluation/evaluation.json", .document(report)), at: 5)
        #expect(begun(effects) == ["Register"])
        #expect(run.steps["Gate"]?.metadata == ["Condition": ["Outcome": "True"]])
        #expect(run.steps["TooBad"]?.status == .skipped)
        _ = run.receive(.succeeded(step: "Register", output: [:], metadata: nil), at: 6)
        #expect(run.status == .succeeded)
    }

    @Test func `a Fail step ends the execution with its message`() throws {
        var run = try run(DefinitionTests.usual)
        _ = run.advance(at: 1)
        for step in ["Process", "Train", "Evaluate"] {
            _ = run.receive(.succeeded(step: step, output: Self.outputs, metadata: nil), at: 2)
        }
        let report: JSON = ["metrics": ["accuracy": ["value": 0.5]]]
        let effects = run.receive(.read(uri: "s3://bucket/evaluation/evaluation.json", .document(report)), at: 3)
        #expect(effects == [])
        #expect(run.steps["TooBad"]?.failureReason == "The accuracy is below 0.9")
        #expect(run.status == .failed)
        #expect(run.failureReason == "Step failure: One or multiple steps failed.")
    }

    @Test func `what JsonGet does not find fails the step, with what it looked for`() throws {
        var run = try run(DefinitionTests.usual)
        _ = run.advance(at: 1)
        for step in ["Process", "Train", "Evaluate"] {
            _ = run.receive(.succeeded(step: step, output: Self.outputs, metadata: nil), at: 2)
        }
        _ = run.receive(.read(uri: "s3://bucket/evaluation/evaluation.json", .unreadable("Access Denied")), at: 3)
        #expect(
            run.steps["Gate"]?.failureReason
                == "ClientError: Std:JsonGet cannot read s3://bucket/evaluation/evaluation.json: Access Denied"
        )
        #expect(run.status == .failed)
    }

    /// Independent steps A, B and C.
    private static func independent(_ more: String = "") -> String {
        let members = more.isEmpty ? "" : ", \(more)"
        let steps = ["A", "B", "C"].map { #"{"Name": "\#($0)", "Type": "Processing", "Arguments": {}\#(members)}"# }
        return #"{"Version": "2020-12-01", "Steps": [\#(steps.joined(separator: ","))]}"#
    }

    @Test func `independent steps run at once, as many as are allowed`() throws {
        var all = try run(Self.independent())
        #expect(begun(all.advance(at: 0)) == ["A", "B", "C"])
        var two = try run(Self.independent(), parallel: 2)
        #expect(begun(two.advance(at: 0)) == ["A", "B"])
        #expect(begun(two.receive(.succeeded(step: "B", output: [:], metadata: nil), at: 1)) == ["C"])
    }

    @Test func `after a failure what runs goes on, and nothing begins`() throws {
        var run = try run(Self.independent(), parallel: 2)
        _ = run.advance(at: 0)
        #expect(run.receive(.failed(step: "A", StepFailure("no"), metadata: nil), at: 1) == [])
        #expect(run.status == .executing)
        #expect(run.receive(.succeeded(step: "B", output: [:], metadata: nil), at: 2) == [])
        #expect(run.status == .failed)
        #expect(run.steps["C"]?.status == .waiting)
        run.prepareRetry()
        #expect(begun(run.advance(at: 3)) == ["A", "C"])
        #expect(run.steps["A"]?.attempts == 2)
        #expect(run.steps["B"]?.status == .succeeded)
    }

    @Test func `stopping asks what runs to stop and waits for it`() throws {
        var run = try run(Self.independent(), parallel: 2)
        _ = run.advance(at: 0)
        #expect(run.receive(.stop, at: 1) == [.stop(step: "A"), .stop(step: "B")])
        #expect(run.status == .stopping)
        _ = run.receive(.stopped(step: "A", metadata: nil), at: 2)
        #expect(run.receive(.succeeded(step: "B", output: [:], metadata: nil), at: 3) == [])
        #expect(run.status == .stopped)
    }

    @Test func `a policy's failures are tried again after growing pauses, others are not`() throws {
        let policy = """
            "RetryPolicies": [{"ExceptionType": ["SageMaker.JOB_INTERNAL_ERROR"], "IntervalSeconds": 2,
            "BackoffRate": 3, "MaxAttempts": 2}]
            """
        var run = try run(Self.independent(policy), parallel: 1)
        _ = run.advance(at: 0)
        let failure = StepFailure("InternalServerError", .jobInternalError)
        #expect(run.receive(.failed(step: "A", failure, metadata: nil), at: 10) == [.wait(step: "A", until: 2010)])
        let again = call(run.receive(.due(step: "A"), at: 2010))
        #expect(again?.attempt == 2)
        #expect(run.receive(.failed(step: "A", failure, metadata: nil), at: 3000) == [.wait(step: "A", until: 9000)])
        _ = run.receive(.due(step: "A"), at: 9000)
        #expect(run.receive(.failed(step: "A", failure, metadata: nil), at: 9001) == [])
        #expect(run.steps["A"]?.status == .failed)
        #expect(run.steps["A"]?.attempts == 3)
    }

    @Test func `throttling is tried again without a policy`() throws {
        var run = try run(Self.independent())
        _ = run.advance(at: 0)
        let effects = run.receive(.failed(step: "A", StepFailure("slow down", .throttling), metadata: nil), at: 0)
        #expect(effects == [.wait(step: "A", until: 1000)])
    }

    @Test func `a stored run goes on where it was`() throws {
        var before = try run(Self.independent(), parallel: 2)
        let begun = before.advance(at: 0)
        let call = try #require(self.call(begun))
        let stored = before.steps.compactMapValues { StepState($0.json) }
        #expect(stored == before.steps)
        var after = try run(Self.independent(), parallel: 2, steps: stored)
        let effects = after.resume(at: 5)
        #expect(self.begun(effects) == ["A", "B"])
        let again = try #require(self.call(effects))
        #expect(again.isResumed && again.resourceName == call.resourceName && again.attempt == 1)
    }
}

@Suite struct ReuseTests {
    private let former = FormerResult(
        executionARN: "arn/execution/old",
        ended: 0,
        key: ["HyperParameters": ["epochs": "5"]],
        output: nil,
        metadata: nil
    )

    private func decision(_ key: JSON, after milliseconds: Int, _ former: [FormerResult]) -> CacheDecision {
        CacheDecision(
            key: key,
            configuration: CacheConfiguration(expireAfter: ISODuration("PT1H")),
            former: former,
            now: milliseconds
        )
    }

    @Test func `a former result is taken, or the reason why not is told`() {
        let same: JSON = ["HyperParameters": ["epochs": "5"]]
        let hit = decision(same, after: 60_000, [former])
        #expect(hit.result == former)
        #expect(
            hit.explanation == "Cache hit: the same arguments succeeded 60 s ago, younger than PT1H in execution old"
        )
        let cases: [(JSON, Int, [FormerResult], String)] = [
            (same, 0, [], "Cache miss: the step has not succeeded in this pipeline before"),
            (
                same, 7_200_000, [former],
                "Cache miss: the same arguments succeeded in execution old, but 7200 s ago, which is longer than PT1H"
            ),
            (
                ["HyperParameters": ["epochs": "10", "seed": 1]], 0, [former],
                "Cache miss: since execution old HyperParameters.epochs was \"5\" and is \"10\"; HyperParameters.seed is new: 1"
            ),
        ]
        for (key, age, former, explanation) in cases {
            let decision = decision(key, after: age, former)
            #expect(decision.result == nil)
            #expect(decision.explanation == explanation)
        }
    }

    @Test func `a selection takes the results before it and leaves out what comes after`() throws {
        let definition = try PipelineDefinition(DefinitionTests.usual)
        var done = StepState()
        done.status = .succeeded
        done.output = [:]
        let selection = try SelectiveExecution(
            definition,
            selected: ["Train"],
            source: ["Process": done],
            sourceARN: "arn/execution/old"
        )
        #expect(selection.states["Process"]?.source == "arn/execution/old")
        #expect(selection.states["Train"] == nil)
        #expect(selection.states["Evaluate"]?.status == .skipped)
        let cases: [([String], String)] = [
            (["Trains"], "SelectedSteps: there is no step [Trains], did you mean [Train]?"),
            (
                ["Process", "Evaluate"],
                "SelectedSteps: the step [Train] lies between selected steps and must be selected as well"
            ),
            (
                ["Evaluate"],
                "The selected steps need the result of the step [Train], which did not succeed in arn/execution/old"
            ),
        ]
        for (selected, message) in cases {
            let error = #expect(throws: ParameterError.self) {
                try SelectiveExecution(
                    definition,
                    selected: selected,
                    source: ["Process": done],
                    sourceARN: "arn/execution/old"
                )
            }
            #expect(error?.description == message)
        }
    }
}
