import Foundation
import Testing

@testable import HyperparameterTuning

@Suite struct SearchTests {
    private static let space: @Sendable () throws -> SearchSpace = {
        try SearchSpace([.categorical("a", ["1", "2"]), .categorical("b", ["x", "y", "z"])])
    }

    @Test func `a grid gives each combination once, in order, and ends`() throws {
        let search = try Search(Self.space(), strategy: .grid, goal: .minimize, seed: 0)
        let all = (0..<7).map { search.values(ofTrial: $0, after: []) }
        #expect(all[0] == ["a": "1", "b": "x"])
        #expect(all[1] == ["a": "1", "b": "y"])
        #expect(all[5] == ["a": "2", "b": "z"])
        #expect(all[6] == nil)
        #expect(Set(all.compactMap(\.self)).count == 6)
    }

    @Test func `a grid is made of categories`() throws {
        #expect(throws: SearchError.self) {
            try Search(
                SearchSpace([.integer("n", from: "1", to: "3")]),
                strategy: .grid,
                goal: .minimize,
                seed: 0
            )
        }
    }

    @Test(arguments: [Search.Strategy.random, .bayesian, .hyperband])
    func `a seed gives the same trials, another seed others`(strategy: Search.Strategy) throws {
        func trials(seed: UInt64) throws -> [[String: String]] {
            try TestFunction.branin.run(strategy, seed: seed, trials: 12).map(\.values)
        }
        #expect(try trials(seed: 7) == trials(seed: 7))
        #expect(try trials(seed: 7) != trials(seed: 8))
    }

    @Test(arguments: [Search.Strategy.random, .bayesian])
    func `nothing is tried twice as long as there is something else`(strategy: Search.Strategy) throws {
        let search = try Search(Self.space(), strategy: strategy, goal: .maximize, seed: 3)
        var history: [Trial] = []
        for number in 0..<6 {
            let values = try #require(search.values(ofTrial: number, after: history))
            history.append(Trial(values, .objective(Double(number))))
        }
        #expect(Set(history.map(\.values)).count == 6)
        #expect(search.values(ofTrial: 6, after: history) != nil)
    }

    @Test func `parallel trials spread`() throws {
        let function = TestFunction.branin
        var history = try function.run(.bayesian, seed: 1, trials: 12)
        let search = try function.search(.bayesian, seed: 1)
        for number in 12..<16 {
            history.append(Trial(try #require(search.values(ofTrial: number, after: history))))
        }
        #expect(Set(history.suffix(4).map(\.values)).count == 4)
    }

    @Test func `failed trials are kept away from`() throws {
        let search = try Search(
            SearchSpace([.continuous("x", from: "0", to: "1")]),
            strategy: .bayesian,
            goal: .minimize,
            seed: 5
        )
        var history: [Trial] = []
        for number in 0..<20 {
            let values = try #require(search.values(ofTrial: number, after: history))
            let x = try #require(Double(values["x"] ?? ""))
            history.append(Trial(values, x < 0.5 ? .failed : .objective((x - 0.6) * (x - 0.6))))
        }
        #expect(history.suffix(8).count { $0.outcome == .failed } <= 2)
    }

    /// The bar: with half the trials, the model finds what random search does not.
    @Test(arguments: TestFunction.all)
    func `expected improvement finds an optimum in fewer trials than random search`(function: TestFunction) throws {
        var informed: [Double] = []
        var random: [Double] = []
        for seed in UInt64(0)..<3 {
            informed.append(try function.best(.bayesian, seed: seed, trials: 20))
            random.append(try function.best(.random, seed: seed, trials: 40))
        }
        let (mine, theirs) = (informed.sorted()[1], random.sorted()[1])
        #expect(mine < theirs, "\(function.name): \(mine) in 20 trials, random \(theirs) in 40")
        #expect(mine < function.goodEnough, "\(function.name): \(mine)")
    }
}

/// A function whose least value is zero.
struct TestFunction: Sendable, CustomTestStringConvertible {
    var name: String
    var ranges: @Sendable () throws -> [ParameterRange]
    var goodEnough: Double
    var value: @Sendable ([String: String]) -> Double

    var testDescription: String { name }

    static let branin = TestFunction(
        name: "Branin",
        ranges: { try [.continuous("x", from: "-5", to: "10"), .continuous("y", from: "0", to: "15")] },
        goodEnough: 0.3
    ) { values in
        let (x, y) = (number(values, "x"), number(values, "y"))
        let curve = y - 5.1 / (4 * .pi * .pi) * x * x + 5 / .pi * x - 6
        return curve * curve + 10 * (1 - 1 / (8 * .pi)) * cos(x) + 10 - 0.397887
    }

    /// A rate on a logarithmic scale, a whole number and a category, as learners have.
    static let learner = TestFunction(
        name: "learner",
        ranges: {
            try [
                .continuous("rate", from: "0.00001", to: "1", scaling: .logarithmic),
                .integer("depth", from: "1", to: "20"), .categorical("optimizer", ["sgd", "adam", "rmsprop"]),
            ]
        },
        goodEnough: 0.15
    ) { values in
        let rate = log10(number(values, "rate")) + 2.5
        let depth = (number(values, "depth") - 7) / 10
        return rate * rate * 0.3 + depth * depth + (values["optimizer"] == "adam" ? 0 : 0.4)
    }

    static let bowl = TestFunction(
        name: "bowl of five dimensions",
        ranges: { try (0..<5).map { try .continuous("x\($0)", from: "0", to: "1") } },
        goodEnough: 0.05
    ) { values in
        (0..<5).reduce(0) { sum, index in
            let offset = number(values, "x\(index)") - 0.2 - 0.12 * Double(index)
            return sum + offset * offset
        }
    }

    static let all = [branin, learner, bowl]

    func search(_ strategy: Search.Strategy, seed: UInt64) throws -> Search {
        try Search(SearchSpace(ranges()), strategy: strategy, goal: .minimize, seed: seed)
    }

    func run(_ strategy: Search.Strategy, seed: UInt64, trials: Int) throws -> [Trial] {
        let search = try search(strategy, seed: seed)
        var history: [Trial] = []
        for number in 0..<trials {
            guard let values = search.values(ofTrial: number, after: history) else { break }
            history.append(Trial(values, .objective(value(values))))
        }
        return history
    }

    func best(_ strategy: Search.Strategy, seed: UInt64, trials: Int) throws -> Double {
        try run(strategy, seed: seed, trials: trials).compactMap(\.objective).min() ?? .infinity
    }

    private static func number(_ values: [String: String], _ name: String) -> Double {
        Double(values[name] ?? "") ?? .nan
    }
}
