import AWSProtocol
import JSON

/// Which of a resource's records a `Search` wants.
///
/// <https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_SearchExpression.html>
struct SearchExpression: Sendable {
    /// One property and what must hold of it.
    struct Filter: Sendable {
        var name: String
        var comparison: String
        var value: String?

        init(_ filter: JSON) {
            name = filter["Name"]?.stringValue ?? ""
            comparison = filter["Operator"]?.stringValue ?? "Equals"
            value = filter["Value"]?.stringValue
        }
    }

    private var filters: [Filter]
    private var nested: [(list: String, filters: [Filter])]
    private var subexpressions: [SearchExpression]
    private var isAnd: Bool

    init(_ expression: JSON?) {
        filters = expression?["Filters"]?.arrayValue?.map(Filter.init) ?? []
        nested =
            expression?["NestedFilters"]?.arrayValue?.map { nested in
                (
                    nested["NestedPropertyName"]?.stringValue ?? "",
                    nested["Filters"]?.arrayValue?.map(Filter.init) ?? []
                )
            } ?? []
        subexpressions = expression?["SubExpressions"]?.arrayValue?.map { SearchExpression($0) } ?? []
        isAnd = expression?["Operator"]?.stringValue != "Or"
    }

    /// The names of all properties that it looks at.
    var names: [String] {
        filters.map(\.name) + nested.map(\.list) + subexpressions.flatMap(\.names)
    }

    func matches(_ record: JSON) -> Bool {
        var results = filters.map { $0.matches(record) }
        results += nested.map { Self.matches($0.filters, anyOf: $0.list, record) }
        results += subexpressions.map { $0.matches(record) }
        if results.isEmpty { return true }
        return isAnd ? results.allSatisfy { $0 } : results.contains(true)
    }

    /// Whether one element of a list meets all filters; their names may begin with the list's.
    private static func matches(_ filters: [Filter], anyOf list: String, _ record: JSON) -> Bool {
        let elements = SearchProperty(list).values(of: record).flatMap { $0.arrayValue ?? [$0] }
        let own = filters.map { filter in
            var filter = filter
            if filter.name.hasPrefix(list + ".") { filter.name = String(filter.name.dropFirst(list.count + 1)) }
            return filter
        }
        return elements.contains { element in own.allSatisfy { $0.matches(element) } }
    }
}

extension SearchExpression.Filter {
    func matches(_ record: JSON) -> Bool {
        let found = SearchProperty(name).values(of: record).flatMap { $0.arrayValue ?? [$0] }
        let wanted = value ?? ""
        switch comparison {
        case "Exists": return !found.isEmpty
        case "NotExists": return found.isEmpty
        case "Equals": return found.contains { Self.order($0, wanted) == 0 }
        case "NotEquals": return !found.contains { Self.order($0, wanted) == 0 }
        case "Contains": return found.contains { $0.searchText.contains(wanted) }
        case "In":
            let choices = wanted.split(separator: ",").map(String.init)
            return found.contains { value in choices.contains { Self.order(value, $0) == 0 } }
        case "GreaterThan": return found.contains { Self.order($0, wanted).map { $0 > 0 } ?? false }
        case "GreaterThanOrEqualTo": return found.contains { Self.order($0, wanted).map { $0 >= 0 } ?? false }
        case "LessThan": return found.contains { Self.order($0, wanted).map { $0 < 0 } ?? false }
        case "LessThanOrEqualTo": return found.contains { Self.order($0, wanted).map { $0 <= 0 } ?? false }
        default: return false
        }
    }

    /// How a value compares with a filter's text: numbers as such, moments as seconds or as ISO 8601.
    private static func order(_ value: JSON, _ text: String) -> Int? {
        if let number = value.doubleValue {
            guard let other = Double(text) ?? Timestamp(parsing: text)?.seconds else { return nil }
            return number < other ? -1 : number > other ? 1 : 0
        }
        let own = value.searchText
        if let first = Double(own), let second = Double(text) {
            return first < second ? -1 : first > second ? 1 : 0
        }
        return own < text ? -1 : own > text ? 1 : 0
    }
}

