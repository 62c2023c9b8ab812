import AWSProtocol
import GRDB
import JSON
import StatesLanguage
import Store

extension StepFunctionsService {
    func describeMapRun(_ request: AWSRequest) async throws -> AWSResponse {
        let arn = try request.requiredString("mapRunArn")
        let live = mapRuns[arn]
        let record = try await mapRun(arn)
        let tally = await live?.tally ?? record.tally ?? MapRunTally()
        return .output([
            "mapRunArn": .string(record.arn), "executionArn": .string(record.execution),
            "status": .string(record.status), "startDate": record.started.json, "stopDate": record.stopped.map(\.json),
            "maxConcurrency": .integer(record.maxConcurrency),
            "toleratedFailurePercentage": .double(record.toleratedFailurePercentage ?? 0),
            "toleratedFailureCount": .integer(record.toleratedFailureCount ?? 0), "itemCounts": tally.items.json,
            "executionCounts": tally.executions.json,
            "redriveCount": record.redrives == 0 ? nil : JSON.integer(record.redrives),
            "redriveDate": record.redriven.map(\.json),
        ])
    }

    func listMapRuns(_ request: AWSRequest) async throws -> AWSResponse {
        let execution = try await execution(request)
        let page = try Page(request, defaultSize: 100)
        let records = try await store.read { db in
            try Row.fetchAll(
                db,
                sql: "SELECT \(MapRunRecord.columns) FROM states_map_runs WHERE execution = ? ORDER BY number DESC "
                    + "LIMIT ? OFFSET ?",
                arguments: [execution.arn, page.size + 1, page.offset]
            ).map(MapRunRecord.init)
        }
        let runs = records.prefix(page.size).map { record -> JSON in
            .compact([
                "executionArn": .string(record.execution), "mapRunArn": .string(record.arn),
                "stateMachineArn": .string(record.machineARN), "startDate": record.started.json,
                "stopDate": record.stopped.map(\.json),
            ])
        }
        return .output(["mapRuns": .array(runs), "nextToken": page.next(records.count)])
    }

    func updateMapRun(_ request: AWSRequest) async throws -> AWSResponse {
        let arn = try request.requiredString("mapRunArn")
        let record = try await mapRun(arn)
        guard record.status == "RUNNING", let run = mapRuns[arn] else {
            throw AWSError("ValidationException", "Map Run is not running: '\(arn)'")
        }
        try await run.update(
            maxConcurrency: request.integer("maxConcurrency"),
            toleratedCount: request.integer("toleratedFailureCount"),
            toleratedPercentage: request["toleratedFailurePercentage"]?.doubleValue
        )
        return AWSResponse()
    }

    /// `ListExecutions` of a map run's children.
    func listExecutions(ofMapRun arn: String, _ request: AWSRequest) async throws -> AWSResponse {
        let record = try await mapRun(arn)
        let page = try Page(request, defaultSize: 100)
        let status = request.string("statusFilter")
        guard request.string("stateMachineArn") == nil else {
            throw AWSError(
                "ValidationException",
                "Only one of the parameters stateMachineArn and mapRunArn can be specified."
            )
        }
        let redrive = request.string("redriveFilter")
        let (all, inputs) = try await store.read { db in (try record.children(in: db), try record.inputs(in: db)) }
        let children = all.filter { child in
            (status ?? child.record.status) == child.record.status
                && (redrive == nil || (redrive == "REDRIVEN") == (child.record.redrives > 0))
        }.dropFirst(page.offset)
        let listed = children.prefix(page.size).map { position, child -> JSON in
            let items = inputs.indices.contains(position) ? inputs[position].itemCount : 1
            return .object(child.listed.merging(["mapRunArn": .string(arn), "itemCount": .integer(items)]))
        }
        return .output(["executions": .array(listed), "nextToken": page.next(children.count)])
    }

    private func mapRun(_ arn: String) async throws -> MapRunRecord {
        guard let record = try await store.read({ db in try MapRunRecord.fetch(arn, in: db) }) else {
            throw AWSError.resourceNotFound(arn)
        }
        return record
    }
}
