/// A duration as `CacheConfig.ExpireAfter` gives it: `P30D`, `PT1H`, and AWS's own `30d`, `T16m`, `30dT5h`.
public struct ISODuration: Sendable, Hashable {
    /// Years count 365 days, months 30.
    public var milliseconds: Int
    public var text: String

    /// Nil where the text is no duration.
    public init?(_ text: String) {
        var rest = Substring(text.uppercased())
        if rest.first == "P" { rest = rest.dropFirst() }
        guard !rest.isEmpty else { return nil }
        var total = 0.0
        var isTime = false
        while let first = rest.first {
            if first == "T" {
                guard !isTime else { return nil }
                isTime = true
                rest = rest.dropFirst()
                guard !rest.isEmpty else { return nil }
                continue
            }
            let digits = rest.prefix { $0.isNumber || $0 == "." }
            rest = rest.dropFirst(digits.count)
            guard let count = Double(digits), let unit = rest.first, let seconds = Self.seconds(unit, isTime) else {
                return nil
            }
            total += count * seconds
            rest = rest.dropFirst()
        }
        guard total * 1000 < Double(Int.max) else { return nil }
        milliseconds = Int(total * 1000)
        self.text = text
    }

    private static func seconds(_ unit: Character, _ isTime: Bool) -> Double? {
        switch (unit, isTime) {
        case ("Y", false): 365 * 86_400
        case ("M", false): 30 * 86_400
        case ("W", false): 7 * 86_400
        case ("D", false): 86_400
        case ("H", true): 3_600
        case ("M", true): 60
        case ("S", true): 1
        default: nil
        }
    }
}
