import JSON

/// Reads the input members that stand in the path, the query and the headers.
struct HTTPInput {
    let request: RoutedRequest
    let shapes: ShapeTable

    func members(_ shape: Shape) throws(AWSError) -> JSON.Object {
        var object = JSON.Object()
        guard shape.hasBoundMembers else { return object }
        for member in shape.members where member.location != .document {
            if let value = try value(member, shapes[member]) { object[member.name] = value }
        }
        return object
    }

    private func value(_ member: Member, _ shape: Shape) throws(AWSError) -> JSON? {
        switch member.location {
        case .uri:
            guard let label = request.labels.first(where: { $0.name == member.wireName }) else { return nil }
            return try scalar(label.value, member, shape)
        case .query: return try queryValue(member, shape)
        case .header: return try headerValue(member, shape)
        case .headers: return prefixedHeaders(member.locationName ?? "")
        case .document, .status: return nil
        }
    }

    private func queryValue(_ member: Member, _ shape: Shape) throws(AWSError) -> JSON? {
        guard shape.kind == .list, let element = shape.element else {
            guard let text = request.query[member.wireName] else { return nil }
            // `?versionId` and `?max-keys=` say nothing.
            if text.isEmpty, shape.kind != .string { return nil }
            return try scalar(text, member, shape)
        }
        let texts = request.query.values(member.wireName)
        guard !texts.isEmpty else { return nil }
        var values: [JSON] = []
        for text in texts { values.append(try scalar(text, member, shapes[element])) }
        return .array(values)
    }

    private func headerValue(_ member: Member, _ shape: Shape) throws(AWSError) -> JSON? {
        var texts = request.head.headers.values(member.wireName)
        if let frame = request.head.headers["x-amz-decoded-content-length"],
            HTTPHeaderList.isEqual(member.wireName, "content-length")
        {
            texts = [frame]
        }
        if HTTPHeaderList.isEqual(member.wireName, "content-encoding") { texts = texts.compactMap(Self.withoutFrame) }
        // A presigned URL may carry such headers in its query.
        if texts.isEmpty, let hoisted = request.query[ignoringCase: member.wireName] { texts = [hoisted] }
        guard let first = texts.first else { return nil }
        // HTTP has it that a date that cannot be read is as good as none.
        if shape.kind == .timestamp { return WireText.value(first, shape) }
        guard shape.kind == .list, let element = shape.element else { return try scalar(first, member, shape) }
        var values: [JSON] = []
        for part in texts.joined(separator: ",").split(separator: ",") {
            values.append(try scalar(String(part).trimmed, member, shapes[element]))
        }
        return .array(values)
    }

    /// A content encoding without `aws-chunked`, which is the transfer's and not the object's.
    private static func withoutFrame(_ encoding: String) -> String? {
        guard encoding.range(ofASCII: "aws-chunked") != nil else { return encoding }
        let kept = encoding.split(separator: ",").map { String($0).trimmed }.filter { $0 != "aws-chunked" }
        return kept.isEmpty ? nil : kept.joined(separator: ",")
    }

    /// `x-amz-meta-*` as a map, its keys in lower case as S3 keeps them.
    private func prefixedHeaders(_ prefix: String) -> JSON? {
        var object = JSON.Object()
        for field in request.head.headers.fields where field.name.utf8.count > prefix.utf8.count {
            guard HTTPHeaderList.isEqual(String(field.name.prefix(prefix.count)), prefix) else { continue }
            let key = field.name.dropFirst(prefix.count).lowercased()
            // Of several headers of one name, the values are joined.
            let value = object[key]?.stringValue.map { "\($0),\(field.value)" } ?? field.value
            object[key] = .string(value)
        }
        return object.isEmpty ? nil : .object(object)
    }

    private func scalar(_ text: String, _ member: Member, _ shape: Shape) throws(AWSError) -> JSON {
        guard let value = WireText.value(text, shape) else {
            throw .unreadable(member.wireName, text, shape, request.wireProtocol)
        }
        return value
    }
}