/// A property's name: `TrainingJobStatus`, `HyperParameters.mini_batch_size`, `Tags.team`, `Metrics.accuracy.Max`.
struct SearchProperty: Sendable {
    private let parts: [Substring]

    init(_ name: String) { parts = name.split(separator: ".") }

    /// The name before the first dot.
    var root: String { parts.first.map(String.init) ?? "" }

    /// The values of the property; several where lists are on the way.
    func values(of record: JSON) -> [JSON] { Self.values(of: record, parts[...]) }

    private static func values(of value: JSON, _ parts: ArraySlice<Substring>) -> [JSON] {
        guard let first = parts.first else { return value.isNull ? [] : [value] }
        if let elements = value.arrayValue {
            let named = elements.filter { $0.entryName == String(first) }
            if let entry = named.first {
                let rest = parts.dropFirst()
                return rest.isEmpty ? entry.entryValue.map { [$0] } ?? [] : values(of: entry, rest)
            }
            return elements.flatMap { values(of: $0, parts) }
        }
        guard let object = value.objectValue else { return [] }
        if let member = object[String(first)] { return values(of: member, parts.dropFirst()) }
        // Names of hyperparameters and metrics may have dots of their own.
        let joined = parts.joined(separator: ".")
        if let member = object[joined] { return values(of: member, []) }
        return []
    }
}

extension JSON {
    /// What names an entry of a list that is searched like a map: a tag, a metric.
    fileprivate var entryName: String? { (self["Key"] ?? self["MetricName"])?.stringValue }

    /// What such an entry amounts to where its members are not asked for.
    fileprivate var entryValue: JSON? {
        if self["Key"] != nil { return self["Value"] }
        return self["Value"] ?? self["Last"]
    }

    /// A value as filters see it; a trial component's parameter is its number or its text.
    fileprivate var searchText: String {
        if let text = stringValue { return text }
        if let inner = self["NumberValue"] ?? self["StringValue"] { return inner.searchText }
        return serialized()
    }
}

/// The order of results.
struct SearchOrder: Sendable {
    private let property: SearchProperty
    private let isAscending: Bool

    init(_ name: String, isAscending: Bool) {
        property = SearchProperty(name)
        self.isAscending = isAscending
    }

    /// Equal ones stay as they are; those without the property come last.
    func sorted(_ records: [JSON]) -> [JSON] {
        let keyed = records.enumerated().map { (index: $0, record: $1, key: property.values(of: $1).first) }
        return keyed.sorted { left, right in
            guard let first = left.key, let second = right.key else {
                return left.key != nil || (right.key == nil && left.index < right.index)
            }
            let order = Self.order(first, second)
            if order == 0 { return isAscending ? left.index < right.index : left.index > right.index }
            return isAscending ? order < 0 : order > 0
        }.map(\.record)
    }

    private static func order(_ left: JSON, _ right: JSON) -> Int {
        if let first = left.doubleValue, let second = right.doubleValue {
            return first < second ? -1 : first > second ? 1 : 0
        }
        let (first, second) = (left.searchText, right.searchText)
        return first < second ? -1 : first > second ? 1 : 0
    }
}

/// A page of results that were computed as a whole.
struct ResultPage {
    var results: [JSON]
    var nextToken: String?

    /// - Throws: `ValidationException` where the token is not one of ours.
    init(_ all: [JSON], _ request: AWSRequest) throws(AWSError) {
        var start = 0
        if let text = request.string("NextToken") {
            guard let token = ListingToken(text), token.value == "page" else {
                throw AWSError("ValidationException", "Invalid pagination token given.")
            }
            start = min(Int(token.id), all.count)
        }
        let end = min(all.count, start + (request.integer("MaxResults") ?? Listing.defaultMaximum))
        results = Array(all[start..<end])
        nextToken = end < all.count ? ListingToken(value: "page", id: Int64(end)).text : nil
    }
}
