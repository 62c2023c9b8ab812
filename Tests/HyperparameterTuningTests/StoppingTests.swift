import Testing

@testable import HyperparameterTuning

@Suite struct StoppingTests {
    @Test(arguments: [
        ([1.0, 0.9], [[1.0, 0.5], [1.0, 0.7]], Goal.minimize, true),
        ([1.0, 0.6], [[1.0, 0.5], [1.0, 0.7]], .minimize, false),
        ([0.1, 0.2], [[0.5, 0.9]], .maximize, true),
        ([0.1, 0.95], [[0.5, 0.9]], .maximize, false),
        ([0.1, 0.2], [[0.5]], .maximize, true),
        ([0.1, 0.2], [[]], .maximize, false),
        ([], [[0.5]], .maximize, false),
    ])
    func `a curve below the median of running averages is stopped`(
        curve: [Double],
        earlier: [[Double]],
        goal: Goal,
        stops: Bool
    ) {
        #expect(MedianStopping.stops(curve, earlier: earlier, goal: goal) == stops)
    }

    @Test func `Hyperband's brackets begin with more trials the sooner they are compared`() throws {
        let hyperband = try Hyperband(minimum: 1, maximum: 27, goal: .minimize)
        #expect(hyperband.rungs(ofBracket: 0) == [1, 3, 9])
        #expect(hyperband.rungs(ofBracket: 2) == [9])
        #expect(hyperband.rungs(ofBracket: 3) == [])
        let counts = (0..<49).reduce(into: [0, 0, 0, 0]) { $0[hyperband.bracket(ofTrial: $1)] += 1 }
        #expect(counts == [27, 12, 6, 4])
    }

    @Test func `Hyperband gives up all but the best third at each rung, and ends at the greatest resource`() throws {
        let hyperband = try Hyperband(minimum: 1, maximum: 9, goal: .maximize)
        var curves: [Int: [Double]] = [0: [0.5], 1: [0.4]]
        #expect(!hyperband.stops(1, curves: curves))
        curves[2] = [0.3]
        #expect(hyperband.stops(2, curves: curves))
        curves[3] = [0.6]
        #expect(!hyperband.stops(3, curves: curves))
        curves[3] = [0.6, 0.6]
        #expect(!hyperband.stops(3, curves: curves))
        curves[3] = Array(repeating: 0.6, count: 9)
        #expect(hyperband.stops(3, curves: curves))
    }

    @Test func `Hyperband spends its epochs on the promising`() throws {
        let hyperband = try Hyperband(minimum: 1, maximum: 27, goal: .minimize)
        var curves: [Int: [Double]] = [:]
        for trial in 0..<27 {
            // The quality of a trial shows from its first epoch on.
            let quality = Double((trial * 11) % 27)
            repeat {
                curves[trial, default: []].append(quality + 1 / Double(curves[trial]?.count ?? 0 + 1))
            } while !hyperband.stops(trial, curves: curves)
        }
        let spent = curves.values.reduce(0) { $0 + $1.count }
        #expect(spent < 27 * 27 / 3)
        #expect(curves[0]?.count == 27)
    }

    @Test func `progress counts what did not improve by a hundredth`() {
        let progress = Progress([1, 0.5, 0.499, 0.6, 0.498], goal: .minimize)
        #expect(progress.best == 0.498)
        #expect(progress.notImproving == 3)
        #expect(progress.reaches(0.498) && progress.reaches(0.6) && !progress.reaches(0.4))
        #expect(!Progress([], goal: .maximize).reaches(0))
        #expect(Progress(Array(repeating: 1, count: 21), goal: .maximize).isConverged)
    }
}
