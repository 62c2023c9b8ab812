/// How an operation of a REST protocol is recognised.
struct RESTBinding: Sendable {
    var operation: String
    /// Operations that are not served are recognised too, so that the answer can name them.
    var isServed: Bool
    var method: String
    /// `/{Bucket}/{Key+}?uploads`.
    var uri: String
    /// Query parameters that the request must have: what tells UploadPart from PutObject.
    var requiredQuery: [String]
    /// Headers that the request must have: what tells CopyObject from PutObject.
    var requiredHeaders: [String]

    /// The template's path, `/` between its segments.
    var segments: [Substring] { uri.prefix { $0 != "?" }.split(separator: "/") }

    /// The template's own query: `uploads`, `list-type=2`. The client's `x-id` is only for people who read logs.
    var literalQuery: [QueryItems.Item] {
        QueryItems(parsing: uri.drop { $0 != "?" }.dropFirst()).items.filter { $0.name != "x-id" }
    }
}

/// A service's URI templates as a tree of segments.
struct RESTRoutes: Sendable {
    struct Match {
        var binding: RESTBinding
        /// The labels' values, decoded, by name.
        var labels: [(name: String, value: String)]
    }

    /// Where a request stands with a service's templates.
    enum Outcome {
        case match(Match)
        /// The path is there, but not with this method.
        case otherMethod
        case none
    }

    private var root = Node()

    init(_ bindings: [RESTBinding]) {
        for binding in bindings { root.insert(Candidate(binding), binding.segments[...]) }
    }

    func match(_ head: HTTPRequestHead, path: String, query: QueryItems) -> Outcome {
        var values: [Substring] = []
        guard let candidates = root.find(Substring(path.utf8.dropFirst()), &values) else { return .none }
        let fitting = candidates.filter { $0.binding.method == head.method }
        let strict = fitting.first { $0.literals(areIn: query) && $0.requirements(areIn: query, head.headers) }
        guard let found = strict ?? fitting.first(where: { $0.literals(areIn: query) }) else {
            return candidates.isEmpty ? .none : .otherMethod
        }
        let labels = zip(found.labels, values).map { (name: $0, value: PercentEncoding.decode($1)) }
        return .match(Match(binding: found.binding, labels: labels))
    }
}

extension RESTRoutes {
    struct Candidate: Sendable {
        let binding: RESTBinding
        let literals: [QueryItems.Item]
        let labels: [String]

        init(_ binding: RESTBinding) {
            self.binding = binding
            literals = binding.literalQuery
            labels = binding.segments.filter { $0.hasPrefix("{") }.map {
                String($0.dropFirst().prefix { $0 != "}" && $0 != "+" })
            }
        }

        /// The more a candidate asks for, the earlier it is tried; of equals, the one that is served.
        var weight: Int {
            8 * literals.count + 2 * (binding.requiredQuery.count + binding.requiredHeaders.count)
                + (binding.isServed ? 1 : 0)
        }

        func literals(areIn query: QueryItems) -> Bool {
            literals.allSatisfy { literal in
                query.items.contains { $0.name == literal.name && (!literal.hasValue || $0.value == literal.value) }
            }
        }

        func requirements(areIn query: QueryItems, _ headers: HTTPHeaderList) -> Bool {
            binding.requiredQuery.allSatisfy(query.contains) && binding.requiredHeaders.allSatisfy(headers.contains)
        }
    }

    private struct Node: Sendable {
        var literals: [Substring: Node] = [:]
        /// The child under `{Label}`: at most one, in an array since a struct cannot hold itself.
        var label: [Node] = []
        /// What ends here with `{Key+}`.
        var greedy: [Candidate] = []
        /// What ends here.
        var candidates: [Candidate] = []

        mutating func insert(_ candidate: Candidate, _ segments: ArraySlice<Substring>) {
            guard let segment = segments.first else {
                candidates.append(candidate)
                candidates.sort { $0.weight > $1.weight }
                return
            }
            if segment.hasSuffix("+}") {
                greedy.append(candidate)
                greedy.sort { $0.weight > $1.weight }
            } else if segment.hasPrefix("{") {
                if label.isEmpty { label.append(Node()) }
                label[0].insert(candidate, segments.dropFirst())
            } else {
                literals[segment, default: Node()].insert(candidate, segments.dropFirst())
            }
        }

        /// The candidates at `path`, which has no leading slash; a trailing slash does not count.
        func find(_ path: Substring, _ values: inout [Substring]) -> [Candidate]? {
            guard !path.isEmpty else { return candidates }
            let slash = path.utf8.firstIndex(of: UInt8(ascii: "/"))
            let segment = path[..<(slash ?? path.endIndex)]
            let rest = slash.map { path[path.utf8.index(after: $0)...] } ?? ""
            if let child = literals[segment], let found = child.find(rest, &values), !found.isEmpty { return found }
            let count = values.count
            if let child = label.first, !segment.isEmpty {
                values.append(segment)
                if let found = child.find(rest, &values), !found.isEmpty { return found }
                values.removeSubrange(count...)
            }
            guard !greedy.isEmpty else { return nil }
            values.append(path)
            return greedy
        }
    }
}
