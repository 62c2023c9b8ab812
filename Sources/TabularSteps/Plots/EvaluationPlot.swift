/// A drawing that goes with a model-quality report.
public struct EvaluationPlot: Sendable, Hashable {
    /// `confusion_matrix.svg`
    public var fileName: String
    /// A whole SVG document, readable on a light and on a dark ground.
    public var svg: String

    private static let curveClasses = ["one", "two", "three"]
    /// More points would only hide each other.
    private static let maximumPoints = 2000

    // MARK: Classification

    /// How often each class was taken for each.
    /// - Parameter matrix: Counts by actual, then by predicted class.
    public static func confusionMatrix(_ matrix: [[Int]]) -> EvaluationPlot {
        let count = matrix.count
        let (left, top) = (72.0, 64.0)
        let cell = max(36, min(80, 320 / Double(max(count, 1))))
        let side = cell * Double(count)
        let title = "Confusion matrix"
        var svg = SVG(width: max(left + side + 28, 240), height: top + side + 56, title: title)
        svg.text(title, at: (left, 28), "title")
        for (actual, row) in matrix.enumerated() {
            let total = max(row.reduce(0, +), 1)
            let y = top + cell * Double(actual)
            svg.text(String(actual), at: (left - 10, y + cell / 2 + 4), "faint end")
            svg.text(String(actual), at: (left + cell * (Double(actual) + 0.5), top - 8), "faint middle")
            for (predicted, cases) in row.enumerated() {
                let x = left + cell * Double(predicted)
                let share = Double(cases) / Double(total)
                // Never so strong that the ink on it cannot be read.
                svg.rectangle(x: x, y: y, width: cell, height: cell, "cell", opacity: 0.06 + 0.39 * share)
                svg.text(String(cases), at: (x + cell / 2, y + cell / 2 + 4), "middle")
            }
        }
        svg.text("Predicted class", at: (left + side / 2, top + side + 28), "middle")
        svg.text("Actual class", at: (24, top + side / 2), "middle", isUpward: true)
        return EvaluationPlot(fileName: "confusion_matrix.svg", svg: svg.serialized)
    }

    /// True against false positives as the threshold falls.
    /// - Parameter curves: Named rankings; the first three are drawn.
    public static func rocCurve(_ curves: [(name: String, curve: RankingCurve)]) -> EvaluationPlot {
        let area = PlotArea(x: .share("False positive rate"), y: .share("True positive rate"))
        var svg = area.drawing(title: "ROC curve")
        svg.line(area.point((0, 0)), area.point((1, 1)), "chance")
        for (index, entry) in curves.prefix(curveClasses.count).enumerated() {
            let points = zip(entry.curve.falsePositiveRates, entry.curve.truePositiveRates).map { area.point(($0, $1)) }
            svg.polyline(points, "curve \(curveClasses[index])")
            legend("\(entry.name)AUC \(rounded(entry.curve.area))", index, area, &svg)
        }
        return EvaluationPlot(fileName: "roc_curve.svg", svg: svg.serialized)
    }

    /// Precision against recall as the threshold falls.
    /// - Parameter share: The part of the cases that are of class 1: a guess's precision.
    public static func precisionRecallCurve(_ curve: RankingCurve, share: Double) -> EvaluationPlot {
        let area = PlotArea(x: .share("Recall"), y: .share("Precision"))
        var svg = area.drawing(title: "Precision-recall curve")
        svg.line(area.point((0, share)), area.point((1, share)), "chance")
        let points = zip(curve.truePositiveRates, curve.precisions).map { area.point(($0, $1)) }
        svg.polyline(points, "curve one")
        legend("Average precision \(rounded(curve.averagePrecision))", 0, area, &svg)
        return EvaluationPlot(fileName: "precision_recall_curve.svg", svg: svg.serialized)
    }

    /// How often class 1 really came, by the probability that was said for it, in ten bins.
    public static func calibration(probabilities: [Double], actual: [Int]) -> EvaluationPlot {
        var bins = [(said: Double, came: Int, count: Int)](repeating: (0, 0, 0), count: 10)
        for (probability, truth) in zip(probabilities, actual) where (0...1).contains(probability) {
            let bin = min(9, Int(probability * 10))
            bins[bin].said += probability
            bins[bin].came += truth
            bins[bin].count += 1
        }
        let area = PlotArea(x: .share("Predicted probability"), y: .share("Observed frequency"))
        var svg = area.drawing(title: "Calibration")
        svg.line(area.point((0, 0)), area.point((1, 1)), "chance")
        let most = Double(bins.map(\.count).max() ?? 1)
        let points = bins.filter { $0.count > 0 }.map { bin in
            let count = Double(bin.count)
            return (place: area.point((bin.said / count, Double(bin.came) / count)), share: count / most)
        }
        svg.polyline(points.map(\.place), "curve one")
        for point in points { svg.circle(point.place, radius: 3 + 4 * point.share.squareRoot(), "mark") }
        return EvaluationPlot(fileName: "calibration.svg", svg: svg.serialized)
    }

    // MARK: Regression

    /// What is left unexplained, by prediction.
    public static func residuals(predicted: [Double], actual: [Double]) -> EvaluationPlot {
        let step = max(1, predicted.count / maximumPoints)
        let points = stride(from: 0, to: min(predicted.count, actual.count), by: step).map {
            (x: predicted[$0], y: actual[$0] - predicted[$0])
        }
        let reach = points.map { abs($0.y) }.max() ?? 1
        let area = PlotArea(
            x: .init("Predicted", covering: (points.map(\.x).min() ?? 0)...(points.map(\.x).max() ?? 1)),
            y: .init("Residual (actual - predicted)", covering: -reach...reach)
        )
        var svg = area.drawing(title: "Residuals")
        svg.line(area.point((area.x.range.lowerBound, 0)), area.point((area.x.range.upperBound, 0)), "axis")
        for point in points { svg.circle(area.point(point), radius: 3, "point") }
        return EvaluationPlot(fileName: "residuals.svg", svg: svg.serialized)
    }

    // MARK: Parts

    private static func legend(_ text: String, _ index: Int, _ area: PlotArea, _ svg: inout SVG) {
        let y = area.top + area.side - 16 - 18 * Double(index)
        let right = area.left + area.side - 10
        svg.line((right - 170, y - 4), (right - 148, y - 4), "curve \(curveClasses[index])")
        svg.text(text, at: (right - 140, y))
    }

    private static func rounded(_ value: Double) -> String {
        let thousandths = Int((value * 1000).rounded())
        let digits = String(thousandths % 1000)
        return "\(thousandths / 1000).\(String(repeating: "0", count: 3 - digits.count))\(digits)"
    }
}
