/// What is said of a program's limits in its log: those that are kept, and those that are not, with the reason.
struct LimitStatement: CustomStringConvertible {
    var kept: [String] = []
    var open: [String] = []

    /// - Parameters:
    ///   - processors: How many of them there are, and whether a limit to fewer is kept.
    init(
        _ limits: ContainerLimits,
        memory available: Int?,
        processors: (available: Int?, isKept: (Double) -> Bool)
    ) {
        if let wanted = limits.processors {
            let words = Self.count(wanted, "processor")
            if let available = processors.available, Double(available) <= wanted {
                open.append("\(words), this machine has \(available)")
            } else if processors.isKept(wanted) {
                kept.append(words)
            } else {
                open.append("\(words), which needs taskset")
            }
        }
        if let memory = limits.memory {
            if let available, available <= memory {
                open.append("\(Self.size(memory)) of memory, this machine has \(Self.size(available))")
            } else {
                kept.append("\(Self.size(memory)) of memory")
            }
        }
        if let disk = limits.disk { kept.append("\(Self.size(disk)) of disk") }
        if let output = limits.output { kept.append("\(Self.size(output)) of output") }
    }

    /// `, within 2 processors and 8 GiB of memory (not limited: …)`; empty where there is no limit.
    var description: String {
        var text = kept.isEmpty ? "" : ", within " + kept.joined(separator: ", ")
        if !open.isEmpty { text += " (not limited to " + open.joined(separator: "; nor to ") + ")" }
        return text
    }

    private static func count(_ number: Double, _ noun: String) -> String {
        let text = number == number.rounded() ? String(Int(number)) : String(number)
        return "\(text) \(noun)\(number == 1 ? "" : "s")"
    }

    /// In GiB or MiB, to a tenth.
    static func size(_ bytes: Int) -> String {
        let (unit, name) = bytes >= 1 << 30 ? (1 << 30, "GiB") : (1 << 20, "MiB")
        let tenths = (bytes * 10 + unit / 2) / unit
        return tenths % 10 == 0 ? "\(tenths / 10) \(name)" : "\(tenths / 10).\(tenths % 10) \(name)"
    }
}
