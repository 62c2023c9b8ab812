#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A hyperparameter to search, and the values it may take.
/// <https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-define-ranges.html>
public struct ParameterRange: Sendable, Hashable {
    public enum Values: Sendable, Hashable {
        /// One of these texts.
        case categorical([String])
        /// A whole number, both ends included.
        case integer(ClosedRange<Int>, Scaling)
        /// Any number, both ends included.
        case continuous(ClosedRange<Double>, Scaling)
    }

    /// The scale on which values are spread evenly.
    public enum Scaling: String, Sendable, Hashable, CaseIterable {
        /// Chosen from the range: logarithmic where it spans two powers of ten or more, else linear.
        case automatic = "Auto"
        case linear = "Linear"
        /// For ranges above zero.
        case logarithmic = "Logarithmic"
        /// For continuous ranges within 0 ≤ x < 1 whose interesting end is the one at 1.
        case reverseLogarithmic = "ReverseLogarithmic"
    }

    public var name: String
    public var values: Values

    private init(_ name: String, _ values: Values) {
        self.name = name
        self.values = values
    }

    /// - Throws: `SearchError` where there is no value, or one twice.
    public static func categorical(_ name: String, _ values: [String]) throws(SearchError) -> ParameterRange {
        guard !values.isEmpty else { throw SearchError("The categorical hyperparameter \(name) has no values.") }
        guard Set(values).count == values.count else {
            throw SearchError("The values of the categorical hyperparameter \(name) are not distinct.")
        }
        return ParameterRange(name, .categorical(values))
    }

    /// - Parameters:
    ///   - minimum: A whole number as text, as AWS's requests carry it.
    ///   - maximum: Likewise.
    /// - Throws: `SearchError` where the texts are not whole numbers in this order, or the scaling does not fit.
    public static func integer(
        _ name: String,
        from minimum: String,
        to maximum: String,
        scaling: Scaling = .automatic
    ) throws(SearchError) -> ParameterRange {
        guard let low = Int(minimum), let high = Int(maximum) else {
            throw SearchError("The MinValue and MaxValue of the hyperparameter \(name) must be integers.")
        }
        guard low <= high else { throw SearchError.reversed(name, minimum, maximum) }
        let scaling = scaling.resolved(from: Double(low), to: Double(high))
        guard scaling != .logarithmic || low > 0 else { throw SearchError.notPositive(name) }
        guard scaling != .reverseLogarithmic else {
            throw SearchError(
                "The hyperparameter \(name) is an integer: ReverseLogarithmic scaling is for continuous hyperparameters."
            )
        }
        return ParameterRange(name, .integer(low...high, scaling))
    }

    /// - Parameters:
    ///   - minimum: A number as text, as AWS's requests carry it.
    ///   - maximum: Likewise.
    /// - Throws: `SearchError` where the texts are not numbers in this order, or the scaling does not fit.
    public static func continuous(
        _ name: String,
        from minimum: String,
        to maximum: String,
        scaling: Scaling = .automatic
    ) throws(SearchError) -> ParameterRange {
        guard let low = Double(minimum), let high = Double(maximum), low.isFinite, high.isFinite else {
            throw SearchError("The MinValue and MaxValue of the hyperparameter \(name) must be numbers.")
        }
        guard low <= high else { throw SearchError.reversed(name, minimum, maximum) }
        let scaling = scaling.resolved(from: low, to: high)
        guard scaling != .logarithmic || low > 0 else { throw SearchError.notPositive(name) }
        guard scaling != .reverseLogarithmic || (low >= 0 && high < 1) else {
            throw SearchError(
                "The hyperparameter \(name) has ReverseLogarithmic scaling: its range must lie within 0 <= x < 1.0."
            )
        }
        return ParameterRange(name, .continuous(low...high, scaling))
    }
}

extension ParameterRange.Scaling {
    fileprivate func resolved(from low: Double, to high: Double) -> Self {
        guard self == .automatic else { return self }
        return low > 0 && high / low >= 100 ? .logarithmic : .linear
    }

    func forward(_ value: Double) -> Double {
        switch self {
        case .automatic, .linear: value
        case .logarithmic: log(value)
        case .reverseLogarithmic: -log(1 - value)
        }
    }

    func backward(_ value: Double) -> Double {
        switch self {
        case .automatic, .linear: value
        case .logarithmic: exp(value)
        case .reverseLogarithmic: 1 - exp(-value)
        }
    }
}

/// A search that cannot be made as it was asked for: a sentence for the person who asked.
public struct SearchError: Error, Hashable, CustomStringConvertible {
    public var description: String

    public init(_ description: String) { self.description = description }

    fileprivate static func reversed(_ name: String, _ minimum: String, _ maximum: String) -> SearchError {
        SearchError(
            "The MinValue \(minimum) of the hyperparameter \(name) must not be greater than its MaxValue \(maximum)."
        )
    }

    fileprivate static func notPositive(_ name: String) -> SearchError {
        SearchError("The hyperparameter \(name) has Logarithmic scaling: its MinValue must be greater than 0.")
    }
}
