import AWSProtocol
import GRDB
import JSON
import Store

extension CloudWatchService {
    private static let pageSize = 500
    /// What `RecentlyActive` may ask for, in milliseconds.
    private static let recent = 3 * 3_600_000

    /// `ListMetrics`: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ListMetrics.html
    func listMetrics(_ request: AWSRequest) async throws -> AWSResponse {
        let last = try request.string("NextToken").map(Self.position)
        let filters = (request["Dimensions"]?.arrayValue ?? []).map { filter in
            (name: filter["Name"]?.stringValue ?? "", value: filter["Value"]?.stringValue)
        }
        let active = request.string("RecentlyActive") != nil ? clock.now().milliseconds - Self.recent : 0
        let caller = request.caller
        let found = try await store.read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT id, namespace, name, dimensions FROM cloudwatch_metrics
                    WHERE account = ?1 AND region = ?2 AND id > ?3 AND lastData >= ?4
                        AND (?5 IS NULL OR namespace = ?5) AND (?6 IS NULL OR name = ?6)
                    ORDER BY id
                    """,
                arguments: [
                    caller.account, caller.region, last ?? 0, active, request.string("Namespace"),
                    request.string("MetricName"),
                ]
            ).map { (id: $0["id"] as Int, metric: Metric(row: $0)) }
        }
        let matching = found.filter { entry in
            filters.allSatisfy { entry.metric.dimensions.contains($0.name, $0.value) }
        }
        let page = matching.prefix(Self.pageSize)
        return .output([
            "Metrics": .array(page.map(\.metric.json)),
            "NextToken": matching.count > page.count ? page.last.map { .string(String($0.id)) } : nil,
        ])
    }

    private static func position(_ token: String) throws(AWSError) -> Int {
        guard let position = Int(token) else {
            throw AWSError.invalidParameterValue("Request parameter NextToken is invalid")
        }
        return position
    }
}
