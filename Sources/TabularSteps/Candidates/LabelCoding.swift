/// The classes of a target in the user's own words, each with a number from 0 on.
public struct LabelCoding: Sendable, Hashable {
    /// In the order of their numbers: by value where all are numbers, else by their letters. Of two the second is the
    /// positive one.
    public let classes: [String]
    private let codes: [String: Int]

    public init(classes: [String]) {
        self.classes = classes
        codes = Dictionary(classes.enumerated().map { ($1, $0) }) { first, _ in first }
    }

    /// - Parameter target: The target's cells.
    public init(fitting target: [String]) {
        let texts = Set(target)
        let numbers = texts.compactMap { text in CSVTable.number(text).map { (text, $0) } }
        guard numbers.count == texts.count else {
            self.init(classes: texts.sorted())
            return
        }
        self.init(classes: numbers.sorted { ($0.1, $0.0) < ($1.1, $1.0) }.map(\.0))
    }

    /// nil where it is no class.
    public func code(_ cell: String) -> Int? { codes[cell] }
}
