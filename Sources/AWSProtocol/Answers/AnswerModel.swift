public import JSON

/// What the answers of a service's operations are made of, to hold a made-up answer against. It covers more services and
/// operations than are served, is read when it is asked for, and is not kept.
///
/// Members have their first letter in upper case, as Step Functions spells them. `Tools/models/answers.py` describes the
/// form of the texts.
public struct AnswerModel: Sendable {
    private let document: JSON

    /// The service that an `aws-sdk` integration names (`s3`, `sfn`), or nil.
    public init?(sdkID: String) {
        guard let text = Self.text(sdkID: sdkID) else { return nil }
        let bytes = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        guard let document = try? JSON(parsing: bytes) else { return nil }
        self.document = document
    }

    /// The service that an optimised integration names (`states`, `events`), or nil.
    public init?(optimized service: String) { self.init(sdkID: Self.sdkID(optimized: service)) }

    /// What a made-up answer has that the service's cannot have.
    public enum Mismatch: Error, Sendable, Hashable {
        /// The member has another type than `expectation` (`a string`, `an array`…).
        case type(member: String, expectation: String)
        /// The member's text is none of its enumeration.
        case value(member: String)
        /// An answer always has the member.
        case missing(member: String)
    }

    /// Checks an answer to the operation of that name (`PutItem`). Members that the model does not have are let be, and so
    /// is the answer's stream.
    /// - Parameter wantsRequired: Whether members that each answer has must be there.
    public func check(_ answer: JSON, of operation: String, wantsRequired: Bool) throws(Mismatch) {
        guard let facts = document["operations"]?[operation], let place = facts[0]?.intValue else { return }
        guard var members = answer.objectValue else { return }
        if let stream = facts[1]?.stringValue { members.removeValue(forKey: stream) }
        try check(.object(members), place, named: "", wantsRequired)
    }

    private func check(_ value: JSON, _ place: Int, named name: String, _ wantsRequired: Bool) throws(Mismatch) {
        guard let shape = document["shapes"]?[place] else { return }
        switch shape {
        case .object(let members):
            guard let object = value.objectValue else { throw .type(member: name, expectation: "an object") }
            try check(object, members, wantsRequired)
        case .array(let parts):
            guard let inner = parts.last?.intValue else { return }
            if parts.first == "list" {
                guard let elements = value.arrayValue else { throw .type(member: name, expectation: "an array") }
                for element in elements { try check(element, inner, named: name, wantsRequired) }
            } else {
                guard let entries = value.objectValue else { throw .type(member: name, expectation: "an object") }
                for (_, entry) in entries { try check(entry, inner, named: name, wantsRequired) }
            }
        default: try check(value, scalar: shape.stringValue ?? "*", named: name)
        }
    }

    private func check(_ object: JSON.Object, _ members: JSON.Object, _ wantsRequired: Bool) throws(Mismatch) {
        var places: [String: Int] = [:]
        for (key, place) in members {
            let isRequired = key.hasSuffix("!")
            let member = isRequired ? String(key.dropLast()) : key
            places[member] = place.intValue
            if isRequired, wantsRequired, object[member] == nil { throw .missing(member: member) }
        }
        for (key, value) in object {
            guard !value.isNull, let place = places[key] else { continue }
            try check(value, place, named: key, wantsRequired)
        }
    }

    private func check(_ value: JSON, scalar: String, named name: String) throws(Mismatch) {
        switch scalar {
        case "*": return
        case "#": guard value.isNumber else { throw .type(member: name, expectation: "a number") }
        case "?": guard value.boolValue != nil else { throw .type(member: name, expectation: "a boolean") }
        default:
            guard let text = value.stringValue else { throw .type(member: name, expectation: "a string") }
            guard scalar.isEmpty || scalar.split(separator: "|").contains(text[...]) else {
                throw .value(member: name)
            }
        }
    }
}
