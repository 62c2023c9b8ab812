import Testing

@testable import EMR

@Suite struct SparkSubmissionTests {
    @Test func `what Spark loads from S3 is told apart from what the application reads`() {
        let submission = SparkSubmission([
            "--deploy-mode", "cluster", "--py-files", "s3://code/a.zip,local.py", "--conf=spark.x=s3://no/conf",
            "--verbose",
            "s3://code/job.py", "--input", "s3://data/in",
        ])
        #expect(submission.objects == ["s3://code/job.py", "s3://code/a.zip"])
    }

    @Test func `objects are replaced by files, everything else stays in its place`() {
        var submission = SparkSubmission([
            "--py-files", "s3://code/a.zip,local.py", "s3://code/job.py", "s3://code/job.py",
        ])
        submission.replace("s3://code/a.zip", by: "/work/a.zip")
        submission.replace("s3://code/job.py", by: "/work/job.py")
        #expect(submission.arguments == ["--py-files", "/work/a.zip,local.py", "/work/job.py", "s3://code/job.py"])
    }

    @Test func `without YARN the driver runs on this machine`() {
        var submission = SparkSubmission(["--master", "yarn", "--deploy-mode", "cluster", "--name=x", "job.py"])
        let changes = submission.adapt(toYARN: false, endpoint: "http://127.0.0.1:1")
        #expect(changes.count == 2)
        #expect(submission.arguments.suffix(4) == ["--master", "local[*]", "--name=x", "job.py"])
    }

    @Test func `with YARN a submission stays as it is, behind where the yard is`() {
        let arguments = ["--master", "yarn", "--deploy-mode", "cluster", "job.py"]
        var submission = SparkSubmission(arguments)
        #expect(submission.adapt(toYARN: true, endpoint: "http://127.0.0.1:1") == [])
        #expect(submission.arguments.suffix(5) == arguments)
        #expect(submission.arguments.contains("spark.hadoop.fs.s3a.endpoint=http://127.0.0.1:1"))
    }
}
