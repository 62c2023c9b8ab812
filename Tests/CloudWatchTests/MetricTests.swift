import AWSProtocol
import JSON
import Testing

@testable import CloudWatch

@Suite struct MetricTests {
    @Test func `values of a period are counted together, each unit for itself`() async throws {
        let kit = try CloudWatchKit()
        try await kit.put(["Values": [1, 10], "Counts": [2, 4], "Unit": "Count"])
        try await kit.put(["Value": 7, "Unit": "Count"])
        try await kit.put([
            "StatisticValues": ["SampleCount": 2, "Sum": 5, "Minimum": 1, "Maximum": 4], "Unit": "Seconds",
        ])
        let all: JSON = ["SampleCount", "Sum", "Average", "Minimum", "Maximum"]
        let points = try await kit.statistics(["Statistics": all])
        #expect(points.count == 2)
        #expect(points[0]["Unit"] == "Count")
        #expect(points[0]["SampleCount"] == 7)
        #expect(points[0]["Sum"] == 49)
        #expect(points[0]["Average"] == 7)
        #expect(points[0]["Minimum"] == 1)
        #expect(points[0]["Maximum"] == 10)
        #expect(points[1]["Average"] == 2.5)
        #expect(try await kit.statistics(["Statistics": all, "Unit": "Bytes"]).isEmpty)
    }

    @Test func `percentiles are told of values, and not of sets`() async throws {
        let kit = try CloudWatchKit()
        try await kit.put(["Values": .array((1...100).map { .integer($0) })])
        let points = try await kit.statistics(["ExtendedStatistics": ["p50", "p99", "p100"]])
        #expect(points[0]["ExtendedStatistics"] == ["p50": 50, "p99": 99, "p100": 100])
        try await kit.put(["StatisticValues": ["SampleCount": 2, "Sum": 5, "Minimum": 1, "Maximum": 4]])
        #expect(try await kit.statistics(["ExtendedStatistics": ["p50"]])[0]["ExtendedStatistics"] == [:])
    }

    @Test func `a metric is known by its dimensions, in whatever order`() async throws {
        let kit = try CloudWatchKit()
        let (one, two): (JSON, JSON) = (["Name": "a", "Value": "1"], ["Name": "b", "Value": "2"])
        try await kit.put(["Value": 1, "Dimensions": [one, two]])
        try await kit.put(["Value": 3, "Dimensions": [two, one]])
        try await kit.put(["Value": 9])
        let points = try await kit.statistics(["Statistics": ["Sum"], "Dimensions": [two, one]])
        #expect(points.map { $0["Sum"] } == [4])
        let listed = try await kit.call("ListMetrics", ["Dimensions": [["Name": "b"]]])["Metrics"]?.arrayValue
        #expect(listed?.map { $0["Dimensions"] } == [[one, two]])
        #expect(try await kit.call("ListMetrics", ["Namespace": "N"])["Metrics"]?.arrayValue?.count == 2)
        #expect(try await kit.call("ListMetrics", ["Namespace": "M"])["Metrics"] == [])
    }

    @Test func `queries are answered from the latest to the first, and labelled by what tells them apart`() async throws
    {
        let kit = try CloudWatchKit()
        for (value, seconds) in [(1, -120), (2, -60), (6, -59)] {
            try await kit.put(["Value": .integer(value), "Timestamp": kit.moment(seconds)])
        }
        func query(_ id: String, _ stat: String) -> JSON {
            let metric: JSON = ["Namespace": "N", "MetricName": "m"]
            return ["Id": .string(id), "MetricStat": ["Metric": metric, "Period": 60, "Stat": .string(stat)]]
        }
        let answer = try await kit.call(
            "GetMetricData",
            [
                "MetricDataQueries": [query("sum", "Sum"), query("most", "Maximum")], "StartTime": kit.moment(-600),
                "EndTime": kit.moment(60),
            ]
        )
        #expect(answer["MetricDataResults"]?.arrayValue?.map { $0["Values"] } == [[8, 1], [6, 1]])
        #expect(answer["MetricDataResults"]?.arrayValue?.map { $0["Label"] } == ["m Sum", "m Maximum"])
    }

    @Test(
        arguments: [
            (["Value": 1, "Values": [1]], "InvalidParameterCombination"),
            ([:], "MissingParameter"),
            (["Value": "NaN"], "InvalidParameterValue"),
            (["Values": [1, 2], "Counts": [1]], "InvalidParameterValue"),
            (
                ["StatisticValues": ["SampleCount": 1, "Sum": 1, "Minimum": 2, "Maximum": 1]],
                "InvalidParameterCombination"
            ),
            (["Value": 1, "Timestamp": 1_600_000_000], "InvalidParameterValue"),
            (
                ["Value": 1, "Dimensions": [["Name": "a", "Value": "1"], ["Name": "a", "Value": "2"]]],
                "InvalidParameterValue"
            ),
        ] as [(JSON.Object, String)]
    ) func `data that are none are refused`(_ datum: JSON.Object, _ code: String) async throws {
        let kit = try CloudWatchKit()
        let named: JSON.Object = ["MetricName": "m"]
        let request: JSON.Object = ["Namespace": "N", "MetricData": [.object(named.merging(datum))]]
        #expect(await kit.failure("PutMetricData", request) == code)
        #expect(try await kit.call("ListMetrics")["Metrics"] == [])
    }

    @Test(
        arguments: [
            (["Period": 45, "Statistics": ["Sum"]], "InvalidParameterValue"),
            (["Period": 60], "InvalidParameterCombination"),
            (["Period": 60, "Statistics": ["Mean"]], "InvalidParameterValue"),
            (["Period": 1, "Statistics": ["Sum"], "StartTime": 1_690_000_000], "InvalidParameterCombination"),
            (["Period": 60, "Statistics": ["Sum"], "EndTime": 1_690_000_000], "InvalidParameterValue"),
        ] as [(JSON.Object, String)]
    ) func `questions that have no answer are refused`(_ more: JSON.Object, _ code: String) async throws {
        let kit = try CloudWatchKit()
        let request: JSON.Object = [
            "Namespace": "N", "MetricName": "m", "StartTime": kit.moment(-600), "EndTime": kit.moment(0),
        ]
        #expect(await kit.failure("GetMetricStatistics", request.merging(more)) == code)
    }
}
