/// What an evaluation takes from outside: functions, time, randomness and limits.
public struct JSONataEnvironment: Sendable {
    /// The functions that expressions can call.
    public var library: JSONataLibrary
    /// The moment that `$now()` and `$millis()` give throughout, in milliseconds since 1970.
    public var milliseconds: Int64
    /// A number from 0 up to, not including, 1, for `$random()` and `$shuffle()`.
    public var random: @Sendable () -> Double
    /// How deeply evaluations may nest; beyond it an evaluation fails with `U1001`. Calls in tail position do not nest;
    /// other calls of a function by itself nest two to four levels each. The standard fits the 8 MiB stack
    /// of a Linux thread even in a debug build.
    public var maximumDepth: Int
    /// Asked now and then; an evaluation that must stop fails with `U1001`.
    public var mustStop: @Sendable () -> Bool

    public init(
        library: JSONataLibrary = .standard,
        milliseconds: Int64 = 0,
        random: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) },
        maximumDepth: Int = 500,
        mustStop: @escaping @Sendable () -> Bool = { false }
    ) {
        self.library = library
        self.milliseconds = milliseconds
        self.random = random
        self.maximumDepth = maximumDepth
        self.mustStop = mustStop
    }
}
