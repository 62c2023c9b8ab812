/// A walk through lineage: which things lead to others, and where they lead.
struct LineageGraph: Sendable {
    enum Direction: String, Sendable {
        case both = "Both"
        case ascendants = "Ascendants"
        case descendants = "Descendants"
    }

    private var outgoing: [String: [Association]] = [:]
    private var incoming: [String: [Association]] = [:]

    init(_ associations: [Association]) {
        for association in associations {
            outgoing[association.source, default: []].append(association)
            incoming[association.destination, default: []].append(association)
        }
    }

    /// What is reached from the starts in at most `depth` steps, nearest first, with the edges that were walked.
    /// The starts themselves are not among the vertices. Upwards and downwards are walked apart: what another descendant
    /// of an ascendant is does not belong to the lineage.
    func walk(from starts: [String], _ direction: Direction, depth: Int) -> (vertices: [String], edges: [Association]) {
        var vertices: [String] = []
        var edges: [Association] = []
        var known = Set(starts)
        var walked: Set<Association> = []
        for isDownward in [false, true] {
            guard direction == .both || (direction == .descendants) == isDownward else { continue }
            var reached = Set(starts)
            var front = starts
            for _ in 0..<max(0, depth) where !front.isEmpty {
                var next: [String] = []
                for edge in front.flatMap({ (isDownward ? outgoing : incoming)[$0] ?? [] }) {
                    if walked.insert(edge).inserted { edges.append(edge) }
                    let end = isDownward ? edge.destination : edge.source
                    guard reached.insert(end).inserted else { continue }
                    next.append(end)
                    if known.insert(end).inserted { vertices.append(end) }
                }
                front = next
            }
        }
        return (vertices, edges)
    }
}
