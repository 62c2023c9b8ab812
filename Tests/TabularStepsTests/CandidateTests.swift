import JSON
import Testing

@testable import TabularSteps

@Suite struct ProblemTypeTests {
    @Test(arguments: [
        (["no", "yes", "no"], ProblemType.binary), (["0", "1", "1.0", "0"], .binary),
        (["1.5", "2.5", "1.5"], .binary),
        (["a", "b", "c", "a", "b", "c"], .multiclass),
        ((0..<100).map { String($0 % 10) }, .multiclass), ((0..<100).map { String($0 % 11) }, .regression),
        ((0..<2000).map { String($0 % 100) }, .multiclass), ((0..<2000).map { String($0 % 101) }, .regression),
        ((0..<100).map { "\($0 % 5).5" }, .regression),
    ])
    func `a target's values suggest the problem`(target: [String], problem: ProblemType) throws {
        #expect(try ProblemType(inferredFrom: target) == problem)
    }

    @Test(arguments: [
        ([], "The target column has no values"),
        (["a", "a"], "The target column has one value only, a: there is nothing to predict"),
        (["1", "1.0"], "The target column has one value only, 1: there is nothing to predict"),
        (
            ["a", "b", "c", "d"],
            "The type of problem cannot be inferred: the target column has 4 different texts in 4 rows. Is it the "
                + "right column? Else give ProblemType"
        ),
    ])
    func `a target that says nothing is told so`(target: [String], message: String) {
        let error = #expect(throws: TabularError.self) { try ProblemType(inferredFrom: target) }
        #expect(error?.message == message)
    }
}

@Suite struct LabelCodingTests {
    @Test(arguments: [
        (["b", "a", "b"], ["a", "b"]), (["10", "9", "10"], ["9", "10"]), (["yes", "1"], ["1", "yes"]),
    ])
    func `classes are in their order`(target: [String], classes: [String]) {
        let coding = LabelCoding(fitting: target)
        #expect(coding.classes == classes)
        #expect(classes.map { coding.code($0) } == Array(0..<classes.count))
        #expect(coding.code("other") == nil)
    }
}

@Suite struct DataSplitTests {
    @Test func `classes keep their shares`() {
        let classes = (0..<100).map { $0 < 80 ? 0 : $0 < 99 ? 1 : 2 }
        let split = DataSplit(count: 100, classes: classes, fraction: 0.2, seed: 1)
        #expect((split.training + split.validation).sorted() == Array(0..<100))
        #expect(split.validation.count { classes[$0] == 0 } == 16)
        #expect(split.validation.count { classes[$0] == 1 } == 4)
        #expect(split.training.contains(99))
        #expect(split == DataSplit(count: 100, classes: classes, fraction: 0.2, seed: 1))
        #expect(split != DataSplit(count: 100, classes: classes, fraction: 0.2, seed: 2))
    }

    @Test func `without classes the share is of all`() {
        let split = DataSplit(count: 50, fraction: 0.3, seed: 1)
        #expect(split.validation.count == 15 && split.training.count == 35)
    }
}

@Suite struct FeatureTransformTests {
    private static let names = ["size", "colour", "note", "same", "key"]
    private static let rows = [
        ["1", "red", "old house by the sea", "x", "k1"], ["3", "blue", "new house", "x", "k2"],
        ["", "red", "by the road", "x", "k3"], ["2", "blue", "the sea", "x", "k4"],
    ]

    private func fitted(
        kinds: [String: FeatureTransform.Kind] = [:],
        used: Set<String>? = nil
    ) throws -> FeatureTransform {
        try FeatureTransform(fitting: Self.names, Self.rows, lines: [2, 3, 4, 5], kinds: kinds, used: used)
    }

    @Test func `columns are encoded by what they hold`() throws {
        let encodings = try fitted().columns.map(\.encoding)
        #expect(encodings[0] == .standardized(mean: 2, scale: (2.0 / 3).squareRoot()))
        #expect(encodings[1] == .oneHot(["blue", "red"]))
        #expect(encodings[2] == .hashedWords(64))
        #expect(encodings[3] == .ignored(reason: "it has one value only"))
        #expect(encodings[4] == .ignored(reason: "each of its texts is another single word, as an identifier is"))
    }

    @Test func `the user's word counts`() throws {
        let transform = try fitted(
            kinds: ["key": .categorical, "size": .categorical],
            used: ["key", "size"]
        )
        #expect(transform.columns[0].encoding == .oneHot(["1", "2", "3"]))
        #expect(transform.columns[4].encoding == .oneHot(["k1", "k2", "k3", "k4"]))
        #expect(transform.columns[1].encoding == .ignored(reason: "it is not among the FeatureAttributeNames"))
        #expect(transform.ranges == [0..<3, 3..<3, 3..<3, 3..<3, 3..<7])
    }

    @Test func `a row becomes numbers`() throws {
        let transform = try fitted(used: ["size", "colour"])
        #expect(transform.width == 3)
        func numbers(_ cells: [String]) throws -> [Float] {
            var features: [Float] = []
            try transform.append(cells, line: 1, to: &features)
            return features
        }
        let step = Float((3.0 / 2).squareRoot())
        #expect(try numbers(["1", "red", "", "", ""]) == [-step, 0, 1])
        #expect(try numbers(["NA", "green", "", "", ""]) == [0, 0, 0])
    }

