extension DatePicture {
    /// The moment that a text in this format says, in milliseconds since 1970; nil where it does not match.
    /// - Parameter now: Where the fields come from that are larger than those given.
    /// - Throws: D3133, D3136, and what integer pictures throw.
    func parse(_ text: String, now: Double) throws(JSONataError) -> Double? {
        var pattern = "^"
        for part in parts { pattern += "(\(try Self.pattern(part)))" }
        let units = Array(text.utf16)
        guard let match = try Regex(pattern + "$", flags: "i").firstMatch(in: units, from: 0) else { return nil }
        var fields: [Character: Int] = [:]
        for (part, range) in zip(parts, match.groups) {
            guard case .marker(let marker) = part, let range else { continue }
            let word = String(decoding: units[range], as: UTF16.self)
            fields[marker.component] = try Self.value(marker, word)
        }
        return fields.isEmpty ? nil : try Self.moment(fields, CivilDate(milliseconds: now))
    }

    private static func pattern(_ part: Part) throws(JSONataError) -> String {
        switch part {
        case .literal(let text):
            return text.map { ".*+?^${}()|[]\\".contains($0) ? "\\\($0)" : String($0) }.joined()
        case .marker(let marker):
            if marker.component == "Z" || marker.component == "z" {
                let separator = zoneSeparator(marker).map { "\($0)[0-9]+" } ?? ""
                return (marker.component == "z" ? "GMT" : "") + "[-+][0-9]+" + separator
            }
            if let integer = marker.integer { return try integer.pattern(width: marker.digits) }
            guard "MxFP".contains(marker.component) else {
                throw JSONataError("D3133", value: Text.quoted(String(marker.component)))
            }
            return "[a-zA-Z]+"
        }
    }

    private static func zoneSeparator(_ marker: Marker) -> String? {
        guard let integer = marker.integer, integer.regularGrouping > 0 else { return nil }
        return integer.separators.first?.character
    }

    private static func value(_ marker: Marker, _ word: String) throws(JSONataError) -> Int? {
        if marker.component == "Z" || marker.component == "z" { return zone(marker, word) }
        if let integer = marker.integer { return try integer.parse(word).flatMap { Int(exactly: $0) } }
        func place(_ names: [String]) -> Int? {
            names.firstIndex { (marker.maximumWidth.map($0.prefix) ?? $0[...]) == word }.map { $0 + 1 }
        }
        switch marker.component {
        case "M", "x": return place(months)
        case "F": return place(days)
        default: return word == "am" || word == "AM" ? 0 : word == "pm" || word == "PM" ? 1 : nil
        }
    }

    /// Minutes east of Greenwich.
    private static func zone(_ marker: Marker, _ word: String) -> Int? {
        let text = marker.component == "z" ? word.dropFirst(3) : word[...]
        if let separator = zoneSeparator(marker)?.first, let place = text.firstIndex(of: separator) {
            guard let hours = Int(text[..<place]), let minutes = Int(text[text.index(after: place)...]) else {
                return nil
            }
            return hours * 60 + minutes
        }
        if text.count <= 3 { return Int(text).map { $0 * 60 } }
        guard let hours = Int(text.prefix(3)), let minutes = Int(text.dropFirst(3)) else { return nil }
        return hours * 60 + minutes
    }

    // MARK: Putting together

    private static func moment(_ given: [Character: Int], _ now: CivilDate) throws(JSONataError) -> Double {
        var fields = given
        /// Whether some of these fields are given, of those of the family, and no other.
        func fits(_ wanted: String, of family: String) -> Bool {
            let present = family.filter { (given[$0] ?? 0) != 0 }
            return !present.isEmpty && present.allSatisfy(wanted.contains)
        }
        let dates = "YXMxWwdD"
        let isMonthDate = fits("YMD", of: dates)
        let isDayDate = !isMonthDate && fits("Yd", of: dates)
        let isWeekDate = fits("Xxw", of: dates) || fits("XW", of: dates)
        let isHalfDay = !fits("Hmsf", of: "PHhmsf") && fits("Phmsf", of: "PHhmsf")
        if isWeekDate { throw JSONataError("D3136") }
        let order = (isDayDate ? "YD" : "YMD") + (isHalfDay ? "Phmsf" : "Hmsf")
        try complete(&fields, order, now)
        var day = fields["D"] ?? 1
        var month = fields["M"] ?? 1
        if isDayDate { (month, day) = (1, fields["d"] ?? 1) }
        var hour = fields["H"] ?? 0
        if isHalfDay {
            hour = fields["h"] == 12 ? 0 : fields["h"] ?? 0
            if fields["P"] == 1 { hour += 12 }
        }
        // Two digits mean the last century, as in JavaScript.
        let year = fields["Y"] ?? 1970
        let century = (0..<100).contains(year) ? 1900 : 0
        let days = CivilDate.milliseconds(year: year + century, month: max(1, month), day: day)
        let minutes = hour * 60 + (fields["m"] ?? 0) - (fields["Z"] ?? fields["z"] ?? 0)
        return days + Double(minutes) * 60_000 + Double((fields["s"] ?? 0) * 1000 + (fields["f"] ?? 0))
    }

    /// Larger fields than those given come from now, smaller ones are the least there are.
    private static func complete(
        _ fields: inout [Character: Int],
        _ order: String,
        _ now: CivilDate
    ) throws(JSONataError) {
        var hasStarted = false
        var hasEnded = false
        for component in order {
            if fields[component] != nil {
                hasStarted = true
                if hasEnded { throw JSONataError("D3136") }
            } else if hasStarted {
                fields[component] = "MDd".contains(component) ? 1 : 0
                hasEnded = true
            } else {
                fields[component] = field(component, now)
            }
        }
    }
}
