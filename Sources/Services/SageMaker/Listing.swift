import AWSProtocol
import GRDB
import JSON
import Store

/// What a `List…` operation asks for, as a query over one table.
///
/// A page ends with a token that names the last row's place in the order, so that rows which come or go between two
/// pages neither repeat nor hide others.
struct Listing: Sendable {
    /// The number of results where the request does not say.
    static let defaultMaximum = 10

    private let sql: String
    private let arguments: [any DatabaseValueConvertible & Sendable]
    private let maximum: Int
    private let column: String

    /// - Parameters:
    ///   - kind: The kind of job to list.
    ///   - isDescending: The order where the request does not say.
    ///   - column: What to sort by where the request does not say.
    ///   - now: By which warm pools are in use, available or ended.
    /// - Throws: `ValidationException` where the token is not one of ours.
    init(
        _ request: AWSRequest,
        of kind: JobKind,
        isDescending: Bool,
        column: String = "created",
        now: Timestamp
    ) throws(AWSError) {
        var conditions: [ListingCondition] = []
        if let status = request.string("WarmPoolStatusEquals") {
            conditions += ListingCondition.warmPool(status, at: now)
        }
        if let plan = request.string("TrainingPlanArnEquals") {
            let text = "json_extract(request, '$.ResourceConfig.TrainingPlanArn') = ?"
            conditions.append(ListingCondition(text, plan))
        }
        try self.init(
            request,
            table: "sagemaker_jobs",
            kind: kind.rawValue,
            isDescending: isDescending,
            column: column,
            where: conditions
        )
    }

    /// - Parameters:
    ///   - kind: The kind of resource to list.
    ///   - isDescending: The order where the request does not say.
    /// - Throws: `ValidationException` where the token is not one of ours.
    init(
        _ request: AWSRequest,
        of kind: ResourceKind,
        isDescending: Bool,
        where conditions: [ListingCondition] = []
    ) throws(AWSError) {
        try self.init(
            request,
            table: "sagemaker_resources",
            kind: kind.rawValue,
            isDescending: isDescending,
            where: conditions
        )
    }

    /// - Parameter table: A table with the columns `id`, `account`, `region`, `kind`, `name`, `status`, `created` and
    ///   `modified`.
    init(
        _ request: AWSRequest,
        table: String,
        kind: String,
        isDescending: Bool,
        column: String = "created",
        where conditions: [ListingCondition] = []
    ) throws(AWSError) {
        let columns = ["Name": "name", "Status": "status", "CreationTime": "created"]
        let column = columns[request.string("SortBy") ?? ""] ?? column
        let isDescending = request.string("SortOrder").map { $0 == "Descending" } ?? isDescending
        var query = Conditions()
        query.add("account = ?", request.caller.account)
        query.add("region = ?", request.caller.region)
        query.add("kind = ?", kind)
        query.add("status = ?", request.string("StatusEquals"))
        query.add("instr(name, ?) > 0", request.string("NameContains"))
        query.add("created > ?", request.milliseconds("CreationTimeAfter"))
        query.add("created < ?", request.milliseconds("CreationTimeBefore"))
        query.add("modified > ?", request.milliseconds("LastModifiedTimeAfter"))
        query.add("modified < ?", request.milliseconds("LastModifiedTimeBefore"))
        query.add("created > ?", request.milliseconds("CreatedAfter"))
        query.add("created < ?", request.milliseconds("CreatedBefore"))
        for condition in conditions {
            query.texts.append(condition.text)
            if let value = condition.value { query.arguments.append(value) }
        }
        if let text = request.string("NextToken") {
            guard let token = ListingToken(text) else {
                throw AWSError("ValidationException", "Invalid pagination token given.")
            }
            query.texts.append("(\(column), id) \(isDescending ? "<" : ">") (?, ?)")
            query.arguments += [column == "created" ? Int(token.value) ?? 0 : token.value, token.id]
        }
        self.column = column
        maximum = request.integer("MaxResults") ?? Self.defaultMaximum
        arguments = query.arguments
        let direction = isDescending ? "DESC" : "ASC"
        sql = """
            SELECT * FROM \(table) WHERE \(query.texts.joined(separator: " AND ")) \
            ORDER BY \(column) \(direction), id \(direction) LIMIT \(maximum + 1)
            """
    }

    /// The page's rows, and the token of the next page where there is one.
    func page(in db: Database) throws -> (rows: [Row], nextToken: String?) {
        let rows = try Row.fetchAll(db, sql: sql, arguments: StatementArguments(arguments))
        guard rows.count > maximum, maximum > 0 else { return (rows, nil) }
        let last = rows[maximum - 1]
        let value = column == "created" ? String(last[column] as Int) : last[column] as String
        return (Array(rows.prefix(maximum)), ListingToken(value: value, id: last["id"]).text)
    }
}

