import Testing

@testable import HyperparameterTuning

@Suite struct SearchSpaceTests {
    @Test(arguments: [
        (ParameterRange.Scaling.linear, "0", "10", 0.5, 5.0),
        (.logarithmic, "0.0001", "1", 0.5, 0.01),
        (.reverseLogarithmic, "0", "0.99", 0.5, 0.9),
        (.automatic, "0.0001", "1", 0.5, 0.01),
        (.automatic, "1", "10", 0.5, 5.5),
    ])
    func `a scale says where the middle is`(
        scaling: ParameterRange.Scaling,
        low: String,
        high: String,
        point: Double,
        expected: Double
    ) throws {
        let space = try SearchSpace([.continuous("x", from: low, to: high, scaling: scaling)])
        let text = try #require(space.values(at: [point])["x"])
        let value = try #require(Double(text))
        #expect(abs(value - expected) < 1e-9 * max(1, expected))
        let back = try #require(space.point(of: ["x": text])?.first)
        #expect(abs(back - point) < 1e-9)
    }

    @Test func `each whole number of a linear range has an equal share, ends included`() throws {
        let space = try SearchSpace([.integer("n", from: "1", to: "4", scaling: .linear)])
        let values = (0..<400).map { space.values(at: [(Double($0) + 0.5) / 400])["n"] ?? "" }
        #expect(["1", "2", "3", "4"].map { value in values.count { $0 == value } } == [100, 100, 100, 100])
        #expect(space.values(at: [1])["n"] == "4")
        #expect(space.values(at: [0])["n"] == "1")
    }

    @Test func `categories are coordinates of their own`() throws {
        let space = try SearchSpace([
            .categorical("optimizer", ["sgd", "adam"]), .integer("n", from: "1", to: "2"),
        ])
        #expect(space.dimensions == 3)
        #expect(space.count == 4)
        #expect(space.values(at: [0.2, 0.7, 0.1]) == ["optimizer": "adam", "n": "1"])
        #expect(space.point(of: ["optimizer": "adam", "n": "3"]) == nil)
        #expect(space.point(of: ["optimizer": "adam"]) == nil)
    }

    @Test func `what cannot be searched is told`() {
        let cases: [(() throws -> Void, String)] = [
            ({ _ = try ParameterRange.integer("n", from: "x", to: "2") }, "must be integers"),
            ({ _ = try ParameterRange.integer("n", from: "3", to: "2") }, "must not be greater"),
            ({ _ = try ParameterRange.integer("n", from: "0", to: "2", scaling: .logarithmic) }, "greater than 0"),
            ({ _ = try ParameterRange.integer("n", from: "0", to: "2", scaling: .reverseLogarithmic) }, "continuous"),
            ({ _ = try ParameterRange.continuous("x", from: "nan", to: "2") }, "must be numbers"),
            ({ _ = try ParameterRange.continuous("x", from: "0", to: "1", scaling: .reverseLogarithmic) }, "0 <= x"),
            ({ _ = try ParameterRange.categorical("c", []) }, "no values"),
            ({ _ = try SearchSpace([]) }, "At least one"),
            (
                { _ = try SearchSpace([.categorical("c", ["a"]), .integer("c", from: "1", to: "2")]) },
                "more than one range"
            ),
            ({ _ = try Hyperband(minimum: 9, maximum: 3, goal: .minimize) }, "MinResource"),
        ]
        for (action, words) in cases {
            let error = #expect(throws: SearchError.self) { try action() }
            #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
        }
    }
}
