#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// How a step follows from a gradient.
struct OptimizerSettings: Hashable, Sendable {
    enum Method: String, Sendable { case sgd, adam, rmsprop }

    var method: Method
    var learningRate: Double
    var momentum: Double
    var beta1: Double
    var beta2: Double
    var biasRateFactor: Double
    /// After so many steps the rate is multiplied by `scheduleFactor`, down to `minimumRate`; nil: never.
    var scheduleStep: Int?
    var scheduleFactor: Double
    var minimumRate: Double
    var batchSize: Int

    /// One for each learning rate to try.
    static func all(_ parameters: Hyperparameters, rowCount: Int) -> [OptimizerSettings] {
        let method = Method(rawValue: parameters["optimizer"]) ?? .adam
        let rates = parameters.number("learning_rate").map { [$0] } ?? (method == .adam ? [0.1, 0.01] : [0.05, 0.005])
        let requested = parameters.integer("mini_batch_size") ?? 1000
        let batch = parameters.isProvided("mini_batch_size") ? requested : min(requested, max(16, rowCount / 20))
        let epochs = parameters.integer("epochs") ?? 15
        let steps = max(1, epochs * ((rowCount + batch - 1) / max(batch, 1)))
        let isScheduled = parameters.boolean("use_lr_scheduler") ?? true
        return rates.map { rate in
            OptimizerSettings(
                method: method,
                learningRate: rate,
                momentum: parameters.number("momentum") ?? 0.9,
                beta1: parameters.number("beta_1") ?? 0.9,
                beta2: parameters.number("beta_2") ?? (method == .adam ? 0.999 : 0.9),
                biasRateFactor: parameters.number("bias_lr_mult") ?? 1,
                scheduleStep: isScheduled ? parameters.integer("lr_scheduler_step") ?? max(1, steps / 100) : nil,
                // By default the rate falls to a hundredth over the whole training.
                scheduleFactor: parameters.number("lr_scheduler_factor")
                    ?? pow(0.01, Double(max(1, steps / 100)) / Double(steps)),
                minimumRate: parameters.number("lr_scheduler_minimum_lr") ?? 1e-5,
                batchSize: max(batch, 1)
            )
        }
    }
}

/// The coefficients that stochastic training starts from.
struct Initialization: Sendable {
    var isNormal: Bool
    /// Half the width of the uniform, or the deviation of the normal distribution.
    var scale: Float
    var bias: Float

    init(_ parameters: Hyperparameters) {
        isNormal = parameters["init_method"] == "normal"
        scale = Float(parameters.number(isNormal ? "init_sigma" : "init_scale") ?? 0.07)
        bias = Float(parameters.number("init_bias") ?? 0)
    }

    func next(_ random: inout SplitMix64) -> Float {
        guard isNormal else { return (random.nextUnit() * 2 - 1) * scale }
        let (u, v) = (1 - random.nextUnit(), random.nextUnit())
        return (-2 * logf(u)).squareRoot() * cosf(2 * .pi * v) * scale
    }
}

/// Sebastiano Vigna's SplitMix64: equal seeds give equal numbers on every machine.
struct SplitMix64: Sendable {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// From 0 up to but not including 1.
    mutating func nextUnit() -> Float { Float(next() >> 40) / Float(1 << 24) }

    mutating func shuffle<Element>(_ elements: inout [Element]) {
        for index in stride(from: elements.count - 1, to: 0, by: -1) {
            elements.swapAt(index, Int(next() % UInt64(index + 1)))
        }
    }
}
