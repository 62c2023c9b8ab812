public import JSON

extension AWSRequest {
    /// The input member, where it is given and not null.
    public subscript(_ member: String) -> JSON? {
        guard let value = input[member], !value.isNull else { return nil }
        return value
    }

    public func string(_ member: String) -> String? { self[member]?.stringValue }

    public func integer(_ member: String) -> Int? { self[member]?.intValue }

    public func bool(_ member: String) -> Bool? { self[member]?.boolValue }

    /// The strings of a list member; empty where it is not given.
    public func strings(_ member: String) -> [String] { self[member]?.arrayValue?.compactMap(\.stringValue) ?? [] }

    /// A string member without which the operation cannot be answered.
    /// - Throws: `ValidationException` in AWS's words where it is missing.
    public func requiredString(_ member: String) throws(AWSError) -> String {
        if let value = string(member) { return value }
        let name = member.prefix(1).lowercased() + member.dropFirst()
        throw .validation(["Value null at '\(name)' failed to satisfy constraint: Member must not be null"])
    }
}
