public import JSON

/// What SageMaker's model monitor says of the quality of a data set: its statistics, the constraints that they suggest,
/// and where another data set breaks them.
///
/// The documents have the forms of AWS's pages "Schema for Statistics", "Schema for Constraints" and "Schema for
/// Violations"; the rules are Deequ's, which the monitor's container stands on.
public struct DataQuality: Sendable {
    private let rowCount: Int
    private let columns: [ColumnProfile]

    public init(_ table: MonitoredTable) {
        rowCount = table.rowCount
        columns = zip(table.names, table.columns).map { ColumnProfile($0, $1) }
    }

    /// `statistics.json`
    public var statistics: JSON {
        [
            "version": .double(0), "dataset": ["item_count": .integer(rowCount)],
            "features": .array(columns.map(\.statistics)),
        ]
    }

    /// `constraints.json`: what holds of these data, with the thresholds that the container suggests.
    public var constraints: JSON {
        let features = columns.map { column -> JSON in
            var feature: JSON.Object = [
                "name": .string(column.name), "inferred_type": .string(column.type.rawValue),
                "completeness": .double(column.completeness),
            ]
            switch column.type {
            case .integral, .fractional: feature["num_constraints"] = ["is_non_negative": .bool(column.isNonNegative)]
            case .string where column.isCategorical:
                feature["string_constraints"] = ["domains": .array(column.categories.map { .string($0.value) })]
            case .string, .unknown: break
            }
            return .object(feature)
        }
        return [
            "version": .double(0), "features": .array(features),
            "monitoring_config": [
                "evaluate_constraints": "Enabled",
                "emit_metrics": "Enabled",
                "datatype_check_threshold": .double(1),
                "domain_content_threshold": .double(1),
                "distribution_constraints": [
                    "perform_comparison": "Enabled", "comparison_threshold": 0.1, "comparison_method": "Robust",
                    "categorical_comparison_threshold": 0.1, "categorical_drift_method": "LInfinity",
                ],
            ],
        ]
    }

    /// The violations in `constraint_violations.json`.
    /// - Parameters:
    ///   - constraints: A `constraints.json`.
    ///   - baseline: The `statistics.json` to compare distributions with; nil for no such comparison.
    public func violations(of constraints: JSON, baseline: JSON?) -> [JSON] {
        let features = constraints["features"]?.arrayValue ?? []
        let configuration = constraints["monitoring_config"] ?? [:]
        guard configuration["evaluate_constraints"]?.stringValue != "Disabled" else { return [] }
        var found = columnViolations(features)
        for feature in features {
            guard let column = columns.first(where: { $0.name == feature["name"]?.stringValue }) else { continue }
            let overrides = feature["monitoringConfigOverrides"] ?? feature["monitoring_config_overrides"] ?? [:]
            let check = ColumnCheck(column: column, feature: feature, settings: [overrides, configuration])
            let statistics = baseline?["features"]?.arrayValue?.first {
                $0["name"]?.stringValue == column.name
            }
            found += check.violations(baseline: statistics)
        }
        return found
    }

    private func columnViolations(_ features: [JSON]) -> [JSON] {
        let expected = Set(features.compactMap { $0["name"]?.stringValue })
        let present = Set(columns.map(\.name))
        let numbers =
            "Number of columns in current dataset: \(present.count), "
            + "Number of columns in baseline constraints: \(expected.count)"
        var found: [JSON] = []
        if !expected.isSubset(of: present) {
            found.append(
                .violation(
                    "Missing columns",
                    "missing_column_check",
                    "There are missing columns in current dataset. \(numbers)"
                )
            )
        }
        if !present.isSubset(of: expected) {
            found.append(
                .violation(
                    "Extra columns",
                    "extra_column_check",
                    "There are extra columns in current dataset. \(numbers)"
                )
            )
        }
        return found
    }
}

/// A column beside what the constraints and the baseline say of it.
private struct ColumnCheck {
    var column: ColumnProfile
    var feature: JSON
    /// Where settings are looked for: the column's own, then everybody's.
    var settings: [JSON]

    func violations(baseline: JSON?) -> [JSON] {
        [typeViolation, completenessViolation, domainViolation, baseline.flatMap(driftViolation)].compactMap { $0 }
    }

    private func number(_ name: String, in group: String? = nil, otherwise: Double) -> Double {
        for place in settings {
            let place = group.map { place[$0] } ?? place
            if let value = place?[name]?.doubleValue { return value }
        }
        return otherwise
    }

    private func text(_ name: String) -> String? {
        settings.lazy.compactMap { $0["distribution_constraints"]?[name]?.stringValue }.first
    }

