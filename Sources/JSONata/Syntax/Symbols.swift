/// A variable's name, as a number.
typealias Symbol = Int

/// The variable names of a program.
struct Symbols: Sendable {
    private(set) var names: [String] = []
    private var numbers: [String: Symbol] = [:]

    /// `$$`, the whole input, whose name is `$`.
    static let root: Symbol = 0

    init() { _ = intern("$") }

    mutating func intern(_ name: String) -> Symbol {
        if let number = numbers[name] { return number }
        numbers[name] = names.count
        names.append(name)
        return names.count - 1
    }
}
