/// A square part of a drawing with two scaled axes.
struct PlotArea {
    let x: Axis
    let y: Axis
    var left = 64.0
    var top = 48.0
    var side = 300.0

    struct Axis {
        var label: String
        var range: ClosedRange<Double>
        var ticks: [Double]

        /// An axis over at least the range given, with ticks at round numbers.
        init(_ label: String, covering range: ClosedRange<Double>) {
            let width = max(range.upperBound - range.lowerBound, abs(range.upperBound) * 1e-9, 1e-12)
            let step = Self.roundStep(width / 4)
            let first = (range.lowerBound / step).rounded(.down)
            let last = max((range.upperBound / step).rounded(.up), first + 1)
            self.label = label
            self.range = (first * step)...(last * step)
            ticks = (0...Int(last - first)).map { (first + Double($0)) * step }
        }

        /// From nothing to all.
        static func share(_ label: String) -> Axis { Axis(label, covering: 0...1) }

        /// The next greater of 1, 2, 2.5 and 5 times a power of ten.
        private static func roundStep(_ width: Double) -> Double {
            var power = 1.0
            while power > width { power /= 10 }
            while power * 10 <= width { power *= 10 }
            return ([1, 2, 2.5, 5].first { $0 * power >= width * 0.999_999 } ?? 10) * power
        }
    }

    func point(_ value: (x: Double, y: Double)) -> (Double, Double) {
        (
            left + side * (value.x - x.range.lowerBound) / (x.range.upperBound - x.range.lowerBound),
            top + side * (y.range.upperBound - value.y) / (y.range.upperBound - y.range.lowerBound)
        )
    }

    /// A drawing with the title, the grid and the axes.
    func drawing(title: String) -> SVG {
        var svg = SVG(width: left + side + 28, height: top + side + 56, title: title)
        svg.text(title, at: (left, 28), "title")
        for tick in x.ticks {
            let place = point((tick, y.range.lowerBound)).0
            svg.line((place, top), (place, top + side), "grid")
            svg.text(Self.text(tick), at: (place, top + side + 18), "faint middle")
        }
        for tick in y.ticks {
            let place = point((x.range.lowerBound, tick)).1
            svg.line((left, place), (left + side, place), "grid")
            svg.text(Self.text(tick), at: (left - 8, place + 4), "faint end")
        }
        svg.polyline([(left, top), (left, top + side), (left + side, top + side)], "axis")
        svg.text(x.label, at: (left + side / 2, top + side + 42), "middle")
        svg.text(y.label, at: (18, top + side / 2), "middle", isUpward: true)
        return svg
    }

    /// A tick's number: as few digits as tell it.
    static func text(_ value: Double) -> String {
        let magnitude = abs(value)
        guard magnitude < 1e6, magnitude >= 0.01 || magnitude < 1e-12 else { return shortExponent(value) }
        return SVG.text(value)
    }

    private static func shortExponent(_ value: Double) -> String {
        var (mantissa, exponent) = (value, 0)
        while abs(mantissa) >= 10 {
            mantissa /= 10
            exponent += 1
        }
        while abs(mantissa) < 1 {
            mantissa *= 10
            exponent -= 1
        }
        return "\(SVG.text(mantissa))e\(exponent)"
    }
}
