import AWSProtocol
import Compute
import JSON
import Testing

@testable import SageMaker

@Suite struct S3LocationTests {
    @Test(arguments: [
        ("s3://bucket", "bucket", ""), ("s3://bucket/", "bucket", ""), ("s3://bucket/a/b", "bucket", "a/b"),
        ("s3://bucket//a", "bucket", "/a"),
    ])
    func `an address is a bucket and a key`(uri: String, bucket: String, key: String) {
        #expect(S3Location(uri) == S3Location(bucket: bucket, key: key))
    }

    @Test(arguments: ["", "s3://", "s3:///key", "https://bucket/key", "/bucket/key"])
    func `other texts are not addresses`(text: String) { #expect(S3Location(text) == nil) }

    @Test(arguments: [
        ("s3://b", "s3://b/job/x"), ("s3://b/", "s3://b/job/x"), ("s3://b/models", "s3://b/models/job/x"),
        ("s3://b/models/", "s3://b/models/job/x"), ("s3://b/models//", "s3://b/models/job/x"),
    ])
    func `paths are joined with one slash`(uri: String, joined: String) {
        #expect(S3Location(uri)?.appending("job/x").uri == joined)
    }

    @Test(arguments: [
        ("data/iris.data", "data/iris.data", "iris.data"), ("iris.data", "iris.data", "iris.data"),
        ("data/", "data/a/b.csv", "a/b.csv"), ("data", "data/a/b.csv", "a/b.csv"), ("", "a/b.csv", "a/b.csv"),
        ("data/tr", "data/train/x.csv", "train/x.csv"), ("tr", "train.csv", "train.csv"),
        ("data/train_data.csv", "data/train_data.csv.bak", "train_data.csv.bak"), ("data/", "data/", "data"),
    ])
    func `an object lies below the input's directory`(prefix: String, key: String, path: String) {
        #expect(S3Location(bucket: "b", key: prefix).relativePath(of: key) == path)
    }
}

@Suite struct ContainerPathTests {
    @Test(arguments: [
        ("/opt/ml/processing/in", "processing/in"), ("/opt/ml", ""), ("/opt/ml/", ""), ("/opt/ml/./a//b", "a/b"),
        ("/opt/ml/a/../b", "b"), ("/opt/ml/../ml/a", "a"), ("/opt/ml/../../etc", nil), ("/opt/mlx", nil),
        ("opt/ml/a", nil),
        ("/../opt/ml/a", nil), ("/etc/passwd", nil),
    ])
    func `paths do not leave opt ml`(path: String, below: String?) { #expect(ContainerPath.belowRoot(path) == below) }
}

@Suite struct ImageReferenceTests {
    @Test(arguments: [
        ("382416733822.dkr.ecr.us-east-1.amazonaws.com/linear-learner:1", "linear-learner", "1", true),
        ("438346466558.dkr.ecr.eu-west-1.amazonaws.com/linear-learner:latest", "linear-learner", "latest", true),
        ("linear-learner", "linear-learner", "latest", true),
        ("localhost:5000/linear-learner:2", "linear-learner", "2", true),
        ("mine/linear-learner:1", "mine/linear-learner", "1", false),
        ("public.ecr.aws/a/b@sha256:00", "a/b", "sha256:00", false), ("python:3.11", "python", "3.11", false),
    ])
    func `an image has a repository and a tag`(text: String, repository: String, tag: String, isLinearLearner: Bool) {
        let image = ImageReference(text)
        #expect(image.repository == repository)
        #expect(image.tag == tag)
        #expect(image.isLinearLearner == isLinearLearner)
    }
}

@Suite struct JobStateTests {
    private static let now = Timestamp(milliseconds: 1_700_000_000_000)

