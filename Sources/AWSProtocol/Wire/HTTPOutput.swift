import JSON

/// Writes an answer of the REST protocols: members into status and headers, the rest or the payload into the body.
struct HTTPOutput {
    let operation: OperationModel
    let service: ServiceModel
    let wireProtocol: WireProtocol

    private var shapes: ShapeTable { operation.shapes }
    private var text: WireText { WireText(service.signingName) }

    func write(_ response: AWSResponse, isHead: Bool, to answer: inout HTTPAnswer) {
        guard let output = operation.output else { return }
        let shape = shapes[output]
        var document = response.output
        if shape.hasBoundMembers { writeBound(response, shape, &document, isHead: isHead, to: &answer) }
        guard !isHead, answer.status != 304, answer.status != 204 else { return }
        if let payload = shape.payload {
            write(payload: payload, document, response.body, to: &answer)
        } else if shape.members.contains(where: { $0.location == .document }) {
            write(document: document, shape, to: &answer)
        } else if let body = response.body {
            answer.body = body
        }
    }

    /// Status and headers; what has been written is taken out of the document.
    private func writeBound(
        _ response: AWSResponse,
        _ shape: Shape,
        _ document: inout JSON.Object,
        isHead: Bool,
        to answer: inout HTTPAnswer
    ) {
        for member in shape.members where member.location != .document {
            guard let value = document.removeValue(forKey: member.name), !value.isNull else { continue }
            switch member.location {
            case .status: if response.status == nil, let status = value.intValue { answer.status = status }
            case .headers:
                for (key, value) in value.objectValue ?? [:] {
                    if let value = value.stringValue { answer.headers[(member.locationName ?? "") + key] = value }
                }
            case .header: writeHeader(member, value, isHead: isHead, to: &answer)
            case .document, .uri, .query: break
            }
        }
    }

    private func writeHeader(_ member: Member, _ value: JSON, isHead: Bool, to answer: inout HTTPAnswer) {
        // The server knows the length of what it sends; only for HEAD there is nothing to measure.
        if !isHead, HTTPHeaderList.isEqual(member.wireName, "content-length") { return }
        let shape = shapes[member]
        let format = member.timestampFormat ?? shape.timestampFormat ?? .rfc822
        if case .array(let values) = value, let element = shape.element {
            let texts = values.compactMap { text.text($0, shapes[element], format) }
            answer.headers[member.wireName] = texts.joined(separator: ",")
        } else if let text = text.text(value, shape, format) {
            answer.headers[member.wireName] = text
        }
    }

    private func write(payload: Member, _ document: JSON.Object, _ body: Body?, to answer: inout HTTPAnswer) {
        let shape = shapes[payload]
        switch shape.kind {
        case .blob:
            answer.body = body ?? .empty
            if wireProtocol == .restJSON, !answer.headers.contains("content-type") {
                answer.headers.append("Content-Type", "application/json")
            }
        case .string: answer.document(Array((document[payload.name]?.stringValue ?? "").utf8), "application/json")
        default:
            // A stream of events: the service writes them, as they come.
            if let body {
                answer.body = body
                return
            }
            guard let object = document[payload.name]?.objectValue else { return }
            if wireProtocol == .restJSON {
                answer.document(JSON.object(object).serializedBytes(), wireProtocol.contentType)
            } else {
                var writer = XMLTreeWriter(shapes: shapes, text: text, xml: XMLWriter())
                writer.root(payload.locationName ?? shape.name, object, shape, namespace: operation.namespace)
                answer.document(writer.xml.bytes, wireProtocol.contentType)
            }
        }
    }

    private func write(document: JSON.Object, _ shape: Shape, to answer: inout HTTPAnswer) {
        guard wireProtocol == .restXML else {
            return answer.document(JSON.object(document).serializedBytes(), wireProtocol.contentType)
        }
        var writer = XMLTreeWriter(shapes: shapes, text: text, xml: XMLWriter())
        // GetBucketLocation's only member is the root element itself.
        if shape.members.count == 1, shape.members[0].name == operation.outputRoot {
            writer.xml.open(operation.outputRoot, namespace: operation.namespace)
            writer.xml.text(document[operation.outputRoot]?.stringValue ?? "")
            writer.xml.close(operation.outputRoot)
        } else {
            writer.root(operation.outputRoot, document, shape, namespace: operation.namespace)
        }
        answer.document(writer.xml.bytes, wireProtocol.contentType)
    }
}
