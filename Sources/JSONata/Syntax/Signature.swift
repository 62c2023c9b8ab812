/// Which arguments a function takes, written like `<s-nn?:s>`.
struct Signature: Sendable {
    private struct Parameter: Sendable {
        /// The letters of the types it takes; `m` is what is missing.
        var types: Set<Character>
        var letter: Character
        var isOptional = false
        var isRepeated = false
        /// Taken from the context item where it is left out.
        var takesContext = false
        /// The type of an array's items.
        var itemType: String?
    }

    private var parameters: [Parameter] = []

    /// That of a transform's function.
    static let transform = Signature(known: "<(oa):o>")

    /// - Throws: S0401, S0402, with the place inside the signature.
    init(_ text: String) throws(JSONataError) {
        let letters = Array(text)
        var position = 1
        while position < letters.count, letters[position] != ":" {
            switch letters[position] {
            case "s", "n", "b", "l", "o": add([letters[position], "m"], letters[position])
            case "a", "x": add(Set("asnblfom"), letters[position])
            case "f": add(["f"], "f")
            case "j": add(Set("asnblom"), "j")
            case "-":
                if let last = parameters.indices.last {
                    parameters[last].takesContext = true
                    parameters[last].isOptional = true
                }
            case "?": if let last = parameters.indices.last { parameters[last].isOptional = true }
            case "+": if let last = parameters.indices.last { parameters[last].isRepeated = true }
            case "(": position = try addChoice(letters, position)
            case "<": position = try addItemType(letters, position)
            default: break
            }
            position += 1
        }
    }

    /// One of this module's own; a mistake in it takes any arguments.
    init(known text: String) { self = (try? Signature(text)) ?? Signature() }

    private init() {}

    private mutating func add(_ types: Set<Character>, _ letter: Character) {
        parameters.append(Parameter(types: types, letter: letter))
    }

    private mutating func addChoice(_ letters: [Character], _ start: Int) throws(JSONataError) -> Int {
        let end = Self.closing(letters, start, "(", ")")
        let choice = letters[(start + 1)..<max(start + 1, end)]
        guard !choice.contains("<") else { throw JSONataError("S0402", position: start, value: String(choice)) }
        add(Set(choice).union(["m"]), "(")
        return end
    }

    private mutating func addItemType(_ letters: [Character], _ start: Int) throws(JSONataError) -> Int {
        guard let last = parameters.indices.last, "af".contains(parameters[last].letter) else {
            throw JSONataError("S0401", position: start, value: parameters.last.map { String($0.letter) })
        }
        let end = Self.closing(letters, start, "<", ">")
        parameters[last].itemType = String(letters[(start + 1)..<max(start + 1, end)])
        return end
    }

    private static func closing(_ letters: [Character], _ start: Int, _ open: Character, _ close: Character) -> Int {
        var depth = 1
        var position = start
        while position < letters.count {
            position += 1
            guard position < letters.count else { break }
            if letters[position] == close {
                depth -= 1
                if depth == 0 { break }
            } else if letters[position] == open {
                depth += 1
            }
        }
        return min(position, letters.count)
    }

    // MARK: Checking

    private static func letter(_ value: Value) -> Character {
        switch value {
        case .undefined, .tuples: "m"
        case .null: "l"
        case .bool: "b"
        case .number: "n"
        case .string: "s"
        case .array: "a"
        case .record, .object: "o"
        case .function: "f"
        }
    }

    /// The arguments as the function wants them: the context item filled in, single items made arrays.
    /// - Throws: T0410, T0411, T0412.
    func validated(_ arguments: [Value], context: Value) throws(JSONataError) -> [Value] {
        let letters = arguments.map(Self.letter)
        var counts = Array(repeating: 0, count: parameters.count)
        guard fit(0, 0, letters, &counts) else { throw mismatch(arguments, letters) }
        var values: [Value] = []
        values.reserveCapacity(max(parameters.count, arguments.count))
        var next = 0
        for (index, parameter) in parameters.enumerated() {
            if counts[index] == 0 {
                if parameter.takesContext {
                    guard parameter.types.contains(Self.letter(context)) else {
                        throw JSONataError("T0411", value: context.described, index: next + 1)
                    }
                    values.append(context)
                } else {
                    values.append(next < arguments.count ? arguments[next] : .undefined)
                    next += 1
                }
                continue
            }
            for offset in 0..<counts[index] {
                values.append(try adapted(arguments, letters, next, parameter, next - offset, counts[index]))
                next += 1
            }
        }
        return values
    }

    private func adapted(
        _ arguments: [Value],
        _ letters: [Character],
        _ index: Int,
        _ parameter: Parameter,
        _ first: Int,
        _ count: Int
    ) throws(JSONataError) -> Value {
        let value = arguments[index]
        guard parameter.letter == "a", letters[index] != "m" else { return value }
        if let itemType = parameter.itemType, let wanted = itemType.first {
            let isFitting: Bool
            if case .array(let list) = value {
                isFitting = (0..<list.count).allSatisfy { Self.letter(list[$0]) == wanted }
            } else {
                isFitting = String(letters[first..<first + count]) == itemType
            }
            guard isFitting else { throw wrongItems(value, index, itemType) }
        }
        return value.isArray ? value : .list([value])
    }

    private func wrongItems(_ value: Value, _ index: Int, _ itemType: String) -> JSONataError {
        let names = [
            "a": "arrays", "b": "booleans", "f": "functions", "n": "numbers", "o": "objects", "s": "strings",
        ]
        return JSONataError("T0412", value: value.described, value2: names[itemType], index: index + 1)
    }

    /// Whether parameters from one on take arguments from one on, the earlier as many as they can.
    private func fit(_ parameter: Int, _ argument: Int, _ letters: [Character], _ counts: inout [Int]) -> Bool {
        guard parameter < parameters.count else { return argument == letters.count }
        let wanted = parameters[parameter]
        var most = 0
        let limit = wanted.isRepeated ? letters.count : 1
        while most < limit, argument + most < letters.count, wanted.types.contains(letters[argument + most]) {
            most += 1
        }
        let least = wanted.isOptional ? 0 : 1
        guard most >= least else { return false }
        for count in stride(from: most, through: least, by: -1) {
            counts[parameter] = count
            if fit(parameter + 1, argument + count, letters, &counts) { return true }
        }
        return false
    }

    private func mismatch(_ arguments: [Value], _ letters: [Character]) -> JSONataError {
        var good = 0
        var position = 0
        for parameter in parameters {
            var count = 0
            let limit = parameter.isRepeated ? letters.count : 1
            while count < limit, position + count < letters.count,
                parameter.types.contains(letters[position + count])
            {
                count += 1
            }
            if count == 0, !parameter.isOptional { break }
            position += count
            good = position
        }
        let value = good < arguments.count ? arguments[good] : .undefined
        return JSONataError("T0410", value: value.described, index: good + 1)
    }
}