    @Test(
        arguments: [
            ([.downloading, .training, .uploading, .completed], .completed, .completed),
            ([.pending, .downloading, .failed], .failed, .failed),
            ([.downloading, .training, .stopping, .uploading, .stopped], .stopped, .stopped),
            ([.downloading, .training, .stopping, .completed], .stopped, .stopped),
            ([.downloading, .training, .stopping, .failed], .stopped, .stopped),
            ([.stopping, .downloading, .training], .stopping, .stopping),
            ([.downloading, .training, .uploading, .maxRuntimeExceeded], .stopped, .maxRuntimeExceeded),
            ([.downloading, .failed, .training, .completed], .failed, .failed),
        ] as [([JobStage], JobStatus, JobStage)]
    )
    func `a job moves on by rule`(stages: [JobStage], status: JobStatus, last: JobStage) {
        var state = JobState(created: Self.now)
        for (index, stage) in stages.enumerated() { state.enter(stage, at: Self.now + .seconds(index)) }
        #expect(state.status == status)
        #expect(state.stage == last)
        #expect(state.status.isFinal == (state.ended != nil))
        #expect(state.transitions.dropLast().allSatisfy { $0.end != nil })
        #expect(JobState(json: state.json) == state)
    }

    @Test func `a reason is at most 1024 characters`() {
        var state = JobState(created: Self.now)
        state.fail(String(repeating: "é", count: 2000), at: Self.now)
        #expect(state.failureReason?.count == 1024)
    }

    @Test(arguments: [(0, 1), (1, 1), (999, 1), (1000, 1), (1001, 2), (125_026, 126)])
    func `billed seconds are rounded up`(milliseconds: Int, seconds: Int) {
        var state = JobState(created: Self.now)
        state.enter(.downloading, at: Self.now)
        state.enter(.completed, at: Self.now + .milliseconds(milliseconds))
        #expect(state.seconds == seconds)
    }
}

@Suite struct MetricScannerTests {
    @Test(arguments: [
        ("loss: ([0-9.]+)", ["loss: "]),
        ("#q: host=\\S+, train mse <loss>=(\\S+)", ["#q: host=", ", train mse <loss>="]),
        ("a|b", []), ("ab?c", ["a", "c"]), ("ab{2}c", ["a", "c"]), ("a\\.b", ["a.b"]), ("(?:x)y", []), ("(ab)?c", []),
        (".*loss=(.*?);", ["loss=", ";"]), ("x[a]b]y", ["x", "b]y"]),
    ])
    func `a line is looked over for what every match contains`(pattern: String, texts: [String]) {
        #expect(RequiredTexts.of(pattern) == texts)
    }

    @Test func `the last value of a metric counts`() {
        var scanner = MetricScanner([
            JobPlan.MetricDefinition(name: "loss", pattern: "loss=([^ ;]+)"),
            JobPlan.MetricDefinition(name: "either", pattern: "(?:acc|accuracy): (\\S+)"),
            JobPlan.MetricDefinition(name: "broken", pattern: "(("),
        ])
        let lines = ["loss=0.5; x", "loss=nan", "accuracy: 0.75", "loss=0.25 y", "loss=high"]
        for (index, line) in lines.enumerated() { scanner.scan(line, at: Timestamp(milliseconds: index)) }
        #expect(
            scanner.metrics == [
                JobState.Metric(name: "loss", value: 0.25, time: Timestamp(milliseconds: 3)),
                JobState.Metric(name: "either", value: 0.75, time: Timestamp(milliseconds: 2)),
            ]
        )
    }

    @Test func `linear-learner's metrics are those that AWS defines`() {
        let definitions = LinearLearnerMetrics.definitions
        #expect(definitions.count == 40)
        #expect(Set(definitions.map(\.name)).count == 40)
        // The 37 of the first images come first.
        let last = definitions.prefix(37).last
        #expect(last?.name == "test:multiclass_top_k_accuracy")
        #expect(last?.pattern == "#quality_metric: host=\\S+, test multiclass_top_k_accuracy_\\S+ <score>=(\\S+)")
    }
}
