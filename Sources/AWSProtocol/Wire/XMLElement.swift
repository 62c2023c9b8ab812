/// An element of an XML document.
struct XMLElement: Sendable {
    /// Without its namespace prefix.
    var name: String
    /// By local name.
    var attributes: [(name: String, value: String)] = []
    var children: [XMLElement] = []
    /// The text directly in it, entities resolved.
    var text = ""

    func attribute(_ name: String) -> String? {
        let local = name.split(separator: ":").last.map(String.init) ?? name
        return attributes.first { $0.name == local }?.value
    }
}
