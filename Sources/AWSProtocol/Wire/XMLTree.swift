import JSON

/// Reads a tree out of an XML document by its shape.
struct XMLTreeReader {
    let shapes: ShapeTable

    /// The members that stand in the document.
    func structure(_ element: XMLElement, _ shape: Shape) throws(AWSError) -> JSON.Object {
        var object = JSON.Object()
        for member in shape.members where member.location == .document {
            if let value = try value(of: member, in: element) { object[member.name] = value }
        }
        return object
    }

    private func value(of member: Member, in parent: XMLElement) throws(AWSError) -> JSON? {
        let shape = shapes[member]
        if member.isAttribute { return parent.attribute(member.wireName).map(JSON.string) }
        let isFlattened = shape.isFlattened || member.isFlattened
        let name = isFlattened ? shape.element?.locationName ?? member.wireName : member.wireName
        let found = parent.children.filter { $0.name == name }
        guard let first = found.first else { return nil }
        switch shape.kind {
        case .list where isFlattened: return try list(found, shape)
        case .map where isFlattened: return try map(found, shape)
        default: return try value(first, shape)
        }
    }

    private func value(_ element: XMLElement, _ shape: Shape) throws(AWSError) -> JSON {
        switch shape.kind {
        case .structure: return .object(try structure(element, shape))
        case .list:
            let name = shape.element?.locationName ?? "member"
            return try list(element.children.filter { $0.name == name }, shape)
        case .map: return try map(element.children.filter { $0.name == "entry" }, shape)
        case .string, .blob: return .string(element.text)
        default:
            let text = element.text.trimmed
            guard let value = WireText.value(text, shape) else { throw .malformedXML }
            return value
        }
    }

    private func list(_ elements: [XMLElement], _ shape: Shape) throws(AWSError) -> JSON {
        guard let element = shape.element else { return [] }
        let shape = shapes[element]
        var values: [JSON] = []
        values.reserveCapacity(elements.count)
        for element in elements { values.append(try value(element, shape)) }
        return .array(values)
    }

    private func map(_ entries: [XMLElement], _ shape: Shape) throws(AWSError) -> JSON {
        guard let key = shape.key, let value = shape.value else { return [:] }
        var object = JSON.Object()
        for entry in entries {
            guard let name = entry.children.first(where: { $0.name == key.locationName ?? "key" }),
                let content = entry.children.first(where: { $0.name == value.locationName ?? "value" })
            else { throw .malformedXML }
            object[name.text] = try self.value(content, shapes[value])
        }
        return .object(object)
    }
}

/// Writes a tree as XML by its shape.
struct XMLTreeWriter {
    let shapes: ShapeTable
    let text: WireText
    var xml: XMLWriter

    /// The members that stand in the document, in the model's order, without an element around them.
    mutating func members(_ object: JSON.Object, _ shape: Shape) {
        for member in shape.members where member.location == .document && !member.isAttribute {
            guard let value = object[member.name], !value.isNull else { continue }
            write(value, member)
        }
    }

    /// One structure as an element: the payload of an answer.
    mutating func root(_ name: String, _ object: JSON.Object, _ shape: Shape, namespace: String?) {
        xml.open(name, namespace: namespace)
        members(object, shape)
        xml.close(name)
    }

    private mutating func write(_ value: JSON, _ member: Member) {
        let shape = shapes[member]
        guard shape.isFlattened || member.isFlattened else { return write(value, shape, member.wireName, member) }
        if shape.kind == .map {
            entries(value, shape, entryName: member.wireName)
        } else if let element = shape.element {
            let name = element.locationName ?? member.wireName
            for value in value.arrayValue ?? [] { write(value, shapes[element], name, element) }
        }
    }

    private mutating func write(_ value: JSON, _ shape: Shape, _ name: String, _ member: Member) {
        switch shape.kind {
        case .structure:
            guard case .object(let object) = value else { return }
            xml.open(name, attributes: attributes(object, shape))
            members(object, shape)
            xml.close(name)
        case .list:
            guard let element = shape.element else { return }
            xml.open(name)
            for value in value.arrayValue ?? [] {
                write(value, shapes[element], element.locationName ?? "member", element)
            }
            xml.close(name)
        case .map:
            xml.open(name)
            entries(value, shape, entryName: "entry")
            xml.close(name)
        default:
            let format = member.timestampFormat ?? shape.timestampFormat ?? .iso8601
            if let content = text.text(value, shape, format) { xml.element(name, content) }
        }
    }

    private mutating func entries(_ value: JSON, _ shape: Shape, entryName: String) {
        guard let keyMember = shape.key, let valueMember = shape.value else { return }
        for (key, value) in value.objectValue ?? [:] {
            xml.open(entryName)
            xml.element(keyMember.locationName ?? "key", key)
            write(value, shapes[valueMember], valueMember.locationName ?? "value", valueMember)
            xml.close(entryName)
        }
    }

    /// The attributes of an element: its namespace (`xmlns:xsi`) and the members that are attributes.
    private func attributes(_ object: JSON.Object, _ shape: Shape) -> [(name: String, value: String)] {
        var attributes: [(name: String, value: String)] = []
        if let namespace = shape.namespace {
            attributes.append((namespace.prefix.map { "xmlns:\($0)" } ?? "xmlns", namespace.uri))
        }
        for member in shape.members where member.isAttribute {
            if let value = object[member.name]?.stringValue { attributes.append((member.wireName, value)) }
        }
        return attributes
    }
}

extension AWSError {
    static let malformedXML = AWSError(
        "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our published schema"
    )
}

extension String {
    /// Without white space at both ends.
    var trimmed: String {
        let isSpace = { (byte: UInt8) in byte == 0x20 || (0x09...0x0D).contains(byte) }
        guard let first = utf8.first, let last = utf8.last, isSpace(first) || isSpace(last) else { return self }
        let bytes = utf8.drop(while: isSpace)
        let end = bytes.lastIndex { !isSpace($0) }.map { bytes.index(after: $0) } ?? bytes.startIndex
        return String(Substring(bytes[..<end]))
    }
}
