/// A drawing under construction: elements with classes whose colours the drawing's own style sheet gives, so that it
/// reads in a light and in a dark page.
struct SVG {
    let width: Double
    let height: Double
    /// What the drawing shows, for those who do not see it.
    let title: String
    private var body: [String] = []

    init(width: Double, height: Double, title: String) {
        self.width = width
        self.height = height
        self.title = title
    }

    /// The three categorical colours hold their contrast on both grounds. Written out, without variables: not every
    /// program that shows SVG knows those.
    private static let style = """
        .ground{fill:#ffffff}text{font:12px system-ui,sans-serif;fill:#1f2430}
        .title{font-size:15px;font-weight:600}.faint{fill:#6b7280}.middle{text-anchor:middle}.end{text-anchor:end}
        .grid{stroke:#e3e6eb;fill:none}.axis{stroke:#6b7280;fill:none}
        .chance{stroke:#6b7280;stroke-dasharray:4 4;fill:none}
        .curve{stroke-width:2;fill:none;stroke-linejoin:round}
        .one{stroke:#2563c9}.two{stroke:#c2410c}.three{stroke:#0f766e}
        .point{fill:#2563c9;fill-opacity:.55}.mark{fill:#2563c9}.cell{fill:#2563c9;stroke:#ffffff;stroke-width:2}
        @media(prefers-color-scheme:dark){.ground{fill:#14171c}text{fill:#e7e9ee}.faint{fill:#9aa3b2}
        .grid{stroke:#2c323c}.axis,.chance{stroke:#9aa3b2}.one{stroke:#6ea8fe}.two{stroke:#fb9a5b}.three{stroke:#4fd1c5}
        .point,.mark{fill:#6ea8fe}.cell{fill:#6ea8fe;stroke:#14171c}}
        """

    mutating func line(_ from: (Double, Double), _ to: (Double, Double), _ classes: String) {
        body.append(
            "<line class=\"\(classes)\" x1=\"\(Self.text(from.0))\" y1=\"\(Self.text(from.1))\" "
                + "x2=\"\(Self.text(to.0))\" y2=\"\(Self.text(to.1))\"/>"
        )
    }

    mutating func polyline(_ points: [(Double, Double)], _ classes: String) {
        let list = points.map { "\(Self.text($0.0)),\(Self.text($0.1))" }.joined(separator: " ")
        body.append("<polyline class=\"\(classes)\" points=\"\(list)\"/>")
    }

    mutating func circle(_ centre: (Double, Double), radius: Double, _ classes: String) {
        body.append(
            "<circle class=\"\(classes)\" cx=\"\(Self.text(centre.0))\" cy=\"\(Self.text(centre.1))\" "
                + "r=\"\(Self.text(radius))\"/>"
        )
    }

    /// - Parameter opacity: How much of the fill covers the ground.
    mutating func rectangle(
        x: Double,
        y: Double,
        width: Double,
        height: Double,
        _ classes: String,
        opacity: Double = 1
    ) {
        let fill = opacity == 1 ? "" : " fill-opacity=\"\(Self.text(opacity))\""
        body.append(
            "<rect class=\"\(classes)\" x=\"\(Self.text(x))\" y=\"\(Self.text(y))\" "
                + "width=\"\(Self.text(width))\" height=\"\(Self.text(height))\"\(fill)/>"
        )
    }

    /// - Parameter isUpward: Whether the text is turned to be read from below to above.
    mutating func text(_ text: String, at place: (Double, Double), _ classes: String = "", isUpward: Bool = false) {
        let (x, y) = (Self.text(place.0), Self.text(place.1))
        let turn = isUpward ? " transform=\"rotate(-90 \(x) \(y))\"" : ""
        let kind = classes.isEmpty ? "" : " class=\"\(classes)\""
        body.append("<text\(kind) x=\"\(x)\" y=\"\(y)\"\(turn)>\(Self.escaped(text))</text>")
    }

    /// The document.
    var serialized: String {
        let size = "\(Self.text(width)) \(Self.text(height))"
        return """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(size)" width="\(Self.text(width))" \
            height="\(Self.text(height))" role="img">
            <title>\(Self.escaped(title))</title>
            <style>\(Self.style)</style>
            <rect class="ground" width="100%" height="100%"/>
            \(body.joined(separator: "\n"))
            </svg>

            """
    }

    /// A coordinate with at most two decimals.
    static func text(_ value: Double) -> String {
        let hundredths = (value * 100).rounded()
        guard abs(hundredths) < 1e15 else { return "0" }
        let whole = Int(hundredths)
        let (units, rest) = abs(whole).quotientAndRemainder(dividingBy: 100)
        let sign = whole < 0 ? "-" : ""
        if rest == 0 { return "\(sign)\(units)" }
        return rest % 10 == 0 ? "\(sign)\(units).\(rest / 10)" : "\(sign)\(units).\(rest < 10 ? "0" : "")\(rest)"
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }
}
