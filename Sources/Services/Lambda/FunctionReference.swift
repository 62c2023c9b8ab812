import AWSProtocol

/// A function, or one of its versions or aliases, as callers name it.
struct FunctionReference: Hashable, Sendable {
    var account: String
    var region: String
    var name: String
    /// `$LATEST`, a version number or an alias; nil where none is given, which means `$LATEST`.
    var qualifier: String?

    /// `arn:aws:lambda:…:function:name`, without a qualifier.
    var functionARN: String { "arn:aws:lambda:\(region):\(account):function:\(name)" }

    /// The ARN with the qualifier, where there is one.
    var arn: String { qualifier.map { "\(functionARN):\($0)" } ?? functionARN }

    init(account: String, region: String, name: String, qualifier: String? = nil) {
        self.account = account
        self.region = region
        self.name = name
        self.qualifier = qualifier
    }

    /// Reads a name (`my-function`, `my-function:v1`), a partial ARN (`123456789012:function:my-function`) or an ARN.
    ///
    /// - Parameter qualifier: The request's own, which must not contradict the name's.
    /// - Throws: `AWSError` in AWS's words.
    init(_ text: String, qualifier: String? = nil, caller: Caller) throws(AWSError) {
        var parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        self.init(account: caller.account, region: caller.region, name: "")
        if parts.first == "arn", parts.count > 6, parts[2] == "lambda" { parts.removeFirst(3) }
        if parts.count > 1, parts[0].wholeMatch(of: /[a-z]{2}(-[a-z]+)+-\d/) != nil { region = parts.removeFirst() }
        if parts.count > 1, parts[0].wholeMatch(of: /\d{12}/) != nil { account = parts.removeFirst() }
        if parts.count > 1, parts[0] == "function" { parts.removeFirst() }
        guard parts.count <= 2, parts[0].wholeMatch(of: /[a-zA-Z0-9-_.]+/) != nil else { throw .badFunctionName(text) }
        name = parts[0]
        self.qualifier = parts.count == 2 ? parts[1] : nil
        if let qualifier, !qualifier.isEmpty {
            guard self.qualifier == nil || self.qualifier == qualifier else { throw .qualifierMismatch }
            self.qualifier = qualifier
        }
        guard name.utf8.count <= 64 else { throw .functionNameTooLong(name) }
        guard region == caller.region else { throw .unreachableRegion(region, from: caller.region) }
        guard account == caller.account else { throw .foreignFunction(self, caller) }
    }

    func qualified(_ qualifier: String?) -> FunctionReference {
        var reference = self
        reference.qualifier = qualifier
        return reference
    }
}
