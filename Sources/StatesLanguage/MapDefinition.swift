import JSON
import JSONPath

/// A Map state: what it goes over, and what it does with each item.
struct MapDefinition: Sendable {
    var processor: StateGraph
    var itemsPath: JSONPath?
    /// `Items`, in JSONata mode.
    var itemsTemplate: PayloadTemplate?
    var isJSONata = false
    var itemSelector: PayloadTemplate?
    var maxConcurrency: NumberField?
    /// Set where the items are worked on by executions of their own.
    var distributed: DistributedMap?

    func items(_ scope: inout Scope) throws(ExpressionFailure) -> [JSON] {
        if isJSONata { return try computedItems(&scope) }
        guard let itemsPath else {
            guard let items = scope.input.arrayValue else {
                throw ExpressionFailure("Reference path \"$\" must point to array.")
            }
            return items
        }
        let value: JSON
        do {
            value = try itemsPath.value(in: scope, document: scope.input)
        } catch {
            throw ExpressionFailure("Invalid path '\(itemsPath.text)' : \(error.message)")
        }
        guard let items = value.arrayValue else {
            throw ExpressionFailure("Reference path \"\(itemsPath.text)\" must point to array.")
        }
        return items
    }

    private func computedItems(_ scope: inout Scope) throws(ExpressionFailure) -> [JSON] {
        if case .expression(let expression)? = itemsTemplate { return try expression.array(in: &scope) }
        let value = try itemsTemplate?.evaluate(in: &scope) ?? scope.input
        guard let items = value.arrayValue else {
            throw ExpressionFailure(
                "Map state input must be an array but was: \(value)",
                error: StatesError.queryEvaluationError
            )
        }
        return items
    }

    /// `MaxConcurrency`; 0 stands for as many as possible.
    func concurrency(_ scope: inout Scope) throws(ExpressionFailure) -> Int {
        guard let limit = try maxConcurrency?.integer(in: &scope) else { return 0 }
        guard limit >= 0 else { throw ExpressionFailure("MaxConcurrency cannot be negative.") }
        return limit
    }
}

/// What only a Map in distributed mode has.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html>
struct DistributedMap: Sendable {
    var label: String?
    /// The children's type.
    var kind: StateMachine.Kind
    var reader: Reader?
    var batcher: Batcher?
    var toleratedFailureCount: NumberField?
    var toleratedFailurePercentage: NumberField?
    var writer: Writer?

    struct Reader: Sendable {
        var resource: ItemReader.Resource
        var arguments: PayloadTemplate?
        var format: ItemReader.Format
        var maxItems: NumberField?
        var itemsPointer: String?
        var isAthenaManifest = false
        var isFlattened = false
    }

    struct Batcher: Sendable {
        var maxItems: NumberField?
        var maxBytes: NumberField?
        var input: PayloadTemplate?
    }

    struct Writer: Sendable {
        /// Where the results go in S3; nil where they stay in the state's output.
        var arguments: PayloadTemplate?
        var transformation: ResultWriter.Transformation
        var isLines: Bool
    }
}

/// A number of a definition: given, found by a path, or computed.
enum NumberField: Sendable {
    case literal(Double)
    case path(JSONPath, field: String)
    case expression(JSONataExpression)

    func integer(in scope: inout Scope) throws(ExpressionFailure) -> Int {
        switch self {
        case .literal(let number): return Int(exactly: number.rounded(.towardZero)) ?? .max
        case .expression(let expression): return try expression.integer(in: &scope)
        case .path(let path, let field):
            let value = try path.referenced(by: field, scope)
            guard let number = value.intValue ?? value.stringValue.flatMap({ Int($0) }) else {
                throw Self.unexpected(value, path, field, "integer")
            }
            return number
        }
    }

    func number(in scope: inout Scope) throws(ExpressionFailure) -> Double {
        switch self {
        case .literal(let number): return number
        case .expression(let expression): return try expression.number(in: &scope)
        case .path(let path, let field):
            let value = try path.referenced(by: field, scope)
            guard let number = value.doubleValue ?? value.stringValue.flatMap({ Double($0) }) else {
                throw Self.unexpected(value, path, field, "float")
            }
            return number
        }
    }

    private static func unexpected(
        _ value: JSON,
        _ path: JSONPath,
        _ field: String,
        _ type: String
    ) -> ExpressionFailure {
        let text = value.stringValue ?? value.serialized()
        return ExpressionFailure(
            "The \(field) field refers to value \"\(text)\" which is not a valid \(type): \(path.text)"
        )
    }
}
