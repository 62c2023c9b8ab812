import JSON

/// One walk over one input.
struct Validation {
    let shapes: ShapeTable
    private(set) var problems: [Problem] = []

    struct Problem {
        /// The value as AWS prints it; nil where it prints none.
        var value: String?
        /// `tags.1.member.key`
        var place: String
        var constraint: String
        /// The input's own member in which the problem lies.
        var member: String

        var text: String {
            "Value \(value.map { "\($0) " } ?? "")at '\(place)' failed to satisfy constraint: \(constraint)"
        }
    }

    /// Where the walk is; spelled out only when there is something to report.
    private var path: [Step] = []

    private enum Step {
        case member(String)
        /// Counted from 1, as AWS does.
        case element(Int)
        case value(String)
    }

    init(shapes: ShapeTable) { self.shapes = shapes }

    mutating func check(_ input: JSON.Object, _ shape: Shape, hasBody: Bool) throws(AWSError) {
        try structure(input, shape, bodyMember: hasBody ? shape.payload?.name : nil)
    }

    // MARK: Aggregates

    private mutating func structure(_ object: JSON.Object, _ shape: Shape, bodyMember: String?) throws(AWSError) {
        for member in shape.required where object[member.name]?.isNull ?? true {
            // The SDKs fill idempotency tokens in; calls made in process need not.
            guard member.name != bodyMember, !member.isIdempotencyToken else { continue }
            path.append(.member(member.name))
            report("null", "Member must not be null")
            path.removeLast()
        }
        for (name, value) in object {
            guard let member = shape.member(name), !value.isNull else { continue }
            path.append(.member(name))
            try self.value(value, shapes[member])
            path.removeLast()
        }
    }

    private mutating func value(_ value: JSON, _ shape: Shape) throws(AWSError) {
        switch shape.kind {
        case .structure:
            guard case .object(let object) = value else { throw mistyped(value, shape) }
            try structure(object, shape, bodyMember: nil)
        case .list:
            guard case .array(let values) = value else { throw mistyped(value, shape) }
            try list(values, shape)
        case .map:
            guard case .object(let object) = value else { throw mistyped(value, shape) }
            try map(object, shape)
        case .string:
            guard case .string(let text) = value else { throw mistyped(value, shape) }
            string(text, shape)
        case .blob:
            guard case .string(let text) = value else { throw mistyped(value, shape) }
            try blob(text, shape)
        case .boolean: guard case .bool = value else { throw mistyped(value, shape) }
        case .integer, .long:
            guard let number = value.doubleValue else { throw mistyped(value, shape) }
            self.number(number, value, shape)
        case .float, .double:
            // How JSON protocols write what JSON has no numbers for.
            if case .string(let text) = value, ["NaN", "Infinity", "-Infinity"].contains(text) { return }
            guard let number = value.doubleValue else { throw mistyped(value, shape) }
            self.number(number, value, shape)
        case .timestamp:
            if case .string(let text) = value, Timestamp(parsing: text) != nil { return }
            guard value.isNumber else { throw mistyped(value, shape) }
        }
    }

    private mutating func list(_ values: [JSON], _ shape: Shape) throws(AWSError) {
        checkLength(values.count, shape, JSON.array(values))
        guard let element = shape.element else { return }
        let elementShape = shapes[element]
        for (index, value) in values.enumerated() {
            path.append(.element(index + 1))
            if value.isNull {
                report("null", "Member must not be null")
            } else {
                try self.value(value, elementShape)
            }
            path.removeLast()
        }
    }

    private mutating func map(_ object: JSON.Object, _ shape: Shape) throws(AWSError) {
        checkLength(object.count, shape, .object(object))
        guard let key = shape.key, let valueMember = shape.value else { return }
        let keyShape = shapes[key]
        let valueShape = shapes[valueMember]
        for (name, value) in object {
            mapKey(name, object, keyShape)
            path.append(.value(name))
            if !value.isNull { try self.value(value, valueShape) }
            path.removeLast()
        }
    }

    /// A key that violates its constraints is the map's own violation.
    private mutating func mapKey(_ name: String, _ object: JSON.Object, _ shape: Shape) {
        let constraints = self.constraints(of: name, shape)
        guard !constraints.isEmpty else { return }
        let joined = constraints.joined(separator: ", ")
        report("'\(described(.object(object)))'", "Map keys must satisfy constraint: [\(joined)]")
    }

