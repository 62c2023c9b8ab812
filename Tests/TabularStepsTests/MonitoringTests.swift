import JSON
import Testing

@testable import TabularSteps

@Suite struct MonitoringTests {
    private static func table(_ text: String) throws -> MonitoredTable {
        try MonitoredTable(csv: [Array(text.utf8)], hasHeader: true)
    }

    private static let rows = (0..<200).map { "\($0),\(Double($0) / 7),\($0 % 2 == 0 ? "a" : "b")" }
    private static let baseline = "n,x,kind\n" + rows.joined(separator: "\n") + "\n"

    private static func types(_ violations: [JSON]) -> [String] {
        violations.map { "\($0["feature_name"]?.stringValue ?? ""): \($0["constraint_check_type"]?.stringValue ?? "")" }
    }

    @Test func `statistics of numbers and texts`() throws {
        let statistics = DataQuality(try Self.table("n,kind\n1,a\n2,\n4,b\n")).statistics
        let numbers = statistics["features"]?[0]?["numerical_statistics"]
        #expect(statistics["features"]?[0]?["inferred_type"] == "Integral")
        #expect(numbers?["mean"]?.doubleValue == 7.0 / 3)
        #expect(numbers?["distribution"]?["kll"]?["buckets"]?.arrayValue?.count == 10)
        #expect(numbers?["distribution"]?["kll"]?["sketch"]?["data"] == [[1, 2, 4]])
        let texts = statistics["features"]?[1]?["string_statistics"]
        #expect(texts?["common"] == ["num_present": 2, "num_missing": 1])
        #expect(texts?["distribution"]?["categorical"]?["buckets"]?[1] == ["value": "b", "count": 1])
    }

    @Test(arguments: [
        (baseline, []),
        ("n,x\n1,2\n", ["Missing columns: missing_column_check"]),
        (
            baseline.replacing("kind", with: "kind,more").replacing("a\n", with: "a,1\n").replacing(
                "b\n",
                with: "b,1\n"
            ),
            ["Extra columns: extra_column_check"]
        ),
        (baseline.replacing("\n3,", with: "\n3.5,"), ["n: data_type_check"]),
        (baseline.replacing("\n3,", with: "\n,"), ["n: completeness_check"]),
        (baseline.replacing(",b\n4,", with: ",c\n4,"), ["kind: categorical_values_check"]),
        (
            "n,x,kind\n"
                + (0..<200).map { "\($0 + 100),\(Double($0) / 7),\($0 % 2 == 0 ? "a" : "b")" }
                .joined(separator: "\n"), ["n: baseline_drift_check"]
        ),
        (
            "n,x,kind\n" + (0..<200).map { "\($0),\(Double($0) / 7),a" }.joined(separator: "\n"),
            ["kind: baseline_drift_check"]
        ),
    ])
    func `violations of a baseline`(current: String, expected: [String]) throws {
        let baseline = DataQuality(try Self.table(Self.baseline))
        let violations = DataQuality(try Self.table(current)).violations(
            of: baseline.constraints,
            baseline: baseline.statistics
        )
        #expect(Self.types(violations).filter { !$0.hasPrefix("n: baseline") || expected.contains($0) } == expected)
    }

    @Test func `a sketch of many numbers is near their distribution`() {
        let sketch = QuantileSketch((0..<100_000).map { Double($0 * 7919 % 100_000) })
        #expect(sketch.levels.reduce(0) { $0 + $1.count } < 8000)
        #expect(sketch.weighted.reduce(0) { $0 + $1.weight } == 100_000)
        let exact = QuantileSketch(stride(from: 0.0, to: 100_000, by: 100))
        #expect(QuantileSketch.distance(sketch, exact) < 0.005)
    }

    @Test func `predictions worse than the baseline's`() throws {
        let columns = ModelQualityCheck.Columns(inference: "p", probability: nil, groundTruth: "t")
        let good = try ModelQualityCheck(try Self.table("p,t\n1,1\n0,0\n1,1\n0,0\n"), .binary, columns)
        let bad = try ModelQualityCheck(try Self.table("p,t\n1,1\n0,1\n1,1\n0,0\n"), .binary, columns)
        #expect(
            good.constraints["binary_classification_constraints"]?["recall"]
                == ["threshold": 1, "comparison_operator": "LessThanThreshold"]
        )
        #expect(good.violations(of: good.constraints) == [])
        let found = bad.violations(of: good.constraints)
        #expect(
            found.contains {
                $0["description"]?.stringValue?.hasPrefix("Metric recall with 0.6666666666666666 +/- NaN was LessThan")
                    == true
            }
        )
    }
}
