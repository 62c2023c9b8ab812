/// The variables of one scope, and the scope around it.
final class Frame {
    private let parent: Frame?
    private var bindings: [Binding]

    init(parent: Frame?, bindings: [Binding] = []) {
        self.parent = parent
        self.bindings = bindings
    }

    func bind(_ symbol: Symbol, _ value: Value) {
        if let place = bindings.firstIndex(where: { $0.symbol == symbol }) {
            bindings[place].value = value
        } else {
            bindings.append(Binding(symbol: symbol, value: value))
        }
    }

    func lookup(_ symbol: Symbol) -> Value? {
        var frame = self
        while true {
            for binding in frame.bindings where binding.symbol == symbol { return binding.value }
            guard let next = frame.parent else { return nil }
            frame = next
        }
    }
}
