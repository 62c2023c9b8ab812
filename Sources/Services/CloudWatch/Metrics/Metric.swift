import AWSProtocol
import GRDB
import JSON

/// What a series of values is known by: a namespace, a name, and dimensions.
struct Metric: Sendable, Hashable {
    var namespace: String
    var name: String
    var dimensions: Dimensions

    /// - Throws: `InvalidParameterValue` where a dimension is given twice.
    init(namespace: String, name: String, dimensions: JSON?) throws(AWSError) {
        self.namespace = namespace
        self.name = name
        self.dimensions = try Dimensions(dimensions)
    }

    /// A `Metric` structure of a request; nil where it lacks a namespace or a name.
    init?(_ value: JSON?) throws(AWSError) {
        guard let value, let namespace = value["Namespace"]?.stringValue, let name = value["MetricName"]?.stringValue
        else { return nil }
        try self.init(namespace: namespace, name: name, dimensions: value["Dimensions"])
    }

    init(row: Row) {
        namespace = row["namespace"]
        name = row["name"]
        dimensions = Dimensions(text: row["dimensions"])
    }

    var json: JSON {
        ["Namespace": .string(namespace), "MetricName": .string(name), "Dimensions": dimensions.json]
    }

    /// The metric's id in the store, nil where nobody has put data of it.
    func find(of caller: Caller, in db: Database) throws -> Int64? {
        try Int64.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT id FROM cloudwatch_metrics
                    WHERE account = ? AND region = ? AND namespace = ? AND name = ? AND dimensions = ?
                    """
            ),
            arguments: [caller.account, caller.region, namespace, name, dimensions.text]
        )
    }

    /// The metric's id, which it gets with its first data.
    func findOrInsert(of caller: Caller, lastData: Timestamp, in db: Database) throws -> Int64 {
        try db.cachedStatement(
            sql: """
                INSERT INTO cloudwatch_metrics (account, region, namespace, name, dimensions, lastData)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                ON CONFLICT DO UPDATE SET lastData = max(lastData, excluded.lastData)
                """
        ).execute(arguments: [
            caller.account, caller.region, namespace, name, dimensions.text, lastData.milliseconds,
        ])
        return try find(of: caller, in: db) ?? 0
    }
}

/// A metric's dimensions, in the order of their names: the order in which they are given makes no difference.
struct Dimensions: Sendable, Hashable {
    /// AWS's limit.
    static let maximumCount = 30

    private var pairs: [[String]]

    init(_ value: JSON?) throws(AWSError) {
        var found: [String: String] = [:]
        for dimension in value?.arrayValue ?? [] {
            let name = dimension["Name"]?.stringValue ?? ""
            guard found.updateValue(dimension["Value"]?.stringValue ?? "", forKey: name) == nil else {
                throw AWSError.invalidParameterValue("The dimension \(name) is given more than once.")
            }
        }
        guard found.count <= Self.maximumCount else {
            throw AWSError.invalidParameterValue("A metric has at most \(Self.maximumCount) dimensions.")
        }
        pairs = found.sorted { $0.key < $1.key }.map { [$0.key, $0.value] }
    }

    /// - Parameter text: As `text` writes it.
    init(text: String) {
        let parsed = (try? JSON(parsing: text))?.arrayValue ?? []
        pairs = parsed.map { pair in pair.arrayValue?.compactMap(\.stringValue) ?? [] }.filter { $0.count == 2 }
    }

    /// As stored.
    var text: String { JSON.array(pairs.map { .array($0.map { .string($0) }) }).serialized() }

    var json: JSON { .array(pairs.map { ["Name": .string($0[0]), "Value": .string($0[1])] }) }

    /// As messages about alarms write them.
    var lowercaseJSON: JSON { .array(pairs.map { ["name": .string($0[0]), "value": .string($0[1])] }) }

    var object: JSON { .object(JSON.Object(pairs.map { ($0[0], .string($0[1])) })) }

    /// Whether there is one of that name, and of that value where one is asked for.
    func contains(_ name: String, _ value: String?) -> Bool {
        pairs.contains { $0[0] == name && (value == nil || $0[1] == value) }
    }
}
