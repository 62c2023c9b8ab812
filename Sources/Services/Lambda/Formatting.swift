import AWSProtocol

extension Duration {
    var milliseconds: Double { Double(components.seconds) * 1000 + Double(components.attoseconds) / 1e15 }
}

extension Double {
    /// `12.30`.
    var twoDecimals: String {
        let hundredths = Int((self * 100).rounded())
        let fraction = hundredths % 100
        return "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction)"
    }
}

/// The X-Ray header of an invocation that is not traced.
enum TraceID {
    static func make(at moment: Timestamp) -> String {
        let digits = "0123456789abcdef"
        let seconds = String(moment.milliseconds / 1000, radix: 16)
        let root = RandomText.string(24, from: digits)
        return "Root=1-\(seconds)-\(root);Parent=\(RandomText.string(16, from: digits));Sampled=0"
    }
}
