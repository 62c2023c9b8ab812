#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The loss functions of linear-learner.
enum Loss: Equatable, Sendable {
    case logistic
    case hinge(margin: Double)
    case softmax
    case squared
    case absolute
    case insensitiveSquared(width: Double)
    case insensitiveAbsolute(width: Double)
    case quantile(Double)
    case huber(delta: Double)

    /// As the hyperparameter `loss` names them, the default of each predictor type before others of its type.
    static let names = [
        "logistic", "hinge_loss", "softmax_loss", "squared_loss", "absolute_loss", "eps_insensitive_squared_loss",
        "eps_insensitive_absolute_loss", "quantile_loss", "huber_loss",
    ]

    var name: String {
        switch self {
        case .logistic: "logistic"
        case .hinge: "hinge_loss"
        case .softmax: "softmax_loss"
        case .squared: "squared_loss"
        case .absolute: "absolute_loss"
        case .insensitiveSquared: "eps_insensitive_squared_loss"
        case .insensitiveAbsolute: "eps_insensitive_absolute_loss"
        case .quantile: "quantile_loss"
        case .huber: "huber_loss"
        }
    }

    /// Whether the second derivative is the same everywhere.
    var isQuadratic: Bool { self == .squared }

    /// This loss for labels divided by `deviation`.
    func scaled(by deviation: Double) -> Loss {
        switch self {
        case .insensitiveSquared(let width): .insensitiveSquared(width: width / deviation)
        case .insensitiveAbsolute(let width): .insensitiveAbsolute(width: width / deviation)
        case .huber(let delta): .huber(delta: delta / deviation)
        default: self
        }
    }

    /// Loss, first and second derivative by the score of one row. Not for softmax, which has several scores.
    /// - Parameter rounding: Over which distance from its corner a loss that has one is a parabola; 0: nowhere. Of the
    ///   Huber loss the least delta.
    @inline(__always)
    func evaluate(score: Float, label: Float, rounding: Float = 0) -> (value: Float, slope: Float, curvature: Float) {
        let residual = score - label
        switch self {
        case .logistic, .softmax:
            let tail = expf(-abs(score))
            let probability = score >= 0 ? 1 / (1 + tail) : tail / (1 + tail)
            let value = log1pf(tail) + max(score, 0) - label * score
            return (value, probability - label, probability * (1 - probability))
        case .hinge(let margin):
            let sign: Float = label > 0.5 ? 1 : -1
            let (value, slope, curvature) = Self.ramp(Float(margin) - sign * score, rounding)
            return (value, -sign * slope, curvature)
        case .squared: return (residual * residual / 2, residual, 1)
        case .absolute: return Self.corner(residual, rounding)
        case .insensitiveSquared(let width):
            let excess = abs(residual) - Float(width)
            return excess > 0 ? (excess * excess / 2, residual > 0 ? excess : -excess, 1) : (0, 0, 0)
        case .insensitiveAbsolute(let width):
            let (value, slope, curvature) = Self.ramp(abs(residual) - Float(width), rounding)
            return (value, residual > 0 ? slope : -slope, curvature)
        case .quantile(let quantile):
            // Half the absolute value, tilted.
            let tilt = 0.5 - Float(quantile)
            let (value, slope, curvature) = Self.corner(residual, rounding)
            return (value / 2 + tilt * residual, slope / 2 + tilt, curvature / 2)
        case .huber(let delta):
            let delta = max(Float(delta), rounding)
            let size = abs(residual)
            return size <= delta
                ? (residual * residual / 2, residual, 1)
                : (delta * (size - delta / 2), residual > 0 ? delta : -delta, 0)
        }
    }

    /// The absolute value, its corner rounded.
    @inline(__always)
    private static func corner(_ x: Float, _ rounding: Float) -> (value: Float, slope: Float, curvature: Float) {
        guard abs(x) < rounding else { return (abs(x), x > 0 ? 1 : x < 0 ? -1 : 0, 0) }
        return (x * x / (2 * rounding) + rounding / 2, x / rounding, 1 / rounding)
    }

    /// What of a number is above 0, the corner rounded.
    @inline(__always)
    private static func ramp(_ x: Float, _ rounding: Float) -> (value: Float, slope: Float, curvature: Float) {
        guard x > 0 else { return (0, 0, 0) }
        guard x < rounding else { return (x - rounding / 2, 1, 0) }
        return (x * x / (2 * rounding), x / rounding, 1 / rounding)
    }
}
