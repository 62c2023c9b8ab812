/// A picture of a date or time, as XPath's
/// [format-dateTime](https://www.w3.org/TR/xpath-functions-31/#formatting-dates-and-times) has it:
/// `[Y0001]-[M01]-[D01]`.
struct DatePicture {
    enum Part {
        case literal(String)
        case marker(Marker)
    }

    /// `[M01]`: a field and how it is shown.
    struct Marker {
        var component: Character
        var presentation: String
        /// The last letter of the presentation: `o` ordinal, `t` traditional…
        var modifier: Character?
        var maximumWidth: Int?
        var names: IntegerPicture.Casing?
        var integer: IntegerPicture?
        /// For years, months and days: how many digits, nil for as many as there are.
        var digits: Int?
    }

    let parts: [Part]

    private static let standards: [Character: String] = [
        "Y": "1", "M": "1", "D": "1", "d": "1", "F": "n", "W": "1", "w": "1", "X": "1", "x": "1", "H": "1", "h": "1",
        "P": "n", "m": "01", "s": "01", "f": "1", "Z": "01:01", "z": "01:01", "C": "n", "E": "n",
    ]

    /// What is used where no picture is given: ISO 8601.
    static let standard = "[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001][Z01:01t]"

    /// - Throws: D3132, D3135, and what integer pictures throw.
    init(_ picture: String) throws(JSONataError) {
        var parts: [Part] = []
        var literal = ""
        var rest = picture[...]
        while let character = rest.first {
            rest = rest.dropFirst()
            if character == "[", rest.first == "[" {
                rest = rest.dropFirst()
                literal.append("[")
            } else if character == "[" {
                guard let end = rest.firstIndex(of: "]") else { throw JSONataError("D3135") }
                if !literal.isEmpty { parts.append(.literal(literal)) }
                literal = ""
                parts.append(.marker(try Self.marker(rest[..<end].filter { !$0.isWhitespace })))
                rest = rest[rest.index(after: end)...]
            } else {
                if character == "]", rest.first == "]" { rest = rest.dropFirst() }
                literal.append(character)
            }
        }
        if !literal.isEmpty { parts.append(.literal(literal)) }
        self.parts = parts
    }

    private static func marker(_ text: String) throws(JSONataError) -> Marker {
        let component = text.first ?? " "
        var marker = Marker(component: component, presentation: "")
        var presentation = text.dropFirst()
        var minimumWidth: Int?
        if let comma = presentation.lastIndex(of: ",") {
            let widths = presentation[presentation.index(after: comma)...].split(separator: "-", maxSplits: 1)
            minimumWidth = widths.first.flatMap { Int($0) }.map { min($0, 100) }
            marker.maximumWidth = widths.count > 1 ? Int(widths[1]).map { min($0, 100) } : nil
            presentation = presentation[..<comma]
        }
        if presentation.count > 1, let last = presentation.last, "atco".contains(last) {
            marker.modifier = last
            presentation = presentation.dropLast()
        }
        guard let standard = standards[component] else {
            throw JSONataError("D3132", value: Text.quoted(String(component)))
        }
        marker.presentation = presentation.isEmpty ? standard : String(presentation)
        if marker.presentation.hasPrefix("n") {
            marker.names = .lower
        } else if marker.presentation.hasPrefix("N") {
            marker.names = marker.presentation.dropFirst().first == "n" ? .title : .upper
        } else if "YMDdFWwXxHhmsf".contains(component) {
            try setInteger(&marker, minimumWidth)
        }
        if component == "Z" || component == "z" { marker.integer = try IntegerPicture(marker.presentation) }
        return marker
    }

    private static func setInteger(_ marker: inout Marker, _ minimumWidth: Int?) throws(JSONataError) {
        var integer = try IntegerPicture(marker.presentation + (marker.modifier.map { ";\($0)" } ?? ""))
        if let minimumWidth { integer.mandatoryDigits = max(integer.mandatoryDigits, minimumWidth) }
        if "YMD".contains(marker.component) {
            if let width = marker.maximumWidth {
                marker.digits = width
                integer.mandatoryDigits = width
            } else if integer.mandatoryDigits + integer.optionalDigits >= 2 {
                marker.digits = integer.mandatoryDigits + integer.optionalDigits
            }
        }
        marker.integer = integer
    }

    static let days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
    static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]
}
