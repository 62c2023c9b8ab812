public import JSON

extension OperationModel {
    /// The first member of an answer, made up by somebody, that has another type than the model's; the body is left out.
    ///
    /// Members are found whatever the case of their first letter, and those that the model does not have are let be.
    public func mistypedOutputMember(in answer: JSON) -> (member: String, expectation: String)? {
        guard let output else { return nil }
        guard var members = answer.objectValue else { return nil }
        if let body = outputBodyMember { members.removeValue(forKey: body) }
        return mistyped(.object(members), shapes[output], named: "")
    }

    private func mistyped(_ value: JSON, _ shape: Shape, named name: String) -> (member: String, expectation: String)? {
        switch shape.kind {
        case .structure:
            guard let object = value.objectValue else { return (name, "an object") }
            for (key, value) in object {
                let member = shape.members.first { $0.name == key || $0.name.lowercased() == key.lowercased() }
                guard let member, !value.isNull else { continue }
                if let wrong = mistyped(value, shapes[member.shape], named: key) { return wrong }
            }
            return nil
        case .list:
            guard let elements = value.arrayValue else { return (name, "an array") }
            guard let element = shape.element else { return nil }
            for value in elements {
                if let wrong = mistyped(value, shapes[element.shape], named: name) { return wrong }
            }
            return nil
        case .map: return value.objectValue == nil ? (name, "an object") : nil
        case .string, .blob, .timestamp: return value.stringValue == nil ? (name, "a string") : nil
        case .boolean: return value.boolValue == nil ? (name, "a boolean") : nil
        case .integer, .long, .float, .double: return value.isNumber ? nil : (name, "a number")
        }
    }
}
