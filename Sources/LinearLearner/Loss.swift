#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The loss functions of linear-learner.
enum Loss: Equatable {
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

    /// Whether second derivatives lead anywhere.
    var isSmooth: Bool {
        switch self {
        case .logistic, .softmax, .squared, .insensitiveSquared, .huber: true
        case .hinge, .absolute, .insensitiveAbsolute, .quantile: false
        }
    }

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
    @inline(__always)
    func evaluate(score: Float, label: Float) -> (value: Float, slope: Float, curvature: Float) {
        let residual = score - label
        switch self {
        case .logistic, .softmax:
            let tail = expf(-abs(score))
            let probability = score >= 0 ? 1 / (1 + tail) : tail / (1 + tail)
            let value = log1pf(tail) + max(score, 0) - label * score
            return (value, probability - label, probability * (1 - probability))
        case .hinge(let margin):
            let sign: Float = label > 0.5 ? 1 : -1
            let gap = Float(margin) - sign * score
            return gap > 0 ? (gap, -sign, 0) : (0, 0, 0)
        case .squared: return (residual * residual / 2, residual, 1)
        case .absolute: return (abs(residual), residual > 0 ? 1 : residual < 0 ? -1 : 0, 0)
        case .insensitiveSquared(let width):
            let excess = abs(residual) - Float(width)
            return excess > 0 ? (excess * excess / 2, residual > 0 ? excess : -excess, 1) : (0, 0, 0)
        case .insensitiveAbsolute(let width):
            let excess = abs(residual) - Float(width)
            return excess > 0 ? (excess, residual > 0 ? 1 : -1, 0) : (0, 0, 0)
        case .quantile(let quantile):
            let q = Float(quantile)
            return residual > 0 ? ((1 - q) * residual, 1 - q, 0) : (-q * residual, -q, 0)
        case .huber(let delta):
            let delta = Float(delta)
            let size = abs(residual)
            return size <= delta
                ? (residual * residual / 2, residual, 1)
                : (delta * (size - delta / 2), residual > 0 ? delta : -delta, 0)
        }
    }
}
