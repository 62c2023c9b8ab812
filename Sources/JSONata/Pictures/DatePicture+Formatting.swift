extension DatePicture {
    /// - Parameter zone: Hours and minutes east of Greenwich, `+0530`.
    /// - Throws: D3133, D3134, and what integer pictures throw.
    func format(_ milliseconds: Double, zone: String?) throws(JSONataError) -> String {
        let offset = zone.flatMap(Self.leadingInteger) ?? 0
        let hours = Int((Double(offset) / 100).rounded(.down))
        let minutes = offset % 100
        let date = CivilDate(milliseconds: milliseconds + Double(60 * hours + minutes) * 60_000)
        var text = ""
        for part in parts {
            switch part {
            case .literal(let literal): text += literal
            case .marker(let marker): text += try format(marker, date, hours: hours, minutes: minutes)
            }
        }
        return text
    }

    private static func leadingInteger(_ text: String) -> Int? {
        let sign = text.first == "-" ? -1 : 1
        let digits = text.drop { $0 == "-" || $0 == "+" }.prefix { $0.isASCII && $0.isNumber }
        return Int(digits).map { $0 * sign }
    }

    /// A field as a number; nil for those that are none.
    static func field(_ component: Character, _ date: CivilDate) -> Int? {
        switch component {
        case "Y": date.year
        case "M": date.month
        case "D": date.day
        case "d": date.dayOfYear
        case "F": date.weekday
        case "W": date.weekOfYear
        case "w": date.weekOfMonth
        case "X": date.weekYear
        case "x": date.weekMonth
        case "H": date.hour
        case "h": date.hour % 12 == 0 ? 12 : date.hour % 12
        case "P": date.hour / 12
        case "m": date.minute
        case "s": date.second
        case "f": date.millisecond
        default: nil
        }
    }

    private func format(
        _ marker: Marker,
        _ date: CivilDate,
        hours: Int,
        minutes: Int
    ) throws(JSONataError) -> String {
        switch marker.component {
        case "Z", "z": return try zone(marker, hours, minutes)
        case "P":
            let text = date.hour >= 12 ? "pm" : "am"
            return marker.names == .upper ? text.uppercased() : text
        case "C", "E": return "ISO"
        default: break
        }
        guard var value = Self.field(marker.component, date) else { return "" }
        if let casing = marker.names { return try name(marker, value, casing) }
        if marker.component == "Y", let digits = marker.digits, digits < 18 {
            value %= Int(NumberText.power(10, Double(digits)))
        }
        return try marker.integer?.format(Double(value)) ?? ""
    }

    private func name(_ marker: Marker, _ value: Int, _ casing: IntegerPicture.Casing) throws(JSONataError) -> String {
        var name: String
        switch marker.component {
        case "M", "x": name = Self.months[value - 1]
        case "F": name = Self.days[value - 1]
        default: throw JSONataError("D3133", value: Text.quoted(String(marker.component)))
        }
        if casing == .upper { name = name.uppercased() }
        if casing == .lower { name = name.lowercased() }
        return marker.maximumWidth.map { String(name.prefix($0)) } ?? name
    }

    private func zone(_ marker: Marker, _ hours: Int, _ minutes: Int) throws(JSONataError) -> String {
        guard let integer = marker.integer else { return "" }
        let offset = hours * 100 + minutes
        if offset == 0, marker.modifier == "t" { return "Z" }
        var text: String
        let digits = integer.mandatoryDigits
        if integer.regularGrouping > 0 || digits == 3 || digits == 4 {
            text = try integer.format(Double(offset))
        } else if digits == 1 || digits == 2 {
            text = try integer.format(Double(hours))
            if minutes != 0 { text += ":" + (try IntegerPicture("00").format(Double(minutes))) }
        } else {
            throw JSONataError("D3134", value: "\(digits)")
        }
        if offset >= 0 { text = "+" + text }
        return marker.component == "z" ? "GMT" + text : text
    }
}