    @Test func `dates become days and places in the year, the week and the day`() throws {
        let days = [["2024-03-09"], ["2024-03-11"], [""], ["2024-03-13"]]
        let transform = try FeatureTransform(fitting: ["day"], days, lines: [2, 3, 4, 5])
        #expect(transform.columns[0].encoding == .moment(mean: 19793, scale: (8.0 / 3).squareRoot()))
        var features: [Float] = []
        try transform.append(["2024-01-11T06:00:00Z"], line: 1, to: &features)
        // January, the Thursday from which 1970 counts, a quarter of the day.
        let expected: [Float] = [0, 1, 0, 1, 1, 0]
        #expect(features.count == 7)
        #expect(zip(features.dropFirst(), expected).allSatisfy { abs($0 - $1) < 1e-6 })
        #expect(throws: TabularError.self) { try transform.append(["9 March"], line: 1, to: &features) }
    }

    @Test(arguments: [
        ("1970-01-01", 0.0), ("2000-03-01", 11017), ("1969-12-31 12:00", -0.5),
        ("2024-02-29T18:00:00.5+02:00", 19782.75),
    ])
    func `dates are counted in days`(text: String, days: Double) { #expect(CalendarTime(text)?.days == days) }

    @Test(arguments: ["", "2024", "2024-13-01", "2024-1-1", "2024-01-01x", "01/02/2024", "2024-01-01 25:00"])
    func `other texts are no dates`(text: String) { #expect(CalendarTime(text) == nil) }

    @Test func `words share their columns`() throws {
        let transform = try fitted(used: ["note"])
        var features: [Float] = []
        try transform.append(["", "", "Sea, sea road", "", ""], line: 1, to: &features)
        #expect(features.count == 64 && features.reduce(0, +) > 0.99)
        #expect(features.max() ?? 0 > 0.6)
    }

    @Test(arguments: [
        (["many", "red", "", "", ""], "line 7, column 1: 'many' in the column size is not a number"),
        (
            ["1", "red"],
            "line 7: The row has 2 cells, but the model was trained with 5 columns: size, colour, note, same, key"
        ),
    ])
    func `a row that does not fit is refused`(cells: [String], message: String) throws {
        let transform = try fitted()
        var features: [Float] = []
        let error = #expect(throws: TabularError.self) { try transform.append(cells, line: 7, to: &features) }
        #expect(error?.description == message)
    }

    @Test func `a kind that the cells are not is refused`() {
        let error = #expect(throws: TabularError.self) { try fitted(kinds: ["colour": .numeric]) }
        #expect(error?.description == "line 2, column 2: 'red' in the column colour is not a number")
    }

    @Test func `a schema is read as it was written`() throws {
        let schema = TabularSchema(
            problem: .binary,
            target: "sold",
            transform: try fitted(),
            labels: LabelCoding(fitting: ["no", "yes"]),
            means: [0.5, -1]
        )
        #expect(try TabularSchema(json: JSON(parsing: schema.json.serialized())) == schema)
        #expect(throws: TabularError.self) { try TabularSchema(json: ["version": 2]) }
    }
}

@Suite struct CandidateMetricTests {
    @Test func `a regression's metrics`() {
        let metrics = CandidatePredictions.regression(predicted: [1, 2, 5], actual: [1, 2, 3]).metrics
        #expect(metrics[.mse] == 4.0 / 3)
        #expect(metrics[.mae] == 2.0 / 3)
        #expect(metrics[.rmse] == (4.0 / 3).squareRoot())
        #expect(metrics[.r2] == -1)
    }

    @Test func `a binary classification's metrics`() throws {
        let metrics = CandidatePredictions.binary(
            scores: [0.9, 0.4, 0.6, 0.1],
            predicted: [1, 0, 1, 0],
            actual: [1, 1, 0, 0]
        ).metrics
        #expect(metrics[.accuracy] == 0.5 && metrics[.balancedAccuracy] == 0.5 && metrics[.f1] == 0.5)
        #expect(metrics[.auc] == 0.75 && metrics[.precision] == 0.5 && metrics[.recall] == 0.5)
        // -(ln 0.9 + ln 0.4 + ln 0.4 + ln 0.9) / 4
        #expect(abs(try #require(metrics[.logLoss]) - 0.510826) < 1e-6)
    }

    @Test func `a multiclass classification's metrics`() throws {
        let metrics = CandidatePredictions.multiclass(
            scores: [[0.8, 0.1, 0.1], [0.5, 0.4, 0.1], [0.1, 0.8, 0.1], [0.3, 0.3, 0.4]],
            predicted: [0, 0, 1, 2],
            actual: [0, 1, 1, 2]
        ).metrics
        #expect(metrics[.accuracy] == 0.75)
        // scikit-learn's balanced_accuracy_score and the macro averages of precision, recall and F1
        #expect(abs(try #require(metrics[.balancedAccuracy]) - 0.833333) < 1e-6)
        #expect(abs(try #require(metrics[.precisionMacro]) - 0.833333) < 1e-6)
        #expect(abs(try #require(metrics[.recallMacro]) - 0.833333) < 1e-6)
        #expect(abs(try #require(metrics[.f1Macro]) - 0.777778) < 1e-6)
        #expect(metrics[.logLoss] != nil)
    }

    @Test func `the default objective is one that can be asked for`() {
        for problem in ProblemType.allCases {
            let default_ = CandidateMetric.defaultObjective(of: problem)
            #expect(CandidateMetric.objectives(of: problem).contains(default_))
        }
    }
}
