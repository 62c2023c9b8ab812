import JSON

/// A form of the query protocol (`Tags.member.1.Key=a`) as a tree of name parts.
struct QueryForm {
    private struct Node {
        var value: String?
        var children: [(name: Substring, node: Int)] = []
    }

    private var nodes = [Node()]
    let items: QueryItems

    /// - Throws: `ValidationError` where names nest deeper than any AWS input does.
    init(_ items: QueryItems) throws(AWSError) {
        self.items = items
        for item in items.items {
            let parts = item.name.split(separator: ".")
            guard parts.count <= 32 else {
                throw AWSError("MalformedQueryString", "The parameter name \(item.name.prefix(64))… nests too deeply.")
            }
            var place = 0
            for part in parts { place = child(part, of: place) }
            if place != 0 { nodes[place].value = item.value }
        }
    }

    private mutating func child(_ name: Substring, of place: Int) -> Int {
        if let found = find(name, place) { return found }
        nodes.append(Node())
        nodes[place].children.append((name, nodes.count - 1))
        return nodes.count - 1
    }

    private func find(_ name: Substring, _ place: Int) -> Int? {
        nodes[place].children.first { $0.name == name }?.node
    }

    /// The input of an operation.
    func input(_ shape: Shape, _ shapes: ShapeTable) throws(AWSError) -> JSON.Object {
        try structure(0, shape, shapes, path: "")
    }

    private func structure(
        _ place: Int,
        _ shape: Shape,
        _ shapes: ShapeTable,
        path: String
    ) throws(AWSError) -> JSON.Object {
        var object = JSON.Object()
        for member in shape.members {
            guard let child = find(Substring(member.wireName), place) else { continue }
            object[member.name] = try value(child, shapes[member], shapes, path: path + member.wireName)
        }
        return object
    }

    private func value(_ place: Int, _ shape: Shape, _ shapes: ShapeTable, path: String) throws(AWSError) -> JSON {
        switch shape.kind {
        case .structure: return .object(try structure(place, shape, shapes, path: path + "."))
        case .list:
            let name = shape.element?.locationName ?? "member"
            let list = shape.isFlattened ? place : find(Substring(name), place)
            guard let list, let element = shape.element else { return [] }
            var values: [JSON] = []
            for child in numbered(list) {
                values.append(try value(child, shapes[element], shapes, path: "\(path).\(name).\(values.count + 1)"))
            }
            return .array(values)
        case .map:
            var object = JSON.Object()
            let map = shape.isFlattened ? place : find("entry", place)
            guard let map, let key = shape.key, let member = shape.value else { return [:] }
            for child in numbered(map) {
                guard let name = find(Substring(key.locationName ?? "key"), child).flatMap({ nodes[$0].value }),
                    let content = find(Substring(member.locationName ?? "value"), child)
                else { continue }
                object[name] = try value(content, shapes[member], shapes, path: "\(path).entry")
            }
            return .object(object)
        default:
            let text = nodes[place].value ?? ""
            guard let value = WireText.value(text, shape) else { throw .unreadable(path, text, shape, .query) }
            return value
        }
    }

    /// The children named 1, 2, 3, … in the order of their numbers.
    private func numbered(_ place: Int) -> [Int] {
        nodes[place].children
            .compactMap { child in Int(child.name).map { (number: $0, node: child.node) } }
            .sorted { $0.number < $1.number }
            .map(\.node)
    }
}
