public import JSON

/// The functions that expressions can call.
public struct JSONataLibrary: Sendable {
    private var functions: [String: NativeFunction]

    /// The functions of the language.
    public static let standard = JSONataLibrary()

    private init() {
        let all =
            StringFunctions.all + PatternFunctions.all + EncodingFunctions.all + NumberFunctions.all
            + AggregationFunctions.all + ArrayFunctions.all + ObjectFunctions.all + HigherOrderFunctions.all
            + DateFunctions.all + ControlFunctions.all
        functions = Dictionary(all.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
    }

    subscript(name: String) -> NativeFunction? { functions[name] }

    /// This library without some functions, as AWS Step Functions has no `$eval`.
    public func removing(_ names: String...) -> JSONataLibrary {
        var library = self
        for name in names { library.functions[name] = nil }
        return library
    }

    /// This library with a function more, or with another in its place.
    /// - Parameters:
    ///   - name: Without `$`.
    ///   - signature: Which arguments it takes, as in the
    ///     [documentation](https://docs.jsonata.org/embedding-extending#function-signature-syntax): `<s-n?:s>`.
    ///   - arity: How many arguments the higher-order functions hand it.
    ///   - body: Given the arguments, nil where one is missing or a function; nil stands for nothing.
    /// - Throws: `JSONataError` where the signature is wrong.
    public func adding(
        _ name: String,
        signature: String,
        arity: Int = 1,
        _ body: @escaping @Sendable ([JSON?]) throws(JSONataError) -> JSON?
    ) throws(JSONataError) -> JSONataLibrary {
        var library = self
        library.functions[name] = NativeFunction(name: name, signature: try Signature(signature), arity: arity) {
            (arguments, _) throws(JSONataError) in
            let result = try body(arguments.values.map { $0.json(function: nil) })
            return result.map { Value($0) } ?? .undefined
        }
        return library
    }
}

extension NativeFunction {
    /// One of the language's own.
    static func make(
        _ name: String,
        _ signature: String,
        arity: Int = 1,
        _ body: @escaping Body
    ) -> NativeFunction {
        NativeFunction(name: name, signature: Signature(known: signature), arity: arity, body: body)
    }
}
