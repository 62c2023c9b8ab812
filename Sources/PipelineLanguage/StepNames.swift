/// Names that an execution makes for what its steps create, the same ones after a restart.
enum StepNames {
    /// `pipelines-abc123def456-Train-x0y1z2w3v4`; of tuning jobs, whose names must be short, `abc123def456-Tune-x0y1z2w3v4`.
    static func resource(
        executionID: String,
        step: String,
        type: StepType,
        seed: UInt64,
        attempt: Int
    ) -> String {
        let tail = text(
            10,
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
            seed,
            "\(step)/\(attempt)"
        )
        let longest = type.longestResourceName
        let head = (longest < 63 ? "" : "pipelines-") + "\(executionID)-"
        // Names of jobs have no underscores, those of steps may.
        let middle = step.replacing("_", with: "-").prefix(longest - head.count - tail.count - 1)
        var trimmed = middle
        while trimmed.last == "-" { trimmed = trimmed.dropLast() }
        return "\(head)\(trimmed)-\(tail)"
    }

    /// Ten letters and digits, as AWS's callback tokens.
    static func token(seed: UInt64, step: String, attempt: Int) -> String {
        text(10, "abcdefghijklmnopqrstuvwxyz0123456789", seed, "token/\(step)/\(attempt)")
    }

    private static func text(_ count: Int, _ alphabet: String, _ seed: UInt64, _ purpose: String) -> String {
        // FNV-1a, then SplitMix64.
        var state = seed ^ 0xCBF2_9CE4_8422_2325
        for byte in purpose.utf8 { state = (state ^ UInt64(byte)) &* 0x100_0000_01B3 }
        let characters = Array(alphabet)
        var drawn = ""
        for _ in 0..<count {
            state &+= 0x9E37_79B9_7F4A_7C15
            var value = state
            value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
            value ^= value >> 31
            drawn.append(characters[Int(value % UInt64(characters.count))])
        }
        return drawn
    }
}
