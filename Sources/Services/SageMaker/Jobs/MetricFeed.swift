import AWSProtocol
import GRDB
import Store
import Synchronization

/// The objective of tuned training jobs under way, as it is found, and word of it to whoever asks.
final class MetricFeed: Sendable {
    typealias Observer = @Sendable () -> Void

    private struct Course {
        var curve: [Double] = []
        var observer: Observer?
    }

    private let courses = Mutex<[Int64: Course]>([:])

    /// Calls `observer` after each value from now on; one a job.
    func observe(_ job: Int64, _ observer: @escaping Observer) {
        courses.withLock { $0[job, default: Course()].observer = observer }
    }

    /// The objective's values so far.
    func curve(_ job: Int64) -> [Double] { courses.withLock { $0[job]?.curve ?? [] } }

    func tell(_ job: Int64, _ metric: JobState.Metric) {
        guard metric.name == TuningContract.objectiveMetric else { return }
        let observer = courses.withLock { courses in
            courses[job, default: Course()].curve.append(metric.value)
            return courses[job]?.observer
        }
        observer?()
    }

    /// The job has ended.
    func forget(_ job: Int64) { _ = courses.withLock { $0.removeValue(forKey: job) } }
}

/// The series of a job's metrics in the store, in the order in which the values were found.
enum JobMetricSeries {
    static func append(_ metrics: [JobState.Metric], to job: Int64, in db: Database) throws {
        guard !metrics.isEmpty else { return }
        let statement = try db.cachedStatement(
            sql: "INSERT INTO sagemaker_job_metrics (job, name, time, value) VALUES (?, ?, ?, ?)"
        )
        for metric in metrics {
            try statement.execute(arguments: [job, metric.name, metric.time.milliseconds, metric.value])
        }
    }

    /// The values of one metric.
    static func values(of name: String, job: Int64, in db: Database) throws -> [Double] {
        try Double.fetchAll(
            db,
            sql: "SELECT value FROM sagemaker_job_metrics WHERE job = ? AND name = ? ORDER BY id",
            arguments: [job, name]
        )
    }

    static func remove(job: Int64, in db: Database) throws {
        try db.execute(sql: "DELETE FROM sagemaker_job_metrics WHERE job = ?", arguments: [job])
    }
}
