import AWSProtocol
import JSON

/// A statement of an identity policy, as it is evaluated.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>
struct PolicyStatement: Sendable {
    private let allows: Bool
    private let actions: [String]
    private let notActions: [String]
    private let resources: [String]
    private let notResources: [String]
    private let conditions: [(test: String, key: String, values: [String])]

    /// What a request's context has, by its keys in lower case.
    typealias Context = [String: [String]]

    enum Effect { case allow, deny }

    private init(_ statement: JSON) {
        allows = statement["Effect"]?.stringValue == "Allow"
        actions = Self.strings(statement["Action"])
        notActions = Self.strings(statement["NotAction"])
        resources = Self.strings(statement["Resource"])
        notResources = Self.strings(statement["NotResource"])
        conditions = (statement["Condition"]?.objectValue ?? [:]).flatMap { test, keys in
            (keys.objectValue ?? [:]).map { (test, $0.key.lowercased(), Self.strings($0.value)) }
        }
    }

    /// The statements of a document that `PolicyDocument.validate` has let through.
    static func all(of document: String) -> [PolicyStatement] {
        guard let statement = (try? JSON(parsing: document))?["Statement"] else { return [] }
        return (statement.arrayValue ?? [statement]).map { PolicyStatement($0) }
    }

    private static func strings(_ value: JSON?) -> [String] {
        value?.arrayValue?.compactMap(\.text) ?? value?.text.map { [$0] } ?? []
    }

    /// Nil where the statement says nothing about the request.
    /// - Parameter missing: Gets the keys of conditions that the context does not have.
    /// - Throws: `InvalidInput` for a condition operator that is not evaluated here.
    func effect(
        on action: String,
        _ resource: String,
        _ context: Context,
        missing: inout Set<String>
    ) throws(AWSError) -> Effect? {
        let action = action.lowercased()
        let named = actions.contains { Wildcard.matches($0.lowercased(), action) }
        let excepted = !notActions.isEmpty && !notActions.contains { Wildcard.matches($0.lowercased(), action) }
        guard named || excepted else { return nil }
        let covered = resources.contains { Wildcard.matches($0, resource) }
        let uncovered = !notResources.isEmpty && !notResources.contains { Wildcard.matches($0, resource) }
        guard covered || uncovered else { return nil }
        for condition in conditions where try !holds(condition, context, &missing) { return nil }
        return allows ? .allow : .deny
    }

    private func holds(
        _ condition: (test: String, key: String, values: [String]),
        _ context: Context,
        _ missing: inout Set<String>
    ) throws(AWSError) -> Bool {
        var test = condition.test
        let isOptional = test.hasSuffix("IfExists")
        if isOptional { test.removeLast("IfExists".count) }
        guard let given = context[condition.key] else {
            missing.insert(condition.key)
            return isOptional || test.contains("Not")
        }
        let isAny: (String) -> Bool
        switch test {
        case "StringEquals", "StringNotEquals": isAny = { condition.values.contains($0) }
        case "Bool", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase":
            isAny = { value in condition.values.contains { $0.lowercased() == value.lowercased() } }
        case "StringLike", "StringNotLike", "ArnLike", "ArnNotLike", "ArnEquals", "ArnNotEquals":
            isAny = { value in condition.values.contains { Wildcard.matches($0, value) } }
        default:
            throw AWSError("InvalidInput", "Trainyard does not evaluate the condition operator \(condition.test).")
        }
        return given.contains(where: isAny) != test.contains("Not")
    }
}

extension JSON {
    /// A condition's values may be texts, truth values or numbers.
    fileprivate var text: String? { stringValue ?? boolValue.map(String.init) ?? doubleValue.map { "\($0)" } }
}