extension SageMakerService {
    /// Answers a `List…` of resources.
    /// - Parameters:
    ///   - member: The output's member that has the summaries.
    ///   - isDescending: The order where the request does not say.
    ///   - conditions: What the rows have to meet besides.
    func listResources(
        _ kind: ResourceKind,
        _ request: AWSRequest,
        _ member: String,
        isDescending: Bool = true,
        where conditions: [ListingCondition] = [],
        summary: @Sendable (ResourceRecord) -> JSON
    ) async throws -> AWSResponse {
        let listing = try Listing(request, of: kind, isDescending: isDescending, where: conditions)
        let (resources, token) = try await store.read { db in
            let page = try listing.page(in: db)
            return (try page.rows.map(ResourceRecord.init), page.nextToken)
        }
        var output: JSON.Object = [member: .array(resources.map(summary))]
        if let token { output["NextToken"] = .string(token) }
        return AWSResponse(output)
    }
}

/// A page of what is listed whole and in order.
struct ListPage<Element> {
    private(set) var elements: [Element]
    private(set) var nextToken: String?

    /// - Throws: `ValidationException` where the token is not one of ours.
    init(_ request: AWSRequest, _ all: [Element]) throws(AWSError) {
        var start = 0
        if let text = request.string("NextToken") {
            guard let token = ListingToken(text), let place = Int(token.value) else {
                throw AWSError("ValidationException", "Invalid pagination token given.")
            }
            start = place
        }
        let end = start + (request.integer("MaxResults") ?? Listing.defaultMaximum)
        elements = Array(all.dropFirst(start).prefix(end - start))
        nextToken = end < all.count ? ListingToken(value: String(end), id: 0).text : nil
    }
}

/// A condition of a `List…` beside those that all have in common.
struct ListingCondition: Sendable {
    var text: String
    var value: (any DatabaseValueConvertible & Sendable)?

    /// - Parameter value: What stands for the `?` in the text.
    init(_ text: String, _ value: (any DatabaseValueConvertible & Sendable)? = nil) {
        self.text = text
        self.value = value
    }

    /// Jobs whose warm pool has the status at the moment: see `WarmPool`.
    static func warmPool(_ status: String, at now: Timestamp) -> [ListingCondition] {
        let period = "json_extract(request, '$.ResourceConfig.KeepAlivePeriodInSeconds')"
        let end = "json_extract(state, '$.ended') + \(period) * 1000"
        let asked = ListingCondition("\(period) > 0")
        switch WarmPool.Status(rawValue: status) {
        case .inUse: return [asked, ListingCondition("status IN ('InProgress', 'Stopping')")]
        case .available:
            return [asked, ListingCondition("status = 'Completed' AND \(end) > ?", now.milliseconds)]
        case .terminated:
            let ended = "(status IN ('Failed', 'Stopped') OR (status = 'Completed' AND \(end) <= ?))"
            return [asked, ListingCondition(ended, now.milliseconds)]
        case nil: return [ListingCondition("FALSE")]
        }
    }
}

/// What a listing's rows have to meet.
private struct Conditions {
    var texts: [String] = []
    var arguments: [any DatabaseValueConvertible & Sendable] = []

    /// Adds a condition where its value is given.
    mutating func add(_ text: String, _ value: (any DatabaseValueConvertible & Sendable)?) {
        guard let value else { return }
        texts.append(text)
        arguments.append(value)
    }
}

/// A place in the order of a listing, as an opaque text.
struct ListingToken: Equatable {
    var value: String
    var id: Int64

    init(value: String, id: Int64) {
        self.value = value
        self.id = id
    }

    init?(_ text: String) {
        var bytes: [UInt8] = []
        var rest = Substring(text)
        while !rest.isEmpty {
            guard rest.count >= 2, let byte = UInt8(rest.prefix(2), radix: 16) else { return nil }
            bytes.append(byte)
            rest = rest.dropFirst(2)
        }
        let parts = String(decoding: bytes, as: UTF8.self).split(separator: "/", maxSplits: 1)
        guard parts.count == 2, let id = Int64(parts[0]) else { return nil }
        self.init(value: String(parts[1]), id: id)
    }

    var text: String {
        "\(id)/\(value)".utf8.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

extension AWSRequest {
    /// A timestamp member in milliseconds.
    fileprivate func milliseconds(_ member: String) -> Int? {
        self[member]?.doubleValue.map { Timestamp(seconds: $0).milliseconds }
    }
}