    // MARK: Scalars

    private mutating func string(_ text: String, _ shape: Shape) {
        for constraint in constraints(of: text, shape) { report("'\(text)'", constraint) }
    }

    private func constraints(of text: String, _ shape: Shape) -> [String] {
        var found: [String] = []
        if let values = shape.enumeration, !values.contains(text) {
            found.append("Member must satisfy enum value set: [\(values.values.joined(separator: ", "))]")
        }
        if shape.minimum != nil || shape.maximum != nil {
            if let constraint = lengthConstraint(text.utf16.count, shape) { found.append(constraint) }
        }
        if let pattern = shape.pattern, !pattern.matches(text) {
            found.append("Member must satisfy regular expression pattern: \(pattern.text)")
        }
        return found
    }

    private mutating func blob(_ text: String, _ shape: Shape) throws(AWSError) {
        guard shape.minimum != nil || shape.maximum != nil else { return }
        guard let bytes = Base64.decode(text) else { throw mistyped(.string(text), shape) }
        if let constraint = lengthConstraint(bytes.count, shape) { report(nil, constraint) }
    }

    private mutating func number(_ number: Double, _ value: JSON, _ shape: Shape) {
        let constraint: String
        if let minimum = shape.minimum, number < minimum {
            constraint = "Member must have value greater than or equal to \(Self.text(minimum))"
        } else if let maximum = shape.maximum, number > maximum {
            constraint = "Member must have value less than or equal to \(Self.text(maximum))"
        } else {
            return
        }
        report("'\(value.serialized())'", constraint)
    }

    private mutating func checkLength(_ count: Int, _ shape: Shape, _ value: @autoclosure () -> JSON) {
        guard let constraint = lengthConstraint(count, shape) else { return }
        report("'\(described(value()))'", constraint)
    }

    private func lengthConstraint(_ count: Int, _ shape: Shape) -> String? {
        if let minimum = shape.minimum, Double(count) < minimum {
            return "Member must have length greater than or equal to \(Self.text(minimum))"
        }
        guard let maximum = shape.maximum, Double(count) > maximum else { return nil }
        return "Member must have length less than or equal to \(Self.text(maximum))"
    }

    // MARK: Words

    private static func text(_ bound: Double) -> String { Int(exactly: bound).map(String.init) ?? String(bound) }

    /// Values longer than this are left out of messages, as AWS leaves them out of some.
    private static let longestDescribedValue = 8192

    private mutating func report(_ value: String?, _ constraint: String) {
        let value = value.flatMap { $0.utf8.count > Self.longestDescribedValue ? nil : $0 }
        var name = ""
        if case .member(let first)? = path.first { name = first }
        problems.append(Problem(value: value, place: place, constraint: constraint, member: name))
    }

    /// `tags.1.member.key`: members begin in lower case, whatever the model says.
    private var place: String {
        var text = ""
        for step in path {
            if !text.isEmpty { text += "." }
            switch step {
            case .member(let name): text += name.prefix(1).lowercased() + name.dropFirst()
            case .element(let number): text += "\(number).member"
            case .value(let key): text += "\(key).member"
            }
        }
        return text
    }

    /// A list or map as AWS's messages print it: `[a, b]`, `{key=value}`.
    private func described(_ value: JSON) -> String {
        switch value {
        case .array(let values): "[\(values.map(described).joined(separator: ", "))]"
        case .object(let object): "{\(object.map { "\($0.key)=\(described($0.value))" }.joined(separator: ", "))}"
        case .string(let text): text
        default: value.serialized()
        }
    }

    private func mistyped(_ value: JSON, _ shape: Shape) -> AWSError {
        let name =
            switch value {
            case .null: "NULL_VALUE"
            case .bool(let value): value ? "TRUE_VALUE" : "FALSE_VALUE"
            case .integer, .double: "NUMBER_VALUE"
            case .string: "STRING_VALUE"
            case .array: "START_ARRAY"
            case .object: "START_OBJECT"
            }
        return .serialization("\(name) can not be converted to \(shape.kind.article)")
    }
}
