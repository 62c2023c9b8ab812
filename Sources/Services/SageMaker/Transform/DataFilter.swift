import JSON

/// Selects a part of a record: the subset of JSONPath that batch transform offers.
///
/// Unlike a JSONPath of other services, several names select an object with these members, and indices and ranges may
/// stand side by side: `$[0,5:]`, `$['id','SageMakerOutput']`, `$.features[1:]`.
/// <https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform-data-processing.html#data-processing-operators>
struct DataFilter: Sendable, Equatable {
    private enum Step: Sendable, Equatable {
        case names([String])
        case places([Place])
    }

    private enum Place: Sendable, Equatable {
        case index(Int)
        case range(Int?, Int?)
    }

    private let text: String
    private let steps: [Step]

    /// - Throws: `PlanError` where the text is not of the subset.
    init(_ text: String) throws(PlanError) {
        self.text = text
        guard text.hasPrefix("$") else { throw Self.problem(text) }
        var rest = text.dropFirst()
        var steps: [Step] = []
        while let first = rest.popFirst() {
            switch first {
            case ".":
                let name = rest.prefix { $0 != "." && $0 != "[" }
                guard !name.isEmpty, name != "*" else { throw Self.problem(text) }
                steps.append(.names([String(name)]))
                rest = rest.dropFirst(name.count)
            case "[":
                guard let end = Self.end(of: rest) else { throw Self.problem(text) }
                steps.append(try Self.step(rest[..<end], text))
                rest = rest[rest.index(after: end)...]
            default: throw Self.problem(text)
            }
        }
        self.steps = steps
    }

    /// Whether everything is selected.
    var isWhole: Bool { steps.isEmpty }

    /// - Returns: Nil where the value has no such part.
    func select(_ value: JSON) -> JSON? {
        var value = value
        for step in steps {
            switch step {
            case .names(let names) where names.count == 1:
                guard let member = value[names[0]] else { return nil }
                value = member
            case .names(let names):
                guard let object = value.objectValue else { return nil }
                var selected: JSON.Object = [:]
                for name in names {
                    guard let member = object[name] else { return nil }
                    selected[name] = member
                }
                value = .object(selected)
            case .places(let places):
                guard let elements = value.arrayValue else { return nil }
                if case .index(let index) = places[0], places.count == 1 {
                    guard let element = elements[wrapping: index] else { return nil }
                    value = element
                } else {
                    guard let selected = Self.select(places, of: elements) else { return nil }
                    value = .array(selected)
                }
            }
        }
        return value
    }

    /// The parts of a row. Rows have no names, and one place makes a row of one.
    func select<Element>(row: [Element]) -> [Element]? {
        var row = row
        for step in steps {
            guard case .places(let places) = step, let selected = Self.select(places, of: row) else { return nil }
            row = selected
        }
        return row
    }

    private static func select<Element>(_ places: [Place], of elements: [Element]) -> [Element]? {
        var selected: [Element] = []
        for place in places {
            switch place {
            case .index(let index):
                guard let element = elements[wrapping: index] else { return nil }
                selected.append(element)
            case .range(let from, let to):
                let start = min(max(0, from.map { $0 < 0 ? elements.count + $0 : $0 } ?? 0), elements.count)
                let end = min(max(0, to.map { $0 < 0 ? elements.count + $0 : $0 } ?? elements.count), elements.count)
                if start < end { selected += elements[start..<end] }
            }
        }
        return selected
    }

    private static func end(of text: Substring) -> Substring.Index? {
        var quote: Character?
        for index in text.indices {
            let character = text[index]
            if let open = quote {
                if character == open { quote = nil }
            } else if character == "'" || character == "\"" {
                quote = character
            } else if character == "]" {
                return index
            }
        }
        return nil
    }

    private static func step(_ inside: Substring, _ text: String) throws(PlanError) -> Step {
        let parts = inside.split(separator: ",", omittingEmptySubsequences: false).map { $0.trimmed }
        if let first = parts.first?.first, first == "'" || first == "\"" {
            var names: [String] = []
            for part in parts {
                guard part.count >= 2, part.first == first, part.last == first else { throw problem(text) }
                names.append(String(part.dropFirst().dropLast()))
            }
            return .names(names)
        }
        var places: [Place] = []
        for part in parts {
            let ends = part.split(separator: ":", omittingEmptySubsequences: false).map { $0.trimmed }
            switch ends.count {
            case 1:
                guard let index = Int(ends[0]) else { throw problem(text) }
                places.append(.index(index))
            case 2:
                guard ends.allSatisfy({ $0.isEmpty || Int($0) != nil }) else { throw problem(text) }
                places.append(.range(Int(ends[0]), Int(ends[1])))
            default: throw problem(text)
            }
        }
        return .places(places)
    }

    private static func problem(_ text: String) -> PlanError {
        PlanError(
            "The filter \(text) is not valid: use $, $.name, $['name','name'], $[index], $[from:to] and their combinations."
        )
    }
}

extension Substring {
    fileprivate var trimmed: Substring {
        var text = self
        while text.first?.isWhitespace == true { text = text.dropFirst() }
        while text.last?.isWhitespace == true { text = text.dropLast() }
        return text
    }
}

extension Array {
    /// The element at an index, which counts from the end where it is negative.
    fileprivate subscript(wrapping index: Int) -> Element? {
        let place = index < 0 ? count + index : index
        return indices.contains(place) ? self[place] : nil
    }
}