    private var typeViolation: JSON? {
        guard let type = feature["inferred_type"]?.stringValue.flatMap(ColumnProfile.ValueType.init) else { return nil }
        let threshold = number("datatype_check_threshold", otherwise: 1)
        let share = column.share(readableAs: type)
        guard share < threshold else { return nil }
        return .violation(
            column.name,
            "data_type_check",
            "Data type match requirement is not met. Expected data type: \(type.rawValue), Expected match: "
                + "\(threshold * 100)%. Observed: Only \(share * 100)% of data is \(type.rawValue)."
        )
    }

    private var completenessViolation: JSON? {
        guard let expected = feature["completeness"]?.doubleValue, column.completeness < expected else { return nil }
        return .violation(
            column.name,
            "completeness_check",
            "Completeness requirement is not met. Expected completeness: \(expected * 100)%. Observed: Only "
                + "\(column.completeness * 100)% of data is there."
        )
    }

    private var domainViolation: JSON? {
        guard let domain = feature["string_constraints"]?["domains"]?.arrayValue, column.presentCount > 0 else {
            return nil
        }
        let known = Set(domain.compactMap(\.stringValue))
        let unknown = column.categories.filter { !known.contains($0.value) }
        let share = 1 - Double(unknown.reduce(0) { $0 + $1.count }) / Double(column.presentCount)
        let threshold = number("domain_content_threshold", otherwise: 1)
        guard share < threshold else { return nil }
        let examples = unknown.prefix(5).map(\.value).joined(separator: ", ")
        return .violation(
            column.name,
            "categorical_values_check",
            "Domain content requirement is not met. Expected match: \(threshold * 100)%. Observed: Only "
                + "\(share * 100)% of the values are in the baseline's domain; others are: \(examples)"
        )
    }

    private func driftViolation(_ baseline: JSON) -> JSON? {
        guard text("perform_comparison") != "Disabled" else { return nil }
        let group = "distribution_constraints"
        let found: (distance: Double, threshold: Double)? =
            if let distance = numericalDistance(baseline) {
                (distance, number("comparison_threshold", in: group, otherwise: 0.1))
            } else if let distance = categoricalDistance(baseline) {
                (distance, number("categorical_comparison_threshold", in: group, otherwise: 0.1))
            } else {
                nil
            }
        guard let found, found.distance > found.threshold else { return nil }
        return .violation(
            column.name,
            "baseline_drift_check",
            "Baseline drift distance: \(found.distance) exceeds threshold: \(found.threshold)"
        )
    }

    private func numericalDistance(_ baseline: JSON) -> Double? {
        let statistics = baseline["numerical_statistics"]
        guard column.type == .integral || column.type == .fractional,
            let data = statistics?["distribution"]?["kll"]?["sketch"]?["data"]?.arrayValue,
            let count = statistics?["common"]?["num_present"]?.doubleValue
        else { return nil }
        let former = QuantileSketch(levels: data.map { $0.arrayValue?.compactMap(\.doubleValue) ?? [] })
        return robust(QuantileSketch.distance(column.sketch, former), count)
    }

    private func categoricalDistance(_ baseline: JSON) -> Double? {
        let statistics = baseline["string_statistics"]
        guard column.type == .string, column.categories.count <= ColumnProfile.maximumCategories,
            let buckets = statistics?["distribution"]?["categorical"]?["buckets"]?.arrayValue
        else { return nil }
        var former: [String: Double] = [:]
        for bucket in buckets { former[bucket["value"]?.stringValue ?? ""] = bucket["count"]?.doubleValue ?? 0 }
        let total = former.values.reduce(0, +)
        guard total > 0, column.presentCount > 0 else { return nil }
        var latter: [String: Double] = [:]
        for category in column.categories { latter[category.value] = Double(category.count) }
        let distances = Set(former.keys).union(latter.keys).map {
            abs((former[$0] ?? 0) / total - (latter[$0] ?? 0) / Double(column.presentCount))
        }
        return robust(distances.max() ?? 0, total)
    }

    /// What remains of a distance when so few cases are allowed for: the two-sample Kolmogorov–Smirnov test.
    private func robust(_ distance: Double, _ formerCount: Double) -> Double {
        guard text("comparison_method") != "Simple" else { return distance }
        let count = Double(column.presentCount)
        guard count > 0, formerCount > 0 else { return 0 }
        return max(0, distance - 1.8 * ((count + formerCount) / (count * formerCount)).squareRoot())
    }
}

extension JSON {
    fileprivate static func violation(_ feature: String, _ type: String, _ description: String) -> JSON {
        [
            "feature_name": .string(feature), "constraint_check_type": .string(type),
            "description": .string(description),
        ]
    }
}
