public import JSON

extension PipelineStep {
    /// The part of the arguments that decides whether a former result can be taken; nil for types that cache nothing.
    func cacheKey(of arguments: JSON) -> JSON? {
        guard let members = type.cacheKeyMembers else { return nil }
        guard !members.isEmpty else { return arguments }
        let given = properties.isEmpty ? arguments : arguments["Arguments"] ?? [:]
        var key = JSON.Object()
        for member in members { key[member] = given[member] }
        return .object(key)
    }
}

/// A former success of a step.
public struct FormerResult: Sendable, Hashable {
    public var executionARN: String
    /// Milliseconds since 1970.
    public var ended: Int
    public var key: JSON
    public var output: JSON?
    public var metadata: JSON?

    public init(executionARN: String, ended: Int, key: JSON, output: JSON?, metadata: JSON?) {
        self.executionARN = executionARN
        self.ended = ended
        self.key = key
        self.output = output
        self.metadata = metadata
    }
}

/// Whether a former result is taken, and why.
public struct CacheDecision: Sendable, Hashable {
    public var result: FormerResult?
    /// For people: `Cache miss: HyperParameters.epochs was "5" in …/abc and is "10" now`.
    public var explanation: String

    /// - Parameter former: The step's former successes in this pipeline, the newest first.
    public init(
        key: JSON,
        configuration: CacheConfiguration,
        former: [FormerResult],
        now: Int
    ) {
        let isFresh = { (result: FormerResult) in
            configuration.expireAfter.map { now - result.ended <= $0.milliseconds } ?? true
        }
        if let hit = former.first(where: { $0.key == key && isFresh($0) }) {
            result = hit
            let age = (now - hit.ended) / 1000
            let limit = configuration.expireAfter.map { ", younger than \($0.text)" } ?? ""
            explanation =
                "Cache hit: the same arguments succeeded \(age) s ago\(limit) in \(Self.short(hit.executionARN))"
        } else if let old = former.first(where: { $0.key == key }) {
            let age = (now - old.ended) / 1000
            explanation =
                "Cache miss: the same arguments succeeded in \(Self.short(old.executionARN)), but \(age) s ago, which is "
                + "longer than \(configuration.expireAfter?.text ?? "")"
        } else if let last = former.first {
            let differences = JSON.differences(last.key, key)
            let shown = differences.prefix(5).joined(separator: "; ")
            let more = differences.count > 5 ? " and \(differences.count - 5) more" : ""
            explanation = "Cache miss: since \(Self.short(last.executionARN)) \(shown)\(more)"
        } else {
            explanation = "Cache miss: the step has not succeeded in this pipeline before"
        }
    }

    private static func short(_ arn: String) -> String {
        "execution " + (arn.split(separator: "/").last.map(String.init) ?? arn)
    }
}

extension JSON {
    /// Where two values differ: `HyperParameters.epochs was "5" and is "10"`.
    static func differences(_ old: JSON, _ new: JSON, at path: String = "") -> [String] {
        guard old != new else { return [] }
        switch (old, new) {
        case (.object(let former), .object(let latter)):
            let names = former.keys + latter.keys.filter { former[$0] == nil }
            return names.flatMap { name -> [String] in
                let place = path.isEmpty ? name : "\(path).\(name)"
                switch (former[name], latter[name]) {
                case (let old?, let new?): return differences(old, new, at: place)
                case (let old?, nil): return ["\(place) was \(old.excerpt) and is gone"]
                case (nil, let new?): return ["\(place) is new: \(new.excerpt)"]
                case (nil, nil): return []
                }
            }
        case (.array(let former), .array(let latter)) where former.count == latter.count:
            return former.indices.flatMap { differences(former[$0], latter[$0], at: "\(path)[\($0)]") }
        default:
            return ["\(path) was \(old.excerpt) and is \(new.excerpt)"]
        }
    }

    private var excerpt: String {
        let text = serialized()
        return text.count > 80 ? text.prefix(77) + "…" : text
    }
}
