import AWSProtocol
import GRDB
import JSON
import Store

/// What EMR Serverless tells EventBridge.
/// <https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/using-eventbridge.html>
extension ServiceEvents {
    /// Tells of a job run that is new or has another state than before.
    func tell(_ job: JobRun, after former: JobRun.State?, in db: Database) throws {
        guard job.state != former else { return }
        try tell("EMR Serverless Job Run State Change", of: job.owner, at: job.updated, in: db) {
            .compact([
                "jobRunId": .string(job.id),
                "jobRunName": job.document["name"],
                "applicationId": .string(job.application),
                "arn": .string(job.arn),
                "releaseLabel": .string(job.releaseLabel),
                "state": .string(job.state.rawValue),
                "previousState": former.map { .string($0.rawValue) },
                "createdBy": .string(job.principal),
                "updatedAt": .string(job.updated.microsecondText),
                "createdAt": .string(job.created.microsecondText),
            ])
        }
    }

    /// Tells of an application that is new or has another state than before.
    func tell(_ application: ServerlessApplication, after former: ServerlessApplication.State?, in db: Database) throws
    {
        guard application.state != former else { return }
        let owner = Caller(account: application.account, region: application.region)
        try tell("EMR Serverless Application State Change", of: owner, at: application.updated, in: db) {
            let document = application.document
            let stop = document["autoStopConfiguration"]
            return .compact([
                "applicationId": .string(application.id),
                "applicationName": document["name"],
                "arn": .string(application.arn),
                "releaseLabel": document["releaseLabel"],
                "state": .string(application.state.rawValue),
                "previousState": former.map { .string($0.rawValue) },
                "type": document["type"]?.stringValue.map { .string($0.uppercased()) },
                "createdAt": .string(application.created.microsecondText),
                "updatedAt": .string(application.updated.microsecondText),
                "autoStopConfig": [
                    "enabled": stop?["enabled"] ?? true, "idleTimeout": stop?["idleTimeoutMinutes"] ?? 15,
                ],
                "autoStartConfig": ["enabled": document["autoStartConfiguration"]?["enabled"] ?? true],
            ])
        }
    }

    private func tell(
        _ detailType: String,
        of owner: Caller,
        at now: Int,
        in db: Database,
        detail: () -> JSON
    ) throws {
        let origin = ServiceEvent.Origin("aws.emr-serverless", account: owner.account, region: owner.region)
        try tell(detailType, from: origin, about: [], at: Timestamp(milliseconds: now), in: db, detail: detail)
    }
}

extension Int {
    /// A moment as these events write it: `2022-05-31T21:07:42.299487Z`.
    fileprivate var microsecondText: String { Timestamp(milliseconds: self).iso8601.dropLast() + "000Z" }
}
