import AWSProtocol
import JSON
import Testing

@testable import SageMaker

struct SearchTests {
    static let record: JSON = [
        "TrainingJobName": "iris-1", "TrainingTimeInSeconds": 120, "CreationTime": 1_700_000_000,
        "HyperParameters": ["rate": "0.25", "loss.name": "log"],
        "FinalMetricDataList": [["MetricName": "accuracy", "Value": 0.9]],
        "InputDataConfig": [
            ["ChannelName": "train", "DataSource": ["S3DataSource": ["S3Uri": "s3://data/train"]]],
            ["ChannelName": "test", "DataSource": ["S3DataSource": ["S3Uri": "s3://data/test"]]],
        ],
        "Tags": [["Key": "team", "Value": "blue"]],
    ]

    @Test(
        arguments: [
            ("TrainingJobName", "Equals", "iris-1", true),
            ("TrainingJobName", "Equals", "iris", false),
            ("TrainingJobName", "NotEquals", "iris", true),
            ("TrainingJobName", "Contains", "ris-", true),
            ("TrainingJobName", "In", "a,iris-1", true),
            ("TrainingTimeInSeconds", "GreaterThan", "99.5", true),
            ("TrainingTimeInSeconds", "LessThanOrEqualTo", "120", true),
            ("TrainingTimeInSeconds", "LessThan", "120", false),
            ("CreationTime", "GreaterThan", "2023-11-01T00:00:00Z", true),
            ("CreationTime", "GreaterThan", "2024-11-01T00:00:00Z", false),
            ("HyperParameters.rate", "GreaterThanOrEqualTo", "0.25", true),
            ("HyperParameters.loss.name", "Equals", "log", true),
            ("FinalMetricDataList.accuracy", "GreaterThan", "0.8", true),
            ("InputDataConfig.DataSource.S3DataSource.S3Uri", "Contains", "test", true),
            ("Tags.team", "Equals", "blue", true),
            ("Tags.team", "Equals", "red", false),
            ("Tags.none", "NotExists", nil, true),
            ("Tags.team", "Exists", nil, true),
            ("FailureReason", "Exists", nil, false),
        ] as [(String, String, String?, Bool)]
    )
    func aFilterLooksAtAProperty(_ name: String, _ comparison: String, _ value: String?, _ expected: Bool) {
        let filter: JSON = .compact([
            "Name": .string(name), "Operator": .string(comparison), "Value": value.map { .string($0) },
        ])
        #expect(SearchExpression(["Filters": [filter]]).matches(Self.record) == expected)
    }

    @Test func expressionsNest() {
        let yes: JSON = ["Name": "TrainingJobName", "Operator": "Contains", "Value": "iris"]
        let no: JSON = ["Name": "TrainingJobName", "Operator": "Contains", "Value": "rose"]
        #expect(SearchExpression(["Filters": [yes, no], "Operator": "Or"]).matches(Self.record))
        #expect(!SearchExpression(["Filters": [yes, no]]).matches(Self.record))
        let inner: JSON = ["SubExpressions": [["Filters": [no]], ["Filters": [yes]]], "Operator": "Or"]
        #expect(SearchExpression(["SubExpressions": [inner]]).matches(Self.record))
    }

    @Test func nestedFiltersMustHoldOfOneElement() {
        func nested(_ channel: String, _ uri: String) -> JSON {
            [
                "NestedFilters": [
                    [
                        "NestedPropertyName": "InputDataConfig",
                        "Filters": [
                            ["Name": "InputDataConfig.ChannelName", "Operator": "Equals", "Value": .string(channel)],
                            [
                                "Name": "InputDataConfig.DataSource.S3DataSource.S3Uri", "Operator": "Contains",
                                "Value": .string(uri),
                            ],
                        ],
                    ]
                ]
            ]
        }
        #expect(SearchExpression(nested("train", "train")).matches(Self.record))
        #expect(!SearchExpression(nested("train", "test")).matches(Self.record))
    }

    @Test func recordsAreFoundSortedAndPaged() async throws {
        let kit = try await ExperimentTests.kit()
        for (name, rate) in [("d", 3.0), ("b", 1.0), ("a", 2.0)] {
            try await kit.call(
                "CreateTrialComponent",
                ["TrialComponentName": .string(name), "Parameters": ["rate": ["NumberValue": .double(rate)]]]
            )
        }
        let input: JSON = [
            "Resource": "ExperimentTrialComponent", "SortBy": "Parameters.rate", "SortOrder": "Ascending",
            "SearchExpression": [
                "Filters": [["Name": "Parameters.rate", "Operator": "GreaterThan", "Value": "0"]]
            ],
            "MaxResults": 2,
        ]
        let first = try await kit.call("Search", input)
        func names(_ answer: JSON) -> [String] {
            answer["Results"]?.arrayValue?.compactMap { $0["TrialComponent"]?["TrialComponentName"]?.stringValue } ?? []
        }
        #expect(names(first) == ["b", "a"])
        #expect(first["TotalHits"]?["Value"] == 3)
        var next = input
        next["NextToken"] = first["NextToken"]
        let second = try await kit.call("Search", next)
        #expect(names(second) == ["d"])
        #expect(second["NextToken"] == nil)
        let parents: JSON = [
            "Resource": "ExperimentTrialComponent",
            "SearchExpression": [
                "Filters": [["Name": "Parents.ExperimentName", "Operator": "Equals", "Value": "e"]]
            ],
        ]
        #expect(names(try await kit.call("Search", parents)) == ["c"])
    }

    @Test func anUnknownPropertyIsNamed() async throws {
        let kit = try JobKit()
        let input: JSON = [
            "Resource": "ExperimentTrialComponent",
            "SearchExpression": ["Filters": [["Name": "ExperimentName", "Operator": "Equals", "Value": "e"]]],
        ]
        let error = await #expect(throws: AWSError.self) { try await kit.call("Search", input) }
        #expect(error == AWSError("ValidationException", "Unknown property name: ExperimentName"))
    }

    @Test func suggestionsBeginAsTheHint() async throws {
        let kit = try JobKit()
        try await kit.call(
            "CreateTrialComponent",
            ["TrialComponentName": "c", "Parameters": ["rate": ["NumberValue": 1]]]
        )
        let answer = try await kit.call(
            "GetSearchSuggestions",
            [
                "Resource": "ExperimentTrialComponent",
                "SuggestionQuery": ["PropertyNameQuery": ["PropertyNameHint": "Param"]],
            ]
        )
        let names = answer["PropertyNameSuggestions"]?.arrayValue?.compactMap { $0["PropertyName"]?.stringValue }
        #expect(names == ["Parameters", "Parameters.rate"])
    }
}
