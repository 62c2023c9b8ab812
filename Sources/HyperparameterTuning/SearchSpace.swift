/// All combinations of the values of some hyperparameters, also as points of a unit cube.
///
/// A number is one coordinate of the cube, on its own scale; a category is one coordinate for each of its values, of
/// which the highest counts.
public struct SearchSpace: Sendable, Hashable {
    public let ranges: [ParameterRange]

    /// - Throws: `SearchError` where there is no range, or two of one name.
    public init(_ ranges: [ParameterRange]) throws(SearchError) {
        guard !ranges.isEmpty else { throw SearchError("At least one hyperparameter range is needed.") }
        var names: Set<String> = []
        for range in ranges where !names.insert(range.name).inserted {
            throw SearchError("The hyperparameter \(range.name) has more than one range.")
        }
        self.ranges = ranges
    }

    /// The number of combinations, nil where a continuous range makes it infinite or it is beyond counting.
    public var count: Int? {
        var product = 1
        for range in ranges {
            let count: Int
            switch range.values {
            case .categorical(let values): count = values.count
            case .integer(let bounds, _):
                let (difference, overflow) = bounds.upperBound.subtractingReportingOverflow(bounds.lowerBound)
                guard !overflow, difference < Int.max else { return nil }
                count = difference + 1
            case .continuous(let bounds, _): count = bounds.lowerBound == bounds.upperBound ? 1 : 0
            }
            let (next, overflow) = product.multipliedReportingOverflow(by: count)
            guard count > 0, !overflow else { return nil }
            product = next
        }
        return product
    }

    /// The coordinates of each range: where a point's part for it begins, and how many there are.
    var groups: [Range<Int>] {
        var start = 0
        return ranges.map { range in
            let length = if case .categorical(let values) = range.values { values.count } else { 1 }
            defer { start += length }
            return start..<start + length
        }
    }

    var dimensions: Int { groups.last?.upperBound ?? 0 }

    /// The values at a point of the cube.
    func values(at point: [Double]) -> [String: String] {
        var values: [String: String] = [:]
        for (range, group) in zip(ranges, groups) {
            values[range.name] = range.value(at: point[group])
        }
        return values
    }

    /// The point of some values; nil where they lack a hyperparameter, or one of them lies outside its range.
    func point(of values: [String: String]) -> [Double]? {
        var point: [Double] = []
        for range in ranges {
            guard let value = values[range.name], let coordinates = range.coordinates(of: value) else { return nil }
            point += coordinates
        }
        return point
    }

    /// The point of the values at a point: what rounding and choosing leave of it.
    func snapped(_ point: [Double]) -> [Double] { self.point(of: values(at: point)) ?? point }
}

extension ParameterRange {
    fileprivate func value(at coordinates: ArraySlice<Double>) -> String {
        switch values {
        case .categorical(let values):
            let best = coordinates.indices.max { coordinates[$0] < coordinates[$1] } ?? coordinates.startIndex
            return values[best - coordinates.startIndex]
        case .integer(let bounds, let scaling):
            // Half a step beyond each end, so that the ends come as often as the others.
            let (low, high) = Self.ends(bounds, scaling)
            let value = scaling.backward(low + (coordinates.first ?? 0) * (high - low)).rounded()
            guard let whole = Int(exactly: value) else { return String(bounds.lowerBound) }
            return String(min(max(whole, bounds.lowerBound), bounds.upperBound))
        case .continuous(let bounds, let scaling):
            let low = scaling.forward(bounds.lowerBound)
            let high = scaling.forward(bounds.upperBound)
            let value = scaling.backward(low + (coordinates.first ?? 0) * (high - low))
            return "\(min(max(value, bounds.lowerBound), bounds.upperBound))"
        }
    }

    fileprivate func coordinates(of value: String) -> [Double]? {
        switch values {
        case .categorical(let values):
            guard let index = values.firstIndex(of: value) else { return nil }
            return values.indices.map { $0 == index ? 1 : 0 }
        case .integer(let bounds, let scaling):
            guard let number = Int(value), bounds.contains(number) else { return nil }
            let (low, high) = Self.ends(bounds, scaling)
            return [(scaling.forward(Double(number)) - low) / (high - low)]
        case .continuous(let bounds, let scaling):
            guard let number = Double(value), bounds.contains(number) else { return nil }
            let low = scaling.forward(bounds.lowerBound)
            let high = scaling.forward(bounds.upperBound)
            return [high > low ? (scaling.forward(number) - low) / (high - low) : 0]
        }
    }

    private static func ends(_ bounds: ClosedRange<Int>, _ scaling: Scaling) -> (Double, Double) {
        let low = Double(bounds.lowerBound) - (scaling == .logarithmic ? 0.49 : 0.5)
        return (scaling.forward(low), scaling.forward(Double(bounds.upperBound) + 0.5))
    }
}
